package org.ballast.core.mllm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

/** Shapes that the golden checkpoint does not have, and behaviour over many steps and threads. */
class ModelVariantsTest {
    private static LlavaConfig small(int keyValueHeads, boolean tied, boolean keepClassToken) {
        VisionConfig vision = new VisionConfig(16, 8, 3, 16, 24, 2, 2, 16, "gelu", 1e-5);
        TextConfig text = new TextConfig(50, 32, 48, 2, 4, keyValueHeads, 8, 128, 1e-6, 10000, tied, 1, 2, 0);
        return new LlavaConfig(vision, text, -1, keepClassToken, 3, true);
    }

    private static EncodedExample example(LlavaConfig config, int responseTokens) {
        float[] pixels = new float[config.pixels()];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (float) Math.sin(i);
        }
        int[] prompt = new int[config.imageTokens() + 3];
        Arrays.fill(prompt, 1, 1 + config.imageTokens(), 3);
        prompt[0] = 1;
        prompt[prompt.length - 2] = 17;
        prompt[prompt.length - 1] = 21;
        int[] response = new int[responseTokens];
        Arrays.setAll(response, i -> 4 + (7 * i) % 40);
        return new EncodedExample("e" + responseTokens, pixels, prompt, response);
    }

    /** Grouped-query attention is plain attention in which the heads of a group share keys and values. */
    @Test
    void groupedQueriesEqualRepeatedHeads() {
        LlavaConfig grouped = small(2, false, false);
        LlavaConfig plain = small(4, false, false);
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard();
                LlavaModel model = LlavaModel.initialise(grouped, 1, 0.3)) {
            Map<String, Tensor> repeated = new LinkedHashMap<>();
            for (NamedShape t : LlavaTensors.all(plain)) {
                Tensor value = model.weights().tensor(t.name());
                if (t.name().startsWith(LlavaTensors.DECODER) && t.name().matches(".*(k|v)_proj.weight")) {
                    // heads 0, 1 read group 0 and heads 2, 3 group 1
                    Tensor a = value.narrow(0, 0, 8);
                    Tensor b = value.narrow(0, 8, 8);
                    value = org.bytedeco.pytorch.global.torch.cat(new org.bytedeco.pytorch.TensorVector(a, a, b, b), 0);
                }
                value.retainReference();
                repeated.put(t.name(), value);
            }
            try (LlavaModel wide = new LlavaModel(plain, new FrozenWeights(repeated, ScalarType.Float));
                    Scorer a = new Scorer(model, null, MemorySettings.DEFAULT);
                    Scorer b = new Scorer(wide, null, MemorySettings.DEFAULT)) {
                List<EncodedExample> rows = List.of(example(grouped, 5), example(grouped, 9));
                assertThat(a.responseLogProbs(rows).get(1))
                        .containsExactly(b.responseLogProbs(rows).get(1), within(1e-5));
            }
            assertStepsAgree(model);
        }
    }

    @Test
    void tiedHeadsAndTheClassTokenWork() {
        for (boolean tied : new boolean[] {true, false}) {
            LlavaConfig config = small(1, tied, true);
            assertThat(config.imageTokens()).isEqualTo(5);
            try (LlavaModel model = LlavaModel.initialise(config, 2, 0.3)) {
                assertThat(LlavaTensors.all(config).stream()
                                .anyMatch(t -> t.name().equals(LlavaTensors.HEAD)))
                        .isEqualTo(!tied);
                assertStepsAgree(model);
            }
        }
    }

    /** Log-probabilities of one pass equal those of decoding token by token. */
    private static void assertStepsAgree(LlavaModel model) {
        EncodedExample e = example(model.config(), 6);
        try (Scorer scorer = new Scorer(model, null, MemorySettings.DEFAULT);
                Decoder decoder = new Decoder(model, null);
                KeyValueCache cache = decoder.cache(1, 0)) {
            double[] scores = scorer.responseLogProbs(List.of(e)).get(0);
            Logits logits = decoder.prefill(List.of(new Decoder.Prompt("p", e.pixels(), e.promptIds())), cache);
            for (int i = 0; i < scores.length; i++) {
                int[] token = {e.responseIds()[i]};
                assertThat(logits.logProbs(new int[] {0}, token)[0]).isCloseTo(scores[i], within(1e-4));
                logits.close();
                logits = decoder.step(token, cache);
            }
            logits.close();
        }
    }

    @Test
    void concurrentCallsGiveWhatASingleCallGives() throws Exception {
        LlavaConfig config = small(2, true, false);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try (SftObjective sft = SftObjective.full(LlavaModel.initialise(config, 3))) {
            float[] values = new float[(int) sft.parameterCount()];
            sft.initialTheta(values);
            List<List<EncodedExample>> batches =
                    List.of(List.of(example(config, 3)), List.of(example(config, 8)), List.of(example(config, 5)));
            List<float[]> expected = new ArrayList<>();
            for (List<EncodedExample> batch : batches) {
                expected.add(gradient(sft, values, batch));
            }
            List<Future<float[]>> results = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                List<EncodedExample> batch = batches.get(i % 3);
                results.add(threads.submit(() -> gradient(sft, values, batch)));
            }
            for (int i = 0; i < results.size(); i++) {
                float[] actual = results.get(i).get();
                double largest = 0;
                for (int k = 0; k < actual.length; k++) {
                    largest = Math.max(largest, Math.abs(actual[k] - expected.get(i % 3)[k]));
                }
                assertThat(actual).hasSameSizeAs(expected.get(i % 3));
                assertThat(largest).isLessThan(1e-6);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static float[] gradient(SftObjective sft, float[] values, List<EncodedExample> batch) {
        try (PointerScope scope = new PointerScope()) {
            Tensor theta = Tensor.create(values, values.length);
            Tensor gradient = theta.clone();
            sft.evaluate(theta, gradient, batch);
            return Golden.floats(gradient);
        }
    }

    /** A step's tensors take several MB: kept ones would make gigabytes. */
    @Test
    void memoryStaysFlatOverThreeHundredSteps() throws IOException {
        LlavaConfig config = SftStepBenchmark.demoSize();
        List<EncodedExample> batch = SftStepBenchmark.rows(config, 1, 1);
        try (PointerScope scope = new PointerScope();
                SftObjective sft = SftObjective.full(LlavaModel.initialise(config, 1));
                LlavaModel other = LlavaModel.initialise(config, 1);
                Decoder decoder = new Decoder(other, LoraAdapter.initialise(LoraConfig.allLinear(8, 16), other, 1))) {
            float[] values = new float[(int) sft.parameterCount()];
            sft.initialTheta(values);
            Tensor theta = Tensor.create(values, values.length);
            Tensor gradient = theta.clone();
            List<Decoder.Prompt> prompts = List.of(
                    new Decoder.Prompt("p", batch.get(0).pixels(), batch.get(0).promptIds()));
            long before = 0;
            for (int step = 0; step < 350; step++) {
                if (step == 50) {
                    before = residentBytes();
                }
                sft.evaluate(theta, gradient, batch);
                try (KeyValueCache cache = decoder.cache(1, 1)) {
                    decoder.prefill(prompts, cache).close();
                    decoder.step(new int[] {5}, cache).close();
                }
            }
            assertThat(residentBytes() - before).isLessThan(200L << 20);
        }
    }

    static long residentBytes() throws IOException {
        String line = Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(l -> l.startsWith("VmRSS:"))
                .findFirst()
                .orElseThrow();
        return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
    }

    @Test
    void gradientsOfGroupedTiedModelsAgreeWithFiniteDifferences() {
        LlavaConfig config = small(2, true, false);
        try (PointerScope scope = new PointerScope();
                LlavaModel single = LlavaModel.initialise(config, 4, 0.3);
                SftObjective sft = SftObjective.full(single.to(ScalarType.Double))) {
            float[] values = new float[(int) sft.parameterCount()];
            sft.initialTheta(values);
            ObjectiveTest.assertDirectionalDerivatives(
                    sft,
                    sft.layout(),
                    Tensor.create(values, values.length).to(ScalarType.Double),
                    List.of(example(config, 4), example(config, 7)));
        }
    }
}
