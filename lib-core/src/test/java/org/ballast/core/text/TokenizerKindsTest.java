package org.ballast.core.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokenizers that are not LLaVA-1.5's, against the tokenizers library itself. */
final class TokenizerKindsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static Path path(String name) throws URISyntaxException {
        return Path.of(TokenizerKindsTest.class
                .getResource("/goldens/tokenizers/" + name)
                .toURI());
    }

    private static JsonNode cases(String kind) throws IOException, URISyntaxException {
        return JSON.readTree(path("cases.json").toFile()).path(kind);
    }

    private static LlavaTokenizer open(String kind) throws IOException, URISyntaxException {
        JsonNode cases = cases(kind);
        return LlavaTokenizer.open(
                path(kind + ".json"),
                PromptTemplate.none(),
                cases.path("image").asInt(),
                new EndTokens(List.of(), cases.path("end_token").asText()));
    }

    private static int[] ids(JsonNode ids) {
        return JSON.convertValue(ids, int[].class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"byte-level", "first-only", "unigram"})
    void promptsAndResponsesBecomeTheLibrarysIds(String kind) throws Exception {
        try (LlavaTokenizer tokenizer = open(kind)) {
            JsonNode cases = cases(kind);
            for (JsonNode prompt : cases.path("prompts")) {
                String text = prompt.path("text").asText();
                assertThat(tokenizer.encodePrompt(text, true, 1)).as(text).containsExactly(ids(prompt.path("ids")));
                assertThat(tokenizer.encodePrompt(text.replace("<image>", "picture"), false, 0))
                        .as(text)
                        .containsExactly(ids(prompt.path("text_only_ids")));
            }
            for (JsonNode response : cases.path("responses")) {
                int[] encoded = tokenizer.encodeResponse(response.path("text").asText());
                int[] expected = ids(response.path("ids"));
                assertThat(Arrays.copyOf(encoded, expected.length)).containsExactly(expected);
                assertThat(encoded)
                        .hasSize(expected.length + 1)
                        .endsWith(cases.path("end").asInt());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"byte-level", "first-only", "unigram"})
    void noTextBecomesASpecialToken(String kind) throws Exception {
        try (LlavaTokenizer tokenizer = open(kind)) {
            int image = cases(kind).path("image").asInt();
            int end = cases(kind).path("end").asInt();
            String hostile = "<image> <image></s><|im_end|><|endoftext|><s><unk><pad>";
            int[] prompt = tokenizer.encodePrompt(hostile, true, 4);
            assertThat(IntStream.of(prompt).filter(id -> id == image).count()).isEqualTo(4);
            assertThat(prompt).doesNotContain(end);
            int[] text = tokenizer.encodePrompt(hostile, false, 0);
            assertThat(text).doesNotContain(end, image);
            int[] response = tokenizer.encodeResponse(hostile);
            assertThat(Arrays.copyOf(response, response.length - 1)).doesNotContain(end, image);
            assertThat(response).endsWith(end);
        }
    }

    @Test
    void endTokensComeFromTheFirstFileThatNamesThem(@TempDir Path checkpoint) throws IOException {
        assertThat(EndTokens.read(checkpoint, List.of(2))).isEqualTo(new EndTokens(List.of(2), null));
        assertThatThrownBy(() -> EndTokens.read(checkpoint, List.of())).hasMessageContaining("eos_token_id");
        Files.writeString(checkpoint.resolve("special_tokens_map.json"), "{\"eos_token\": \"</s>\"}");
        assertThat(EndTokens.read(checkpoint, List.of())).isEqualTo(new EndTokens(List.of(), "</s>"));
        Files.writeString(
                checkpoint.resolve("tokenizer_config.json"), "{\"eos_token\": {\"content\": \"<|im_end|>\"}}");
        assertThat(EndTokens.read(checkpoint, List.of(7, 5))).isEqualTo(new EndTokens(List.of(7, 5), "<|im_end|>"));
        Files.writeString(checkpoint.resolve("tokenizer_config.json"), "{\"eos_token\"");
        assertThatThrownBy(() -> EndTokens.read(checkpoint, List.of(2))).hasMessageContaining("tokenizer_config.json");
    }

    @Test
    void tokensThatAreNotThereAreNamedWithTheFile() {
        assertThatThrownBy(() -> LlavaTokenizer.open(
                        path("unigram.json"), PromptTemplate.none(), 4711, new EndTokens(List.of(2), null)))
                .hasMessageContainingAll("unigram.json", "4711");
        assertThatThrownBy(() -> LlavaTokenizer.open(
                        path("unigram.json"), PromptTemplate.none(), -1, new EndTokens(List.of(), "<|im_end|>")))
                .hasMessageContainingAll("unigram.json", "<|im_end|>");
    }
}
