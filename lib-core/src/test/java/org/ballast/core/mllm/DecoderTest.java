package org.ballast.core.mllm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class DecoderTest {
    private static LlavaModel model;

    @BeforeAll
    static void open() {
        model = LlavaModel.open(Golden.path("model"));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static List<Decoder.Prompt> prompts() {
        List<Decoder.Prompt> out = new ArrayList<>();
        for (JsonNode p : Golden.json("forward.json").path("prompts")) {
            String name = p.path("name").asText();
            out.add(new Decoder.Prompt(name, Golden.pixels(p.path("pixel_values")), Golden.prompt(name)));
        }
        return out;
    }

    /** The reference's greedy continuation of a prompt. */
    private static JsonNode golden(String prompt) {
        for (JsonNode c : Golden.json("greedy.json").path("greedy")) {
            if (c.path("prompt").asText().equals(prompt)) {
                return c;
            }
        }
        throw new IllegalStateException("no greedy case of " + prompt);
    }

    @Test
    void greedyTokensAgreeOneByOne() {
        try (Decoder decoder = new Decoder(model, null)) {
            for (Decoder.Prompt prompt : prompts()) {
                assertGreedy(decoder, List.of(prompt));
            }
        }
    }

    @Test
    void greedyTokensAgreeInOneBatchFromWhichFinishedRowsAreDropped() {
        try (Decoder decoder = new Decoder(model, null)) {
            assertGreedy(decoder, prompts());
        }
    }

    private static void assertGreedy(Decoder decoder, List<Decoder.Prompt> prompts) {
        List<JsonNode> goldens =
                new ArrayList<>(prompts.stream().map(p -> golden(p.id())).toList());
        try (KeyValueCache cache = decoder.cache(prompts.size(), 0)) {
            float[][] logits = rows(decoder.prefill(prompts, cache));
            for (int step = 0; !goldens.isEmpty(); step++) {
                List<Integer> next = new ArrayList<>();
                for (int r = 0; r < goldens.size(); r++) {
                    JsonNode c = goldens.get(r);
                    int token = argmax(logits[r]);
                    assertThat(token).isEqualTo(c.path("tokens").get(step).asInt());
                    assertThat(logProb(logits[r], token))
                            .isCloseTo(c.path("log_probs").get(step).asDouble(), within(1e-4));
                    next.add(token);
                }
                for (int r = goldens.size() - 1; r >= 0; r--) {
                    if (step + 1 == goldens.get(r).path("tokens").size()) {
                        cache.remove(r);
                        Collections.swap(goldens, r, goldens.size() - 1);
                        Collections.swap(next, r, next.size() - 1);
                        goldens.remove(goldens.size() - 1);
                        next.remove(next.size() - 1);
                    }
                }
                if (!goldens.isEmpty()) {
                    logits = rows(decoder.step(next.stream().mapToInt(i -> i).toArray(), cache));
                }
            }
        }
    }

    private static float[][] rows(Logits logits) {
        try (logits) {
            float[][] out = new float[logits.rows()][];
            Arrays.setAll(out, logits::row);
            return out;
        }
    }

    private static int argmax(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    private static double logProb(float[] logits, int token) {
        double max = logits[argmax(logits)];
        double sum = 0;
        for (float z : logits) {
            sum += Math.exp(z - max);
        }
        return logits[token] - max - Math.log(sum);
    }

    @Test
    void aStepBehindTheCacheEqualsAFreshPrefillUnderAnAdapterToo() {
        LoraAdapter adapter = LoraAdapter.read(Golden.path("adapter"), model.config());
        Decoder.Prompt first = prompts().get(0);
        Decoder.Prompt text = prompts().get(3);
        int token = 322;
        try (Decoder decoder = new Decoder(model, adapter);
                KeyValueCache cache = decoder.cache(2, 1);
                KeyValueCache other = decoder.cache(2, 0)) {
            decoder.prefill(List.of(first, text), cache).close();
            float[][] stepped = rows(decoder.step(new int[] {token, token}, cache));
            float[][] fresh = rows(decoder.prefill(List.of(append(first, token), append(text, token)), other));
            assertThat(stepped[0]).containsExactly(fresh[0], within(1e-4f));
            assertThat(stepped[1]).containsExactly(fresh[1], within(1e-4f));
            assertThat(cache.length(0)).isEqualTo(first.ids().length + 1);
        }
    }

    /** Many more steps than the cache first has room for. */
    @Test
    void theCacheGrows() {
        Decoder.Prompt text = prompts().get(3);
        try (Decoder decoder = new Decoder(model, null);
                KeyValueCache cache = decoder.cache(1, 0);
                KeyValueCache other = decoder.cache(1, 0)) {
            Decoder.Prompt longer = text;
            float[][] logits = rows(decoder.prefill(List.of(text), cache));
            for (int i = 0; i < 150; i++) {
                int token = 10 + i;
                logits = rows(decoder.step(new int[] {token}, cache));
                longer = append(longer, token);
            }
            assertThat(logits[0]).containsExactly(rows(decoder.prefill(List.of(longer), other))[0], within(2e-4f));
        }
    }

    private static Decoder.Prompt append(Decoder.Prompt prompt, int token) {
        int[] ids = Arrays.copyOf(prompt.ids(), prompt.ids().length + 1);
        ids[ids.length - 1] = token;
        return new Decoder.Prompt(prompt.id(), prompt.pixels(), ids);
    }

    @Test
    void refusesWhatIsNoToken() {
        try (Decoder decoder = new Decoder(model, null);
                KeyValueCache cache = decoder.cache(1, 0)) {
            decoder.prefill(prompts().subList(0, 1), cache).close();
            assertThatThrownBy(() -> decoder.step(new int[] {640}, cache)).hasMessageContaining("640");
            assertThatThrownBy(() -> decoder.step(new int[] {1, 2}, cache))
                    .hasMessageContaining("2 tokens for a cache of 1 rows");
            assertThatThrownBy(() -> cache.remove(1)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }
}
