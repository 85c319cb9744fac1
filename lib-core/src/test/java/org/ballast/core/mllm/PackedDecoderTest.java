package org.ballast.core.mllm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.bytedeco.pytorch.global.torch.zeros;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

/** Packed sequences against each row by itself, by the engine and by {@link PlainLlava}, on random models and rows. */
class PackedDecoderTest {
    private static final int VOCABULARY = 40;
    /** The engine's rotary tables are float32 even in a float64 model; the plain ones are not. */
    private static final double ROTARY = 1e-6;

    private static LlavaModel model(Random random, Integer window) {
        int kv = new int[] {1, 2, 4}[random.nextInt(3)];
        int layers = 1 + random.nextInt(3);
        boolean bias = random.nextBoolean();
        VisionConfig vision = new VisionConfig(16, 8, 3, 16, 24, 2, 2, 16, "gelu", 1e-5);
        TextConfig text = new TextConfig(
                TextConfig.Family.LLAMA,
                VOCABULARY,
                32,
                40,
                layers,
                4,
                kv,
                8,
                256,
                1e-6,
                10000,
                new RopeScaling.None(),
                bias,
                bias,
                random.nextBoolean(),
                window,
                window == null ? List.of() : TextConfig.layersFrom(random.nextInt(layers), layers),
                random.nextBoolean(),
                1,
                List.of(2),
                0);
        LlavaConfig config = new LlavaConfig(vision, text, -1, false, 3, true);
        return LlavaModel.initialise(config, random.nextLong(), 0.2).to(ScalarType.Double);
    }

    private static int[] words(Random random, int n) {
        return random.ints(n, 4, VOCABULARY).toArray();
    }

    /** Some prompts, with a picture or without, one of them of the beginning token alone, each with 1 to 5 responses. */
    private static List<EncodedExample> rows(LlavaConfig config, Random random) {
        List<EncodedExample> out = new ArrayList<>();
        int prompts = 1 + random.nextInt(3);
        for (int p = 0; p < prompts; p++) {
            float[] pixels = new float[config.pixels()];
            for (int i = 0; i < pixels.length; i++) {
                pixels[i] = (float) random.nextGaussian();
            }
            boolean picture = random.nextInt(3) > 0;
            int[] prompt = words(random, (picture ? config.imageTokens() : 0) + 1 + random.nextInt(9));
            if (picture) {
                Arrays.fill(prompt, 1, 1 + config.imageTokens(), config.imageTokenId());
            } else if (random.nextBoolean()) {
                prompt = new int[] {1};
            }
            int responses = 1 + random.nextInt(5);
            for (int r = 0; r < responses; r++) {
                int[] response = words(random, 1 + random.nextInt(12));
                if (random.nextBoolean()) {
                    response[response.length - 1] = 2; // else cut before its end token
                }
                out.add(new EncodedExample(p + "/" + r, picture ? pixels : null, prompt, response));
            }
        }
        return out;
    }

    @Test
    void logProbsOfSharedPrefixesEqualThoseOfPlainRows() {
        Random random = new Random(11);
        for (int round = 0; round < 40; round++) {
            Integer window = round % 4 == 3 ? 1 + random.nextInt(12) : null;
            try (LlavaModel model = model(random, window);
                    Scorer scorer = new Scorer(model, null, MemorySettings.DEFAULT);
                    Scorer oneByOne = new Scorer(model, null, new MemorySettings(1, false, 1))) {
                List<EncodedExample> rows = rows(model.config(), random);
                List<double[]> shared = scorer.responseLogProbs(rows);
                List<double[]> byGroup = oneByOne.responseLogProbs(rows);
                for (int i = 0; i < rows.size(); i++) {
                    try (PointerScope scope = new PointerScope()) {
                        double[] plain = Golden.doubles(PlainLlava.logProbs(model, model.weights(), rows.get(i)));
                        assertThat(shared.get(i)).containsExactly(plain, within(ROTARY));
                        assertThat(byGroup.get(i)).containsExactly(plain, within(ROTARY));
                        double[] alone =
                                scorer.responseLogProbs(List.of(rows.get(i))).get(0);
                        assertThat(shared.get(i)).containsExactly(alone, within(1e-9));
                    }
                }
            }
        }
    }

    @Test
    void gradientsOfSharedPrefixesEqualThoseOfPlainRows() {
        Random random = new Random(12);
        for (int round = 0; round < 24; round++) {
            Integer window = round % 4 == 3 ? 1 + random.nextInt(12) : null;
            boolean full = round % 2 == 0;
            LlavaModel model = model(random, window);
            LoraAdapter adapter = full ? null : randomAdapter(model, random);
            List<EncodedExample> rows = rows(model.config(), random);
            MemorySettings memory = new MemorySettings(
                    random.nextBoolean() ? 2048 : 1, random.nextBoolean(), random.nextBoolean() ? 1 << 20 : 400);
            try (PointerScope scope = new PointerScope();
                    SftObjective sft =
                            full ? SftObjective.full(model, memory) : SftObjective.lora(model, adapter, memory, 0)) {
                float[] values = new float[(int) sft.parameterCount()];
                sft.initialTheta(values);
                Tensor theta = Tensor.create(values, values.length).to(ScalarType.Double);
                Tensor gradient = theta.clone();
                double loss = sft.evaluate(theta, gradient, rows).loss();
                Tensor expected = zeros(new long[] {values.length}, new TensorOptions(ScalarType.Double));
                double plain = PlainLlava.sft(model, adapter, sft.layout(), theta, expected, rows);
                assertThat(loss).isCloseTo(plain, within(ROTARY));
                assertThat(Golden.relativeDifference(gradient, expected))
                        .as("round %s, %s", round, memory)
                        .isLessThan(ROTARY);
            }
        }
    }

    private static LoraAdapter randomAdapter(LlavaModel model, Random random) {
        LoraConfig config = LoraConfig.allLinear(3, 6);
        if (random.nextBoolean()) {
            config = config.withProjector();
        }
        float[] theta = LoraAdapter.initialise(config, model, random.nextLong()).theta();
        for (int i = 0; i < theta.length; i++) {
            theta[i] += (float) (0.1 * random.nextGaussian());
        }
        return new LoraAdapter(config, model.config(), theta);
    }

    /** Float32, as in training: shared and separate passes differ by rounding alone. */
    @Test
    void singlePrecisionGradientsOfSharedPrefixesEqualSeparateOnes() {
        Random random = new Random(13);
        for (int round = 0; round < 10; round++) {
            try (PointerScope scope = new PointerScope();
                    LlavaModel exact = model(random, null);
                    SftObjective sft = SftObjective.lora(exact.to(ScalarType.Float), randomAdapter(exact, random))) {
                List<EncodedExample> rows = rows(exact.config(), random);
                float[] values = new float[(int) sft.parameterCount()];
                sft.initialTheta(values);
                Tensor theta = Tensor.create(values, values.length);
                Tensor shared = theta.clone();
                sft.evaluate(theta, shared, rows);
                Tensor sum = theta.mul(new Scalar(0.0));
                int tokens = rows.stream().mapToInt(r -> r.responseIds().length).sum();
                for (EncodedExample row : rows) {
                    Tensor own = theta.clone();
                    sft.evaluate(theta, own, List.of(row));
                    sum.add_(own, new Scalar((double) row.responseIds().length / tokens));
                }
                assertThat(Golden.relativeDifference(shared, sum)).isLessThan(1e-5);
            }
        }
    }

    /** A response that stands in two rows is computed once and counts twice. */
    @Test
    void equalRowsCountEach() {
        Random random = new Random(14);
        try (PointerScope scope = new PointerScope();
                SftObjective sft = SftObjective.full(model(random, null))) {
            EncodedExample a = rows(sft.model().config(), random).get(0);
            EncodedExample b = new EncodedExample("b", a.image(), a.promptIds(), new int[] {5, 9, 2});
            EncodedExample again = new EncodedExample("again", a.image(), a.promptIds(), a.responseIds());
            float[] values = new float[(int) sft.parameterCount()];
            sft.initialTheta(values);
            Tensor theta = Tensor.create(values, values.length).to(ScalarType.Double);
            Tensor gradient = theta.clone();
            Tensor expected = zeros(new long[] {values.length}, new TensorOptions(ScalarType.Double));
            sft.evaluate(theta, gradient, List.of(a, b, again));
            PlainLlava.sft(sft.model(), null, sft.layout(), theta, expected, List.of(a, b, again));
            assertThat(Golden.relativeDifference(gradient, expected)).isLessThan(ROTARY);
        }
    }

    @Test
    void cachedFeaturesStandForThePicture() {
        Random random = new Random(15);
        try (LlavaModel exact = model(random, null);
                LlavaModel model = exact.to(ScalarType.Float);
                Scorer scorer = new Scorer(model, null, MemorySettings.DEFAULT)) {
            List<EncodedExample> rows = rows(model.config(), random).stream()
                    .filter(r -> r.image() != null)
                    .toList();
            assertThat(rows).isNotEmpty();
            VisionFeatures features = new VisionFeatures(model);
            for (EncodedExample row : rows) {
                float[] values = features.of(List.of(row.pixels())).get(0);
                assertThat(values).hasSize(features.size());
                EncodedExample cached = new EncodedExample(
                        row.id(), new ImageInput.Features(values), row.promptIds(), row.responseIds());
                assertThat(scorer.responseLogProbs(List.of(cached)).get(0))
                        .containsExactly(scorer.responseLogProbs(List.of(row)).get(0), within(1e-6));
            }
            EncodedExample row = rows.get(0);
            assertThatThrownBy(() -> scorer.responseLogProbs(List.of(new EncodedExample(
                            "r7", new ImageInput.Features(new float[5]), row.promptIds(), row.responseIds()))))
                    .hasMessageContaining("r7")
                    .hasMessageContaining("5 feature values");
        }
    }

    @Test
    void errorsNameTheRow() {
        Random random = new Random(16);
        try (LlavaModel model = model(random, null);
                Scorer scorer = new Scorer(model, null, MemorySettings.DEFAULT)) {
            assertThat(scorer.responseLogProbs(List.of())).isEmpty();
            for (EncodedExample wrong : List.of(
                    new EncodedExample("r8", (ImageInput) null, new int[0], new int[] {5}),
                    new EncodedExample("r8", (ImageInput) null, new int[] {1}, new int[0]),
                    new EncodedExample("r8", (ImageInput) null, new int[] {1}, new int[] {VOCABULARY}),
                    new EncodedExample("r8", (ImageInput) null, new int[] {1, -2}, new int[] {5}),
                    new EncodedExample("r8", (ImageInput) null, new int[] {1}, words(random, 257)))) {
                assertThatThrownBy(() -> scorer.responseLogProbs(List.of(wrong)))
                        .hasMessageContaining("row r8");
            }
        }
    }

    /** The gradient mode of the thread is what it was. */
    @Test
    void leavesTheGradientModeAlone() {
        Random random = new Random(17);
        try (PointerScope scope = new PointerScope();
                AutoGradMode off = new AutoGradMode(false);
                SftObjective sft = SftObjective.full(model(random, null))) {
            float[] values = new float[(int) sft.parameterCount()];
            sft.initialTheta(values);
            Tensor theta = Tensor.create(values, values.length).to(ScalarType.Double);
            sft.evaluate(theta, theta.clone(), rows(sft.model().config(), random));
            Tensor leaf = theta.clone();
            leaf.set_requires_grad(true);
            assertThat(leaf.mul(new Scalar(2.0)).requires_grad()).isFalse();
        }
    }
}
