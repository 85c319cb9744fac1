package org.ballast.core.mllm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ScorerTest {
    private static LlavaModel model;

    @BeforeAll
    static void open() {
        model = LlavaModel.open(Golden.path("model"));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static List<EncodedExample> examples() {
        List<EncodedExample> out = new ArrayList<>();
        for (JsonNode c : Golden.json("response_log_probs.json")) {
            out.add(new EncodedExample(
                    c.path("name").asText(),
                    Golden.pixels(c.path("pixel_values")),
                    Golden.prompt(c.path("prompt").asText()),
                    Golden.ids(c.path("response_ids"))));
        }
        return out;
    }

    @Test
    void tokenLogProbsAgreeWithTheReferenceWhateverTheBatch() {
        JsonNode golden = Golden.json("response_log_probs.json");
        for (int batch : new int[] {1, 4, 16}) {
            try (Scorer scorer = new Scorer(model, null, MemorySettings.DEFAULT.withBatchTokens(32 * batch))) {
                List<double[]> scores = scorer.responseLogProbs(examples());
                assertThat(scores).hasSize(6);
                for (int i = 0; i < 6; i++) {
                    double[] expected =
                            new double[golden.get(i).path("log_probs").size()];
                    for (int t = 0; t < expected.length; t++) {
                        expected[t] = golden.get(i).path("log_probs").get(t).asDouble();
                    }
                    assertThat(scores.get(i)).containsExactly(expected, within(1e-4));
                }
            }
        }
    }

    @Test
    void theOrderOfTheRowsChangesNothing() {
        List<EncodedExample> reversed = examples();
        Collections.reverse(reversed);
        try (Scorer scorer = new Scorer(model, null, MemorySettings.DEFAULT)) {
            List<double[]> a = scorer.responseLogProbs(examples());
            List<double[]> b = scorer.responseLogProbs(reversed);
            for (int i = 0; i < a.size(); i++) {
                assertThat(a.get(i)).containsExactly(b.get(a.size() - 1 - i));
            }
        }
    }

    @Test
    void theAdapterIsOnOnlyWhereItIsGiven() {
        LoraAdapter adapter = LoraAdapter.read(Golden.path("adapter"), model.config());
        List<EncodedPair> pairs = ObjectiveTest.pairs();
        JsonNode dpo = Golden.json("dpo.json");
        try (Scorer base = new Scorer(model, null, MemorySettings.DEFAULT);
                Scorer policy = new Scorer(model, adapter, MemorySettings.DEFAULT)) {
            List<EncodedExample> chosen = ObjectiveTest.chosen();
            for (int i = 0; i < pairs.size(); i++) {
                assertThat(Arrays.stream(base.responseLogProbs(chosen).get(i)).sum())
                        .isCloseTo(dpo.path("reference.chosen").get(i).asDouble(), within(3e-4));
                assertThat(Arrays.stream(policy.responseLogProbs(chosen).get(i)).sum())
                        .isCloseTo(dpo.path("policy.chosen").get(i).asDouble(), within(3e-4));
            }
        }
    }

    @Test
    void pooledFeaturesAreMeanAndMaximumOfTheSelectedOnes() {
        PooledVisionFeatures pooled = new PooledVisionFeatures(model);
        List<float[]> pixels = List.of(
                Golden.pixels(Golden.json("forward.json").path("prompts").get(0).path("pixel_values")),
                Golden.pixels(Golden.json("forward.json").path("prompts").get(1).path("pixel_values")));
        List<float[]> vectors = pooled.of(pixels);
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard();
                SafeTensors golden = Golden.tensors("vision.safetensors")) {
            for (int image = 0; image < 2; image++) {
                Tensor selected = golden.tensor("image" + image + ".selected"); // [16, 48]
                float[] values = Golden.floats(selected);
                assertThat(vectors.get(image)).hasSize(96).hasSize(pooled.size());
                for (int d = 0; d < 48; d++) {
                    double sum = 0;
                    double max = Double.NEGATIVE_INFINITY;
                    for (int t = 0; t < 16; t++) {
                        sum += values[t * 48 + d];
                        max = Math.max(max, values[t * 48 + d]);
                    }
                    assertThat((double) vectors.get(image)[d]).isCloseTo(sum / 16, within(1e-4));
                    assertThat((double) vectors.get(image)[48 + d]).isCloseTo(max, within(1e-4));
                }
            }
        }
        assertThat(pooled.of(List.of())).isEmpty();
    }
}
