package org.ballast.core.drift;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.ballast.core.goldens.MathGoldens.assertClose;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.ballast.core.goldens.MathGoldens;
import org.ballast.core.goldens.MathGoldens.Tensors;
import org.ballast.core.preference.LearningRate;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

class HeadLayerTest {
    private static final JsonNode GOLDENS = MathGoldens.json("tsp_head.json");
    private static final Tensors TENSORS = MathGoldens.tensors("tsp_head.safetensors");
    private static final Set<String> BUILT = Set.of("cross_entropy", "logit_adjusted");
    /** Rows of bare.features that are zero or shorter than 1e-12. */
    private static final Set<Integer> WITHOUT_DIRECTION = Set.of(3, 5);

    private static final LearningRate RATE = LearningRate.of(LearningRate.Schedule.CONSTANT, 1e-2, 0, 10);

    static Stream<JsonNode> cases() {
        return MathGoldens.stream(GOLDENS.get("cases"))
                .filter(c -> BUILT.contains(c.get("loss_kind").textValue()));
    }

    static Stream<HeadSettings> heads() {
        return Stream.of(
                HeadSettings.tsp("tsp"),
                HeadSettings.tspScaled("tsp-scaled", 8),
                HeadSettings.tsp("tsp").adjusted("tsp-adjusted", 1),
                HeadSettings.cosine("cosine", 16),
                HeadSettings.linear("linear"),
                HeadSettings.linear("linear").adjusted("linear-adjusted", 0.5));
    }

    private static HeadLayer layer(JsonNode golden) {
        HeadLayer layer =
                switch (golden.get("head").textValue()) {
                    case "tsp" -> new TspHead(
                            16,
                            7,
                            golden.get("kappa").doubleValue(),
                            golden.get("s").doubleValue(),
                            1);
                    case "cosine" -> new CosineHead(16, 7, golden.get("scale").doubleValue());
                    case "linear" -> new LinearHead(16, 7);
                    default -> throw new AssertionError(golden.get("head"));
                };
        if (golden.has("tau")) {
            layer.adjustLogits(golden.get("tau").doubleValue(), MathGoldens.ints(GOLDENS.get("counts")));
        }
        return layer;
    }

    /** The golden's network with its weights, in double precision. */
    private static MultiLayerNetwork network(JsonNode golden) {
        HeadLayer layer = layer(golden);
        boolean neck = golden.get("neck").booleanValue();
        MultiLayerNetwork network;
        if (neck) {
            network = AdapterNetwork.create(HeadSettings.linear("x"), 16, new int[7], RATE, 0, 0, DataType.DOUBLE);
            MultiLayerConfiguration configuration =
                    network.getLayerWiseConfigurations().clone();
            configuration.getConf(2).setLayer(withUpdater(layer));
            network = new MultiLayerNetwork(configuration);
        } else {
            network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                    .dataType(DataType.DOUBLE)
                    .updater(new Sgd(1))
                    .list()
                    .layer(layer)
                    .build());
        }
        network.init();
        if (neck) {
            for (int i = 1; i <= 2; i++) {
                network.getLayer(i - 1)
                        .getParam("W")
                        .assign(Nd4j.createFromArray(TENSORS.matrix("neck.fc" + i + ".weight"))
                                .transpose());
                network.getLayer(i - 1)
                        .getParam("b")
                        .assign(Nd4j.createFromArray(TENSORS.values("neck.fc" + i + ".bias"))
                                .reshape(1, 16));
            }
        }
        SoftmaxHead head = AdapterNetwork.head(network);
        head.getParam("W").assign(Nd4j.createFromArray(TENSORS.matrix("weights")));
        if (layer instanceof LinearHead) {
            head.getParam("b")
                    .assign(Nd4j.createFromArray(TENSORS.values("linear.bias")).reshape(1, 7));
        }
        return network;
    }

    private static HeadLayer withUpdater(HeadLayer layer) {
        layer.setIUpdater(new Sgd(1));
        return layer;
    }

    private static INDArray labels() {
        double[] labels = TENSORS.values("labels");
        INDArray oneHot = Nd4j.zeros(DataType.DOUBLE, labels.length, 7);
        for (int i = 0; i < labels.length; i++) {
            oneHot.putScalar(i, (long) labels[i], 1);
        }
        return oneHot;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void agreesWithTheGoldens(JsonNode golden) {
        String name = golden.get("name").textValue();
        boolean neck = golden.get("neck").booleanValue();
        MultiLayerNetwork network = network(golden);
        INDArray features = Nd4j.createFromArray(TENSORS.matrix(neck ? "features" : "bare.features"));
        INDArray hidden = neck ? network.feedForwardToLayer(1, features).get(2) : features;
        SoftmaxHead head = AdapterNetwork.head(network);
        assertMatrix(name + "/hidden", hidden);
        assertMatrix(name + "/logits", head.logits(hidden));
        switch (golden.get("head").textValue()) {
            case "tsp" -> {
                // the file has no similarity for the logit-adjusted case
                if (TENSORS.header().has(name + "/similarity")) {
                    assertMatrix(name + "/similarity", head.similarity(hidden));
                }
            }
            case "cosine" -> assertMatrix(name + "/cosine", head.similarity(hidden));
            default -> assertThat(head.similarity(hidden)).isEqualTo(head.logits(hidden));
        }

        assertClose(name, network.score(new DataSet(features, labels()), false), golden.get("loss"));
        Pair<Gradient, INDArray> back = network.calculateGradients(features, labels(), null, null);
        double batch = features.size(0);
        Set<Integer> edges = neck ? Set.of() : WITHOUT_DIRECTION;
        String prefix = neck ? "2_" : "0_";
        for (JsonNode input : golden.get("gradients")) {
            String of = input.textValue();
            INDArray actual =
                    switch (of) {
                        case "features" -> back.getSecond();
                        case "weights" -> back.getFirst().getGradientFor(prefix + "W");
                        case "s" -> back.getFirst().getGradientFor(prefix + "s");
                        case "scale" -> back.getFirst().getGradientFor(prefix + "scale");
                        case "bias" -> back.getFirst().getGradientFor(prefix + "b");
                        case "neck.fc1.weight" -> back.getFirst()
                                .getGradientFor("0_W")
                                .transpose();
                        case "neck.fc1.bias" -> back.getFirst().getGradientFor("0_b");
                        case "neck.fc2.weight" -> back.getFirst()
                                .getGradientFor("1_W")
                                .transpose();
                        case "neck.fc2.bias" -> back.getFirst().getGradientFor("1_b");
                        default -> throw new AssertionError(of);
                    };
            double[] expected = TENSORS.values(name + "/grad/" + of);
            double[] values = rowMajor(actual.div(batch));
            for (int i = 0; i < expected.length; i++) {
                boolean edge = edges.contains(i / 16) && of.equals("features");
                // a row without direction has gradient 0 here and 1e10 in torch
                assertClose(name + "/grad/" + of + "[" + i + "]", values[i], edge ? 0 : expected[i]);
            }
        }
    }

    private static double[] rowMajor(INDArray array) {
        return array.dup('c').reshape(new long[] {array.length()}).toDoubleVector();
    }

    private static void assertMatrix(String name, INDArray actual) {
        assertClose(name, rowMajor(actual), TENSORS.values(name));
    }

    @Test
    void readsEveryCaseOfTheBuiltHeads() {
        assertThat(cases()).hasSize(13);
    }

    private static DataSet batch(int rows, int width, int classes, DataType type) {
        Random random = new Random(7);
        INDArray features = Nd4j.createFromArray(
                        random.doubles((long) rows * width, -1, 1).toArray())
                .reshape(rows, width);
        INDArray labels = Nd4j.zeros(DataType.DOUBLE, rows, classes);
        for (int i = 0; i < rows; i++) {
            labels.putScalar(i, random.nextInt(classes), 1);
        }
        return new DataSet(features.castTo(type), labels.castTo(type));
    }

    @ParameterizedTest
    @MethodSource("heads")
    void gradientMatchesFiniteDifferences(HeadSettings settings) {
        int[] counts = {120, 30, 4};
        MultiLayerNetwork network = AdapterNetwork.create(settings, 5, counts, RATE, 0, 11, DataType.DOUBLE);
        DataSet data = batch(6, 5, 3, DataType.DOUBLE);
        network.setInput(data.getFeatures());
        network.setLabels(data.getLabels());
        network.computeGradientAndScore();
        double[] gradient = network.gradient().gradient().div(6).dup().toDoubleVector();
        INDArray parameters = network.params();
        double h = 1e-6;
        for (int i = 0; i < gradient.length; i++) {
            double at = parameters.getDouble(i);
            parameters.putScalar(i, at + h);
            double above = network.score(data, false);
            parameters.putScalar(i, at - h);
            double below = network.score(data, false);
            parameters.putScalar(i, at);
            assertThat(gradient[i]).as("parameter %s", i).isCloseTo((above - below) / (2 * h), within(1e-7));
        }
    }

    @ParameterizedTest
    @MethodSource("heads")
    void survivesJsonJavaSerialisationAndModelFiles(HeadSettings settings) throws Exception {
        int[] counts = {120, 30, 4};
        MultiLayerNetwork network = AdapterNetwork.create(settings, 5, counts, RATE, 0.05, 11, DataType.FLOAT);
        DataSet data = batch(6, 5, 3, DataType.FLOAT);
        network.fit(data);
        INDArray expected = network.output(data.getFeatures());

        MultiLayerConfiguration configuration = network.getLayerWiseConfigurations();
        MultiLayerConfiguration parsed = MultiLayerConfiguration.fromJson(configuration.toJson());
        assertThat(parsed.toJson()).isEqualTo(configuration.toJson());
        assertThat(parsed.getConf(2).getLayer())
                .isInstanceOf(configuration.getConf(2).getLayer().getClass());

        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(configuration);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            MultiLayerNetwork copy = new MultiLayerNetwork((MultiLayerConfiguration) in.readObject());
            copy.init(network.params().dup(), false);
            assertThat(copy.output(data.getFeatures())).isEqualTo(expected);
            assertThat(copy.score(data, false)).isEqualTo(network.score(data, false));
        }

        ByteArrayOutputStream file = new ByteArrayOutputStream();
        ModelSerializer.writeModel(network, file, true);
        MultiLayerNetwork restored =
                ModelSerializer.restoreMultiLayerNetwork(new ByteArrayInputStream(file.toByteArray()), true);
        assertThat(restored.output(data.getFeatures())).isEqualTo(expected);
        restored.fit(data);
        network.fit(data);
        assertThat(restored.params()).isEqualTo(network.params());
    }

    @Test
    void startsFromTheSeedAlone() {
        int[] counts = {3, 3};
        INDArray first = AdapterNetwork.create(HeadSettings.tsp("a"), 4, counts, RATE, 0, 1, DataType.FLOAT)
                .params();
        Nd4j.getRandom().setSeed(99);
        INDArray again = AdapterNetwork.create(HeadSettings.tsp("b"), 4, counts, RATE, 0, 1, DataType.FLOAT)
                .params();
        INDArray other = AdapterNetwork.create(HeadSettings.tsp("a"), 4, counts, RATE, 0, 2, DataType.FLOAT)
                .params();
        assertThat(again).isEqualTo(first);
        assertThat(other).isNotEqualTo(first);
        // the same neck under another head
        INDArray linear = AdapterNetwork.create(HeadSettings.linear("c"), 4, counts, RATE, 0, 1, DataType.FLOAT)
                .params();
        List<Double> neck =
                Stream.iterate(0, i -> i < 40, i -> i + 1).map(first::getDouble).toList();
        assertThat(Stream.iterate(0, i -> i < 40, i -> i + 1).map(linear::getDouble))
                .isEqualTo(neck);
    }

    @Test
    void updatesScaleAtItsOwnRate() {
        DataSet data = batch(6, 5, 3, DataType.DOUBLE);
        double[] moved = new double[3];
        double[] multipliers = {0, 1, 20};
        for (int i = 0; i < 3; i++) {
            HeadSettings head = new HeadSettings("tsp", HeadSettings.Kind.TSP, 16, 0, multipliers[i], 1, 0);
            MultiLayerNetwork network =
                    AdapterNetwork.create(head, 5, new int[] {1, 1, 1}, RATE, 0.5, 3, DataType.DOUBLE);
            network.fit(data);
            moved[i] = Math.abs(AdapterNetwork.scale(network));
        }
        // Adam's first step is the learning rate; weight decay leaves s alone
        assertThat(moved[0]).isZero();
        assertThat(moved[1]).isCloseTo(1e-2, within(1e-5));
        assertThat(moved[2]).isCloseTo(2e-1, within(1e-4));
    }

    @Test
    void standsHugeLogitsAndOneClass() {
        MultiLayerNetwork network = AdapterNetwork.create(
                HeadSettings.tspScaled("huge", 1e5), 5, new int[] {1, 1, 1}, RATE, 0, 3, DataType.FLOAT);
        DataSet data = batch(6, 5, 3, DataType.FLOAT);
        network.fit(data);
        assertThat(network.score()).isFinite();
        assertThat(network.params().sumNumber().doubleValue()).isFinite();

        MultiLayerNetwork single =
                AdapterNetwork.create(HeadSettings.tsp("one"), 5, new int[] {4}, RATE, 0, 3, DataType.FLOAT);
        assertThat(single.score(batch(6, 5, 1, DataType.FLOAT), false)).isZero();
    }

    @Test
    void refusesWhatDoesNotFit() {
        assertThatThrownBy(() -> new TspHead(4, 3, -1, 0, 1)).hasMessageContaining("kappa");
        assertThatThrownBy(() -> new TspHead(4, 3, 16, 0, 0)).hasMessageContaining("multiplier 0.0");
        assertThatThrownBy(() -> new CosineHead(4, 3, Double.NaN)).hasMessageContaining("NaN");
        assertThatThrownBy(() -> new LinearHead(0, 3)).hasMessageContaining("0 features");
        assertThatThrownBy(() -> new LinearHead(4, 3).adjustLogits(1, new int[2]))
                .hasMessageContaining("2 classes");
        MultiLayerNetwork network =
                AdapterNetwork.create(HeadSettings.tsp("t"), 5, new int[3], RATE, 0, 3, DataType.FLOAT);
        assertThatThrownBy(() -> network.fit(batch(6, 5, 4, DataType.FLOAT))).hasMessageContaining("[6, 4]");
    }
}
