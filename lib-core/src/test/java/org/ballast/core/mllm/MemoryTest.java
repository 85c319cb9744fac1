package org.ballast.core.mllm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.ballast.core.preference.SigmoidLoss;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

/** A thousand steps of each kind in flat memory: a step's tensors take about a megabyte here, so that kept ones would make gigabytes. */
class MemoryTest {
    private static final int STEPS = 1000;
    private static final long BOUND = 150L << 20;

    private static LlavaConfig tiny() {
        VisionConfig vision = new VisionConfig(16, 8, 3, 16, 24, 2, 2, 16, "gelu", 1e-5);
        TextConfig text = new TextConfig(500, 32, 48, 2, 4, 2, 8, 128, 1e-6, 10000, true, 1, 2, 0);
        return new LlavaConfig(vision, text, -1, false, 3, true);
    }

    private static EncodedPair pair(LlavaConfig config, String id, int... rejected) {
        int[] prompt = {1, 3, 3, 3, 3, 17, 21};
        float[] pixels = new float[config.pixels()];
        pixels[0] = id.hashCode() % 7;
        return new EncodedPair(id, pixels, prompt, new int[] {9, 12, 40, 41, 42, 2}, rejected, -30, -30);
    }

    private static List<EncodedPair> pairs(LlavaConfig config) {
        return List.of(
                pair(config, "a", 5, 6, 7, 8, 9, 10, 2),
                pair(config, "a", 5, 6, 7, 2),
                pair(config, "b", 11, 12, 2),
                pair(config, "c", 13, 2));
    }

    private interface Step {
        void run();
    }

    private static void assertFlat(Step step) throws IOException {
        for (int i = 0; i < STEPS / 5; i++) {
            step.run();
        }
        long before = residentBytes();
        long pointers = Pointer.totalCount();
        for (int i = 0; i < STEPS; i++) {
            step.run();
        }
        assertThat(residentBytes() - before).isLessThan(BOUND);
        assertThat(Pointer.totalCount() - pointers).isLessThan(STEPS / 4);
    }

    @Test
    void trainingFull() throws IOException {
        LlavaConfig config = tiny();
        List<EncodedExample> rows = pairs(config).stream()
                .map(p -> new EncodedExample(p.id(), p.image(), p.promptIds(), p.rejectedIds()))
                .toList();
        try (PointerScope scope = new PointerScope();
                SftObjective sft = SftObjective.full(LlavaModel.initialise(config, 1))) {
            float[] values = new float[(int) sft.parameterCount()];
            sft.initialTheta(values);
            Tensor theta = Tensor.create(values, values.length);
            Tensor gradient = theta.clone();
            assertFlat(() -> sft.evaluate(theta, gradient, rows));
        }
    }

    @Test
    void preferenceTrainingInSmallPartsWithLayerCheckpointsAndDropout() throws IOException {
        LlavaConfig config = tiny();
        LlavaModel model = LlavaModel.initialise(config, 1);
        LoraAdapter adapter = LoraAdapter.initialise(
                LoraConfig.allLinear(4, 8).withProjector().withDropout(0.1), model, 1);
        List<EncodedPair> pairs = pairs(config);
        try (PointerScope scope = new PointerScope();
                DpoObjective dpo =
                        new DpoObjective(model, adapter, new SigmoidLoss(0.1), new MemorySettings(8, true, 5000), 1)) {
            float[] values = adapter.theta();
            Tensor theta = Tensor.create(values, values.length);
            Tensor gradient = theta.clone();
            assertFlat(() -> dpo.evaluate(theta, gradient, pairs));
        }
    }

    @Test
    void scoring() throws IOException {
        LlavaConfig config = tiny();
        List<EncodedExample> rows = pairs(config).stream()
                .map(p -> new EncodedExample(p.id(), p.image(), p.promptIds(), p.rejectedIds()))
                .toList();
        try (LlavaModel model = LlavaModel.initialise(config, 1);
                Scorer scorer = new Scorer(model, null, MemorySettings.DEFAULT.withBatchTokens(20))) {
            VisionFeatures features = new VisionFeatures(model);
            assertFlat(() -> {
                scorer.responseLogProbs(rows);
                features.of(List.of(rows.get(0).pixels()));
            });
        }
    }

    private static long residentBytes() throws IOException {
        String line = Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(l -> l.startsWith("VmRSS:"))
                .findFirst()
                .orElseThrow();
        return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
    }
}
