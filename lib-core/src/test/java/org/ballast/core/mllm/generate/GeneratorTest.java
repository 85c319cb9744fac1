package org.ballast.core.mllm.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.ballast.core.image.PixelGoldens;
import org.ballast.core.mllm.Decoder;
import org.ballast.core.mllm.KeyValueCache;
import org.ballast.core.mllm.LlavaModel;
import org.ballast.core.mllm.Logits;
import org.ballast.core.mllm.LoraAdapter;
import org.ballast.core.mllm.generate.Generation.FinishReason;
import org.ballast.core.text.LlavaTokenizer;
import org.ballast.core.text.PromptTemplate;
import org.ballast.core.text.TextRejected;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GeneratorTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final PixelGoldens PIXELS = PixelGoldens.open("mllm-a/preprocessing.safetensors");
    private static final PixelGoldens NOISED = PixelGoldens.open("mllm-a/contrastive.safetensors");
    private static final JsonNode GREEDY = PixelGoldens.json("mllm-a/greedy.json");
    private static final JsonNode CONTRASTIVE = PixelGoldens.json("mllm-a/contrastive.json");
    private static final int END = 2;

    private static LlavaModel model;
    private static Generator generator;
    private static LlavaTokenizer tokenizer;
    private static Vocabulary vocabulary;

    @BeforeAll
    static void open() throws IOException {
        model = LlavaModel.open(folder("model"));
        tokenizer = LlavaTokenizer.open(
                folder("model"), new PromptTemplate("{prompt}", ""), LlavaTokenizer.SpecialTokens.llava15());
        vocabulary = new Vocabulary(new int[] {END}, tokenizer::decodeResponse);
        generator = new Generator(model, null, vocabulary, 4);
    }

    @AfterAll
    static void close() {
        tokenizer.close();
        generator.close();
        model.close();
    }

    private static Path folder(String name) {
        try {
            return Path.of(Objects.requireNonNull(GeneratorTest.class.getResource("/goldens/mllm-a/" + name))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static GenerationRequest request(String name, String id, float[] weakened) {
        for (JsonNode prompt : PixelGoldens.json("mllm-a/forward.json").get("prompts")) {
            if (prompt.get("name").asText().equals(name)) {
                JsonNode picture = prompt.get("pixel_values");
                try {
                    int[] ids = tokenizer.encodePrompt(prompt.get("text").asText(), !picture.isNull(), 16);
                    return new GenerationRequest(
                            id, ids, picture.isNull() ? null : PIXELS.floats(picture.asText()), weakened);
                } catch (TextRejected e) {
                    throw new IllegalStateException(e);
                }
            }
        }
        throw new IllegalArgumentException(name);
    }

    private static GenerationRequest request(String name) {
        return request(name, name, null);
    }

    private static List<GenerationRequest> allRequests() {
        return List.of(request("prompt0"), request("prompt1"), request("prompt2"), request("prompt3"));
    }

    private static int[] ints(JsonNode array) {
        return JSON.convertValue(array, int[].class);
    }

    private static double[] doubles(JsonNode array) {
        return JSON.convertValue(array, double[].class);
    }

    @ParameterizedTest
    @CsvSource({"greedy,1", "repetition_penalty_1.2,1.2"})
    void greedyAnswersEqualTheGoldensAloneAndInABatch(String key, double penalty) {
        GenerationOptions options = GenerationOptions.greedy(
                        GREEDY.get("max_new_tokens").asInt())
                .withRepetitionPenalty(penalty)
                .withLogProbs();
        List<Generation> together = generator.generate(allRequests(), options);
        assertThat(together).extracting(Generation::id).containsExactly("prompt0", "prompt1", "prompt2", "prompt3");
        for (int i = 0; i < 4; i++) {
            JsonNode golden = GREEDY.get(key).get(i);
            Generation alone = generator
                    .generate(List.of(request(golden.get("prompt").asText())), options)
                    .get(0);
            for (Generation generation : List.of(alone, together.get(i))) {
                assertThat(generation.tokens()).isEqualTo(ints(golden.get("tokens")));
                assertThat(generation.logProbs()).containsExactly(doubles(golden.get("log_probs")), within(1e-4));
                assertThat(generation.finishReason().code())
                        .isEqualTo(golden.get("finish_reason").asText());
                assertThat(tokenizer.decode(generation.tokens()))
                        .isEqualTo(golden.get("text").asText());
            }
        }
    }

    @Test
    void filteredDistributionsEqualTheGoldens() {
        for (JsonNode golden : GREEDY.get("sampling")) {
            GenerationRequest request = request(golden.get("prompt").asText());
            var prompt = new Decoder.Prompt(request.id(), request.pixels(), request.promptIds());
            var options = GenerationOptions.sampling(
                    1,
                    golden.get("temperature").asDouble(),
                    golden.get("top_k").asInt(),
                    golden.get("top_p").asDouble(),
                    0);
            var kept = new TokenChoice(options).distribution(firstLogits(List.of(prompt))[0]);
            int[] ids = ints(golden.get("ids"));
            assertThat(kept.ids()).hasSize(golden.get("kept").asInt());
            assertThat(Arrays.copyOf(kept.ids(), ids.length)).isEqualTo(ids);
            assertThat(Arrays.copyOf(kept.probs(), ids.length))
                    .containsExactly(doubles(golden.get("probs")), within(1e-4));
        }
    }

    private static float[][] firstLogits(List<Decoder.Prompt> prompts) {
        try (var decoder = new Decoder(model, null);
                KeyValueCache cache = decoder.cache(prompts.size(), 0);
                Logits logits = decoder.prefill(prompts, cache)) {
            float[][] rows = new float[logits.rows()][];
            Arrays.setAll(rows, logits::row);
            return rows;
        }
    }

    @Test
    void contrastiveAnswersEqualTheGoldens() {
        int tokens = CONTRASTIVE.get("max_new_tokens").asInt();
        for (JsonNode run : CONTRASTIVE.get("runs")) {
            String prompt = run.get("prompt").asText();
            float[] weakened = NOISED.floats(prompt + ".x" + run.get("t").asInt());
            var direction = Contrast.Direction.ofCode(run.get("direction").asText());
            var contrast = new Contrast(
                    direction,
                    CONTRASTIVE.get("alpha").asDouble(),
                    CONTRASTIVE.get("beta_cd").asDouble());
            var options = GenerationOptions.greedy(tokens).withContrast(contrast);
            // beside a row that ends elsewhere
            List<Generation> answers = generator.generate(
                    List.of(
                            request("prompt2", "other", NOISED.floats("prompt2.x500")),
                            request(prompt, "row", weakened)),
                    options);
            assertThat(answers.get(1).tokens()).as("%s", run).isEqualTo(ints(run.get("tokens")));
            assertThat(answers.get(1).finishReason().code())
                    .isEqualTo(run.get("finish_reason").asText());
            if (contrast.hasTwoBranches()) {
                assertThat(kept(request(prompt, "row", weakened), contrast))
                        .isEqualTo(run.get("kept").get(0).asInt());
            }
        }
    }

    /** Tokens at or above the plausibility cut, at the first position. */
    private static long kept(GenerationRequest request, Contrast contrast) {
        boolean weakenedFirst = contrast.direction() == Contrast.Direction.NOISED_MINUS_CLEAN;
        List<Decoder.Prompt> branches = new ArrayList<>(List.of(
                new Decoder.Prompt("weakened", request.weakenedPixels(), request.promptIds()),
                new Decoder.Prompt("clean", request.pixels(), request.promptIds())));
        if (!weakenedFirst) {
            Collections.reverse(branches);
        }
        float[][] logits = firstLogits(branches);
        float[] scores = logits[0];
        contrast.combine(scores, logits[1]);
        int count = 0;
        for (float score : scores) {
            count += score > Float.NEGATIVE_INFINITY ? 1 : 0;
        }
        return count;
    }

    @Test
    void aRowsDrawsAreItsOwn() {
        GenerationOptions options =
                GenerationOptions.sampling(12, 1, 0, 0.95, 7).withLogProbs();
        List<GenerationRequest> requests = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            requests.add(request("prompt" + i % 4, "row" + i, null));
        }
        List<Generation> inOrder = generator.generate(requests, options);
        Collections.shuffle(requests, new Random(1));
        List<Generation> shuffled = generator.generate(requests, options);
        for (Generation generation : shuffled) {
            Generation same = inOrder.stream()
                    .filter(g -> g.id().equals(generation.id()))
                    .findFirst()
                    .orElseThrow();
            assertThat(generation.tokens()).isEqualTo(same.tokens());
            assertThat(generation.logProbs()).containsExactly(same.logProbs(), within(1e-4));
        }
        // the same prompt in three rows: three draws
        assertThat(inOrder.get(0).tokens()).isNotEqualTo(inOrder.get(4).tokens());
        assertThat(inOrder.get(4).tokens()).isNotEqualTo(inOrder.get(8).tokens());
        GenerationRequest one = request("prompt1", "row1", null);
        assertThat(generator
                        .generate(List.of(one), options.withAttempt(1))
                        .get(0)
                        .tokens())
                .isNotEqualTo(inOrder.get(1).tokens());
        assertThat(generator
                        .generate(List.of(one), GenerationOptions.sampling(12, 1, 0, 0.95, 8))
                        .get(0)
                        .tokens())
                .isNotEqualTo(inOrder.get(1).tokens());
    }

    @Test
    void answersEndAtTheEndTokenOrTheLimit() {
        Generation cut = generator
                .generate(List.of(request("prompt0")), GenerationOptions.greedy(3))
                .get(0);
        assertThat(cut.tokens()).isEqualTo(Arrays.copyOf(ints(GREEDY.at("/greedy/0/tokens")), 3));
        assertThat(cut.finishReason()).isEqualTo(FinishReason.LENGTH);
        // the end on the very last token allowed is an end
        Generation exact = generator
                .generate(List.of(request("prompt0")), GenerationOptions.greedy(7))
                .get(0);
        assertThat(exact.finishReason()).isEqualTo(FinishReason.EOS);
        assertThat(generator.generate(List.of(), GenerationOptions.greedy(3))).isEmpty();
    }

    @Test
    void aRowMayHaveALimitOfItsOwn() {
        List<GenerationRequest> requests = List.of(
                request("prompt1").withMaxTokens(1),
                request("prompt1"),
                request("prompt1").withMaxTokens(5));
        List<Generation> answers = generator.generate(requests, GenerationOptions.greedy(4));
        assertThat(answers).extracting(a -> a.tokens().length).containsExactly(1, 4, 5);
        assertThat(answers.get(0).logProbs()).isNull();
    }

    @Test
    void severalTokensMayEndAnAnswerAndNoneBeforeTheLeastNumber() {
        int[] golden = ints(GREEDY.at("/greedy/0/tokens")); // seven, the last the end token
        try (var other = new Generator(model, null, Vocabulary.ofEndTokens(END, golden[2]), 4)) {
            Generation ended = other.generate(List.of(request("prompt0")), GenerationOptions.greedy(20))
                    .get(0);
            assertThat(ended.tokens()).isEqualTo(Arrays.copyOf(golden, 3));
            assertThat(ended.finishReason()).isEqualTo(FinishReason.EOS);
        }
        GenerationOptions options = GenerationOptions.greedy(20);
        Generation atItsEnd = generator
                .generate(List.of(request("prompt0")), options.withMinTokens(golden.length))
                .get(0);
        assertThat(atItsEnd.tokens()).isEqualTo(golden);
        // greedy in libtorch and by the copied row
        for (double penalty : new double[] {1, 1.0000001}) {
            GenerationOptions longer = options.withMinTokens(12).withRepetitionPenalty(penalty);
            for (Generation generation : generator.generate(allRequests(), longer)) {
                assertThat(generation.tokens()).hasSizeGreaterThanOrEqualTo(12);
                assertThat(Arrays.copyOf(generation.tokens(), 11)).doesNotContain(END);
            }
        }
    }

    @Test
    void aStopStringEndsTheAnswerAndIsCutOff() {
        String whole = generator
                .generate(
                        List.of(request("prompt1")),
                        GenerationOptions.greedy(16).withMinTokens(16))
                .get(0)
                .text();
        assertThat(whole).hasSizeGreaterThan(8);
        // across tokens, wherever they end
        for (int at = 1; at + 3 < whole.length(); at += 2) {
            String stop = whole.substring(at, at + 3);
            GenerationOptions options =
                    GenerationOptions.greedy(16).withMinTokens(16).withStopStrings(List.of("no such text", stop));
            Generation generation = generator.generate(allRequests(), options).get(1);
            assertThat(generation.text()).isEqualTo(whole.substring(0, whole.indexOf(stop)));
            assertThat(generation.finishReason().code()).isEqualTo("stop");
            assertThat(tokenizer.decodeResponse(generation.tokens())).contains(stop);
        }
        GenerationOptions never = GenerationOptions.greedy(16).withStopStrings(List.of("no such text"));
        assertThat(generator.generate(List.of(request("prompt0")), never).get(0).finishReason())
                .isEqualTo(FinishReason.EOS);
    }

    @Test
    void answersGoOutInTheOrderOfTheRequestsAndRequestsAreTakenAsPlacesBecomeFree() {
        List<String> events = new ArrayList<>();
        var counted = new Iterator<GenerationRequest>() {
            private int n;

            @Override
            public boolean hasNext() {
                return n < 5;
            }

            @Override
            public GenerationRequest next() {
                events.add("in " + n);
                return request("prompt1", "row" + n, null).withMaxTokens(n++ == 0 ? 6 : 2);
            }
        };
        try (var two = new Generator(model, null, vocabulary, 2)) {
            two.generate(counted, GenerationOptions.greedy(9), a -> events.add("out " + a.id()));
        }
        // row0 stays for six tokens; beside it rows 1 to 3 come and go, and wait for it
        assertThat(events.subList(0, 2)).containsExactly("in 0", "in 1");
        assertThat(events.stream().filter(e -> e.startsWith("out")))
                .containsExactly("out row0", "out row1", "out row2", "out row3", "out row4");
        assertThat(events.indexOf("in 2")).isLessThan(events.indexOf("out row0"));
        assertThat(events.indexOf("in 4")).isGreaterThan(events.indexOf("in 3"));
    }

    @Test
    void anAdapterChangesTheAnswers() {
        LoraAdapter adapter = LoraAdapter.read(folder("adapter"), model.config());
        var options = GenerationOptions.greedy(8).withLogProbs();
        List<Generation> adapted;
        try (var withAdapter = new Generator(model, adapter, vocabulary, 4)) {
            adapted = withAdapter.generate(allRequests(), options);
        }
        try (LlavaModel merged = adapter.merge(model);
                var plain = new Generator(merged, null, vocabulary, 4)) {
            List<Generation> expected = plain.generate(allRequests(), options);
            for (int i = 0; i < 4; i++) {
                assertThat(adapted.get(i).tokens()).isEqualTo(expected.get(i).tokens());
                assertThat(adapted.get(i).logProbs())
                        .containsExactly(expected.get(i).logProbs(), within(1e-4));
            }
        }
        assertThat(adapted.get(0).tokens())
                .isNotEqualTo(generator.generate(allRequests(), options).get(0).tokens());
    }

    @Test
    void memoryStaysFlat() {
        var contrast = new Contrast(Contrast.Direction.NOISED_MINUS_CLEAN, 1, 0.2);
        var options = GenerationOptions.greedy(6).withContrast(contrast);
        List<GenerationRequest> requests = List.of(
                request("prompt0", "a", NOISED.floats("prompt0.x900")),
                request("prompt2", "b", NOISED.floats("prompt2.x900")));
        long least = Long.MAX_VALUE;
        for (int block = 0; block < 5; block++) {
            long before = Pointer.physicalBytes();
            for (int i = 0; i < 60; i++) {
                generator.generate(requests, options);
            }
            least = Math.min(least, Pointer.physicalBytes() - before);
        }
        // one lost cache of four rows a round would be 34 MB in every block; the heap grows in one or two of them
        assertThat(least).isLessThan(17L << 20);
    }

    @Test
    void pixelsThatAreNoNumberAreAnErrorThatNamesTheRow() {
        float[] pixels = request("prompt0").pixels().clone();
        pixels[7] = Float.NaN;
        var broken = new GenerationRequest("broken", request("prompt0").promptIds(), pixels, null);
        for (double penalty : new double[] {1, 1.2}) {
            GenerationOptions options = GenerationOptions.greedy(3).withRepetitionPenalty(penalty);
            assertThatThrownBy(() -> generator.generate(List.of(request("prompt1"), broken), options))
                    .isInstanceOf(NonFiniteLogitsException.class)
                    .hasMessageContaining("row broken, token 0");
        }
    }

    @Test
    void refusesRowsByName() {
        var contrast = new Contrast(Contrast.Direction.NOISED, 1, 0.2);
        assertThatThrownBy(() -> generator.generate(
                        List.of(request("prompt0")), GenerationOptions.greedy(2).withContrast(contrast)))
                .hasMessage("row prompt0: contrast needs the weakened picture");
        assertThatThrownBy(() -> generator.generate(List.of(request("prompt0")), GenerationOptions.greedy(5000)))
                .hasMessageStartingWith("row prompt0: prompt of 29 and answer of up to 5000");
        var noPicture = new GenerationRequest("bare", request("prompt0").promptIds(), null, null);
        assertThatThrownBy(() -> generator.generate(List.of(noPicture), GenerationOptions.greedy(2)))
                .hasMessageContaining("row bare")
                .hasMessageContaining("16 image tokens");
        assertThatThrownBy(() -> generator.generate(
                        List.of(request("prompt0").withMaxTokens(5000)), GenerationOptions.greedy(2)))
                .hasMessageContaining("5000");
        var stop = GenerationOptions.greedy(2).withStopStrings(List.of("x"));
        try (var wordless = new Generator(model, null, Vocabulary.ofEndTokens(END), 1)) {
            assertThatThrownBy(() -> wordless.generate(allRequests(), stop)).hasMessageContaining("[x]");
        }
        assertThatThrownBy(() -> GenerationOptions.greedy(2).withStopStrings(List.of("")))
                .hasMessageContaining("stopStrings");
        assertThatThrownBy(() -> new Generator(model, null, vocabulary, 0)).hasMessageContaining("are 0");
        assertThatThrownBy(() -> new GenerationRequest("empty", new int[0], null, null))
                .hasMessageContaining("row empty");
        assertThatThrownBy(() -> new Generator(model, null, Vocabulary.ofEndTokens(640), 4))
                .hasMessageContaining("640");
    }
}
