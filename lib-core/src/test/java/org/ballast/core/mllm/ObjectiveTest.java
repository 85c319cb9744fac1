package org.ballast.core.mllm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.bytedeco.pytorch.global.torch.zeros;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

class ObjectiveTest {
    private static LlavaModel model() {
        return LlavaModel.open(Golden.path("model"));
    }

    private static LoraAdapter adapter(LlavaModel model) {
        return LoraAdapter.read(Golden.path("adapter"), model.config());
    }

    static List<EncodedPair> pairs() {
        JsonNode dpo = Golden.json("dpo.json");
        List<EncodedPair> out = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            JsonNode p = dpo.path("pairs").get(i);
            out.add(new EncodedPair(
                    "pair" + i,
                    Golden.pixels(p.path("pixel_values")),
                    Golden.prompt(p.path("prompt").asText()),
                    Golden.ids(p.path("chosen_ids")),
                    Golden.ids(p.path("rejected_ids")),
                    dpo.path("reference.chosen").get(i).asDouble(),
                    dpo.path("reference.rejected").get(i).asDouble()));
        }
        return out;
    }

    static List<EncodedExample> chosen() {
        return pairs().stream()
                .map(p -> new EncodedExample(p.id(), p.image(), p.promptIds(), p.chosenIds()))
                .toList();
    }

    private static Tensor theta(Objective<?> objective) {
        float[] values = new float[(int) objective.parameterCount()];
        objective.initialTheta(values);
        return Tensor.create(values, values.length);
    }

    private static void assertGradients(ParameterLayout layout, Tensor gradient, SafeTensors golden) {
        for (NamedShape t : layout.tensors()) {
            assertThat(Golden.relativeDifference(layout.view(gradient, t), golden.tensor(t.name() + ".grad")))
                    .as(t.name())
                    .isLessThan(1e-4);
        }
    }

    @Test
    void sftWithAnAdapterAgreesWithTheReference() {
        LlavaModel model = model();
        try (PointerScope scope = new PointerScope();
                SftObjective sft = SftObjective.lora(model, adapter(model));
                SafeTensors golden = Golden.tensors("sft.safetensors")) {
            Tensor theta = theta(sft);
            Tensor gradient = theta.clone();
            ObjectiveValue value = sft.evaluate(theta, gradient, chosen());
            assertThat(value.loss()).isCloseTo(8.513893127441406, within(2e-5));
            assertThat(value.metrics()).containsEntry("tokens", 25.0);
            assertGradients(sft.layout(), gradient, golden);
            assertThat(sft.evaluate(theta, null, chosen()).loss()).isCloseTo(value.loss(), within(1e-6));
        }
    }

    @Test
    void dpoAgreesWithTheReference() {
        LlavaModel model = model();
        JsonNode reference = Golden.json("dpo.json");
        try (PointerScope scope = new PointerScope();
                DpoObjective dpo = new DpoObjective(model, adapter(model), 0.1, 0);
                SafeTensors golden = Golden.tensors("dpo.safetensors")) {
            Tensor theta = theta(dpo);
            Tensor gradient = theta.clone();
            ObjectiveValue value = dpo.evaluate(theta, gradient, pairs());
            assertThat(value.loss()).isCloseTo(reference.path("loss").get(0).asDouble(), within(5e-5));
            assertThat(value.metrics().get("accuracy")).isEqualTo(0.5);
            for (String key : List.of("margin", "rewardChosen", "rewardRejected", "chosenLogProb", "rejectedLogProb")) {
                String name = key.replace("rewardC", "reward.c")
                        .replace("rewardR", "reward.r")
                        .replaceAll("(chosen|rejected)LogProb", "policy.$1");
                double mean = (reference.path(name).get(0).asDouble()
                                + reference.path(name).get(1).asDouble())
                        / 2;
                assertThat(value.metrics().get(key)).as(key).isCloseTo(mean, within(3e-4));
            }
            assertGradients(dpo.layout(), gradient, golden);
        }
    }

    @Test
    void theLikelihoodTermAddsTheMeanTokenLossOfTheChosenResponse() {
        LlavaModel model = model();
        JsonNode reference = Golden.json("dpo.json");
        double expected = 0;
        for (int i = 0; i < 2; i++) {
            double logProb = reference.path("policy.chosen").get(i).asDouble();
            expected += (reference.path("losses").get(i).asDouble()
                            - 0.7 * logProb / pairs().get(i).chosenIds().length)
                    / 2;
        }
        try (PointerScope scope = new PointerScope();
                DpoObjective dpo = new DpoObjective(model, adapter(model), 0.1, 0.7)) {
            assertThat(dpo.evaluate(theta(dpo), null, pairs()).loss()).isCloseTo(expected, within(5e-5));
        }
    }

    @Test
    void fullGradientAgreesWithFiniteDifferencesInDoublePrecision() {
        try (PointerScope scope = new PointerScope();
                LlavaModel single = model();
                SftObjective sft = SftObjective.full(single.to(ScalarType.Double))) {
            assertDirectionalDerivatives(sft, sft.layout(), theta(sft).to(ScalarType.Double), chosen());
        }
    }

    @Test
    void dpoGradientAgreesWithFiniteDifferencesInDoublePrecision() {
        try (PointerScope scope = new PointerScope();
                LlavaModel single = model();
                DpoObjective dpo = new DpoObjective(single.to(ScalarType.Double), adapter(single), 0.1, 0.3)) {
            assertDirectionalDerivatives(dpo, dpo.layout(), theta(dpo).to(ScalarType.Double), pairs());
        }
    }

    /** One random direction for every tensor, so that a wrong gradient of one cannot hide behind the others. */
    static <E> void assertDirectionalDerivatives(
            Objective<E> objective, ParameterLayout layout, Tensor theta, List<E> batch) {
        Tensor gradient = theta.clone();
        objective.evaluate(theta, gradient, batch);
        Random random = new Random(7);
        for (NamedShape t : layout.tensors()) {
            double[] values = new double[(int) t.elements()];
            for (int i = 0; i < values.length; i++) {
                values[i] = random.nextGaussian() / Math.sqrt(values.length);
            }
            try (PointerScope scope = new PointerScope();
                    NoGradGuard noGrad = new NoGradGuard()) {
                Tensor direction = zeros(new long[] {layout.size()}, new TensorOptions(ScalarType.Double));
                layout.view(direction, t).copy_(Tensor.create(values, t.shape()));
                double step = 1e-5;
                double up = objective
                        .evaluate(theta.add(direction, new Scalar(step)), null, batch)
                        .loss();
                double down = objective
                        .evaluate(theta.add(direction, new Scalar(-step)), null, batch)
                        .loss();
                double analytic = gradient.dot(direction).item_double();
                assertThat(analytic)
                        .as(t.name())
                        .isCloseTo((up - down) / (2 * step), within(1e-6 * (1 + Math.abs(analytic))));
            }
        }
    }

    @Test
    void aBatchIsTheTokenWeightedMeanOfItsRows() {
        try (PointerScope scope = new PointerScope();
                SftObjective sft = SftObjective.full(model())) {
            Tensor theta = theta(sft);
            Tensor whole = theta.clone();
            Tensor first = theta.clone();
            Tensor second = theta.clone();
            double loss = sft.evaluate(theta, whole, chosen()).loss();
            double a = sft.evaluate(theta, first, chosen().subList(0, 1)).loss();
            double b = sft.evaluate(theta, second, chosen().subList(1, 2)).loss();
            assertThat(loss).isCloseTo((9 * a + 16 * b) / 25, within(1e-5));
            Tensor mean = first.mul(new Scalar(9.0 / 25)).add(second, new Scalar(16.0 / 25));
            assertThat(Golden.relativeDifference(whole, mean)).isLessThan(1e-5);
        }
    }

    @Test
    void rowsWithoutAPictureTrainBesideRowsWithOne() {
        int[] prompt = Golden.prompt("prompt3");
        EncodedExample text = new EncodedExample("text", (ImageInput) null, prompt, new int[] {322, 2});
        try (PointerScope scope = new PointerScope();
                SftObjective sft = SftObjective.full(model())) {
            Tensor theta = theta(sft);
            double alone = sft.evaluate(theta, null, List.of(text)).loss();
            double other = sft.evaluate(theta, null, chosen().subList(0, 1)).loss();
            Tensor gradient = theta.clone();
            double both = sft.evaluate(theta, gradient, List.of(text, chosen().get(0)))
                    .loss();
            assertThat(both).isCloseTo((2 * alone + 9 * other) / 11, within(1e-5));
        }
    }

    @Test
    void featuresStandForAPictureOnlyWhereTheTowerIsFrozen() {
        try (LlavaModel features = model();
                PointerScope scope = new PointerScope()) {
            List<EncodedExample> pictures = chosen();
            List<float[]> computed = new VisionFeatures(features)
                    .of(pictures.stream().map(EncodedExample::pixels).toList());
            List<EncodedExample> cached = new ArrayList<>();
            for (int i = 0; i < computed.size(); i++) {
                EncodedExample e = pictures.get(i);
                cached.add(new EncodedExample(
                        e.id(), new ImageInput.Features(computed.get(i)), e.promptIds(), e.responseIds()));
            }
            SftObjective lora = SftObjective.lora(features, adapter(features));
            assertThat(lora.evaluate(theta(lora), null, cached).loss())
                    .isCloseTo(lora.evaluate(theta(lora), null, pictures).loss(), within(1e-6));
            SftObjective full = SftObjective.full(features);
            Tensor theta = theta(full);
            Tensor gradient = zeros(new long[] {full.parameterCount()}, new TensorOptions(ScalarType.Float));
            assertThatThrownBy(() -> full.evaluate(theta, gradient, cached))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("the vision tower is trained");
        }
    }

    @Test
    void errorsNameTheRow() {
        EncodedExample good = chosen().get(0);
        try (PointerScope scope = new PointerScope();
                SftObjective sft = SftObjective.full(model())) {
            Tensor theta = theta(sft);
            assertThatThrownBy(() -> sft.evaluate(theta, null, List.of())).hasMessageContaining("empty");
            assertThatThrownBy(() -> sft.evaluate(
                            theta,
                            null,
                            List.of(new EncodedExample("r9", (ImageInput) null, good.promptIds(), good.responseIds()))))
                    .hasMessageContaining("r9")
                    .hasMessageContaining("16 image tokens, expected 0");
            assertThatThrownBy(() -> sft.evaluate(
                            theta,
                            null,
                            List.of(new EncodedExample("r9", good.pixels(), good.promptIds(), new int[] {640}))))
                    .hasMessageContaining("r9")
                    .hasMessageContaining("640");
            assertThatThrownBy(() -> sft.evaluate(
                            theta,
                            null,
                            List.of(new EncodedExample("r9", good.pixels(), good.promptIds(), new int[0]))))
                    .hasMessageContaining("r9");
            assertThatThrownBy(() -> sft.evaluate(
                            theta,
                            null,
                            List.of(new EncodedExample("r9", new float[3], good.promptIds(), good.responseIds()))))
                    .hasMessageContaining("3 pixel values");
            assertThatThrownBy(() -> sft.evaluate(zeros(3), null, List.of(good)))
                    .hasMessageContaining("theta");
            assertThatThrownBy(() -> sft.evaluate(theta.mul(new Scalar(Double.NaN)), null, List.of(good)))
                    .isInstanceOf(NonFiniteLossException.class)
                    .hasMessageContaining("pair0");
        }
    }
}
