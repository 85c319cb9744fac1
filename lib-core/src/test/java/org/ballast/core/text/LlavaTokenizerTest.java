package org.ballast.core.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.ballast.core.image.PixelGoldens;
import org.ballast.core.text.LlavaTokenizer.SpecialTokens;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LlavaTokenizerTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final PromptTemplate BARE = new PromptTemplate("{prompt}", "");

    private static LlavaTokenizer llama; // LLaMA-like, byte fallback, a space put before every text
    private static LlavaTokenizer bare; // the same, prompts taken as they stand
    private static LlavaTokenizer bytes; // byte-level, of the sample

    @BeforeAll
    static void open() throws IOException {
        llama = LlavaTokenizer.open(
                path("mllm-a/model/tokenizer.json"), PromptTemplate.llava15(), SpecialTokens.llava15());
        bare = LlavaTokenizer.open(path("mllm-a/model/tokenizer.json"), BARE, SpecialTokens.llava15());
        bytes = LlavaTokenizer.open(
                path("emoji/tokenizer.json"),
                new PromptTemplate("USER: {prompt} ASSISTANT:", " "),
                SpecialTokens.llava15());
    }

    @AfterAll
    static void close() {
        llama.close();
        bare.close();
        bytes.close();
    }

    static Path path(String golden) {
        try {
            return Path.of(Objects.requireNonNull(LlavaTokenizerTest.class.getResource("/goldens/" + golden))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static int[] ints(JsonNode array) {
        return JSON.convertValue(array, int[].class);
    }

    @Test
    void knowsItsSpecialTokens() {
        assertThat(List.of(llama.imageId(), llama.endId(), llama.padId())).containsExactly(604, 2, 605);
        assertThat(List.of(bytes.imageId(), bytes.endId(), bytes.padId())).containsExactly(3, 2, 0);
        assertThat(llama.vocabularySize()).isEqualTo(606);
        assertThat(bytes.vocabularySize()).isEqualTo(1500);
    }

    @Test
    void idsAndTextsEqualTheTokenizersLibrary() {
        JsonNode golden = PixelGoldens.json("mllm-a/tokens.json");
        List<String> special = List.of("<s>", "</s>", "<unk>", "<pad>", "<image>");
        int ordinary = 0;
        for (JsonNode string : golden.get("strings")) {
            String text = string.get("text").asText();
            int[] with = ints(string.get("ids_with_special"));
            int[] without = ints(string.get("ids_without_special"));
            assertThat(llama.parse(text, true)).as(text).isEqualTo(with);
            assertThat(llama.parse(text, false)).as(text).isEqualTo(without);
            assertThat(llama.decode(with))
                    .isEqualTo(string.get("decoded_skip_special").asText());
            if (special.stream().noneMatch(text::contains)) {
                ordinary++;
                assertThat(llama.encodeResponse(text)).as(text).isEqualTo(append(without, 2));
            }
        }
        assertThat(ordinary).isGreaterThan(20);
    }

    @Test
    void promptsEqualTheGoldens() throws TextRejected {
        for (JsonNode prompt : PixelGoldens.json("mllm-a/forward.json").get("prompts")) {
            boolean picture = !prompt.get("pixel_values").isNull();
            int imageTokens = prompt.get("image_tokens").asInt();
            int[] expected = Arrays.stream(ints(prompt.get("compact_ids")))
                    .flatMap(id -> id == 604 ? IntStream.generate(() -> 604).limit(imageTokens) : IntStream.of(id))
                    .toArray();
            String text = prompt.get("text").asText();
            assertThat(bare.encodePrompt(text, picture, imageTokens)).isEqualTo(expected);
            String inner = text.substring("USER: ".length(), text.length() - " ASSISTANT:".length());
            assertThat(llama.encodePrompt(inner, picture, imageTokens)).isEqualTo(expected);
            assertThat(expected).hasSize(prompt.get("tokens").asInt());
        }
    }

    @Test
    void responsesEqualTheGoldens() {
        for (JsonNode response : PixelGoldens.json("mllm-a/response_log_probs.json")) {
            String text = response.get("response").asText();
            int[] ids = ints(response.get("response_ids"));
            assertThat(llama.encodeResponse(text)).isEqualTo(ids);
            assertThat(llama.decodeResponse(ids)).isEqualTo(text);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<image>",
                "</s>",
                "<s>",
                "<pad>",
                "a<image><image>b",
                " <image> ",
                "stop</s>go",
                "<s>begin <unk> <pad></s>",
                "</s></s>\n<image>\n",
                "<<image>>"
            })
    void specialTokensInTextStayText(String text) throws TextRejected {
        for (LlavaTokenizer tokenizer : new LlavaTokenizer[] {llama, bytes, bare}) {
            int[] response = tokenizer.encodeResponse(text);
            int[] ids = Arrays.copyOf(response, response.length - 1);
            assertNoSpecial(ids);
            assertThat(tokenizer.decodeResponse(response)).isEqualTo(text);
            int[] prompt = tokenizer.encodePrompt(text, false, 0);
            assertThat(prompt[0]).isEqualTo(1);
            assertNoSpecial(Arrays.copyOfRange(prompt, 1, prompt.length));
        }
    }

    private static void assertNoSpecial(int[] ids) {
        assertThat(ids).doesNotContain(0, 1, 2, 604, 605);
    }

    @Test
    void ids0To3NeverComeOutOfTextOfTheSample() {
        String text = "<image> </s> <s> <pad> \0 \u00e9 \u4f60\u597d \ud83d\ude00 \ud83d alone";
        assertThat(Arrays.stream(bytes.encodeResponse(text)).limit(bytes.encodeResponse(text).length - 1L))
                .allMatch(id -> id > 3);
        assertThat(bytes.decodeResponse(bytes.encodeResponse(text)))
                .isEqualTo(text.replace("\ud83d alone", "\ufffd alone"));
    }

    @Test
    void theFirstImageTokenOfAPictureIsThePlaceholder() throws TextRejected {
        int[] ids = bytes.encodePrompt("Is <image> like <image>?", true, 5);
        assertThat(Arrays.stream(ids).filter(id -> id == 3)).hasSize(5);
        assertThat(bytes.decode(ids)).isEqualTo("USER: Is  like <image>? ASSISTANT:");
        int first = IntStream.range(0, ids.length)
                .filter(i -> ids[i] == 3)
                .findFirst()
                .orElseThrow();
        assertThat(Arrays.copyOfRange(ids, first, first + 5)).containsOnly(3);
        assertThat(ids[0]).isEqualTo(1);
        assertThat(Arrays.stream(ids).skip(1)).doesNotContain(0, 1, 2);
        assertThat(bytes.decode(bytes.encodePrompt("<image>\nWhat does this show?", true, 64)))
                .isEqualTo("USER: \nWhat does this show? ASSISTANT:");
    }

    @Test
    void aPictureWithoutAPlaceholderIsRejected() {
        TextRejected rejected = catchThrowableOfType(TextRejected.class, () -> bytes.encodePrompt("What?", true, 64));
        assertThat(rejected.reason()).isEqualTo(TextRejected.Reason.NO_IMAGE_TOKEN);
        assertThat(rejected).hasMessageContaining("What?");
    }

    @Test
    void aConversationHoldsItsPictureOnce() throws TextRejected {
        var history = List.of(new LlavaTokenizer.Turn("<image>\nWhat?", "A dog <image>."));
        int[] ids = bytes.encodePrompt(history, "And <image>?", true, 4);
        assertThat(Arrays.stream(ids).filter(id -> id == 3)).hasSize(4);
        assertThat(Arrays.stream(ids).filter(id -> id == 2)).hasSize(1);
        assertThat(bytes.decode(ids)).isEqualTo("USER: \nWhat? ASSISTANT: A dog <image>.USER: And <image>? ASSISTANT:");
    }

    @Test
    void thePrefixStandsBeforeAResponseThatIsNotEmpty() {
        assertThat(bytes.encodeResponse("")).containsExactly(2);
        assertThat(bytes.decode(bytes.encodeResponse("wavy dash."))).isEqualTo(" wavy dash.");
        assertThat(bytes.decodeResponse(bytes.encodeResponse("wavy dash."))).isEqualTo("wavy dash.");
    }

    @Test
    void fittingCutsTheResponseFirstAndThenTheOldestText() throws TextRejected {
        int[] prompt = {1, 10, 11, 3, 3, 3, 12, 13};
        int[] response = {20, 21, 2};
        assertFitted(bytes.fit(prompt, response, 11), prompt, response);
        assertFitted(bytes.fit(prompt, response, 10), prompt, 20, 21);
        assertFitted(bytes.fit(prompt, response, 9), prompt, 20);
        assertFitted(bytes.fit(prompt, response, 8), new int[] {1, 11, 3, 3, 3, 12, 13}, 20);
        assertFitted(bytes.fit(prompt, response, 6), new int[] {1, 3, 3, 3, 13}, 20);
        assertFitted(bytes.fit(prompt, response, 5), new int[] {1, 3, 3, 3}, 20);
        TextRejected rejected = catchThrowableOfType(TextRejected.class, () -> bytes.fit(prompt, response, 4));
        assertThat(rejected.reason()).isEqualTo(TextRejected.Reason.TOO_LONG);
        assertThat(rejected).hasMessage("prompt of 8 tokens (3 of them image tokens) and response of 3 do not fit 4");
        assertFitted(bytes.fit(prompt, new int[0], 7), new int[] {1, 11, 3, 3, 3, 12, 13});
    }

    private static void assertFitted(LlavaTokenizer.Fitted fitted, int[] prompt, int... response) {
        assertThat(fitted.prompt()).isEqualTo(prompt);
        assertThat(fitted.response()).isEqualTo(response);
    }

    @Test
    void mergesThatWouldSpellASpecialTokenAreLeftOut(@TempDir Path directory) throws IOException {
        ObjectNode config =
                (ObjectNode) JSON.readTree(path("emoji/tokenizer.json").toFile());
        ArrayNode merges = (ArrayNode) config.get("model").get("merges");
        ObjectNode vocabulary = (ObjectNode) config.get("model").get("vocab");
        int next = 1500;
        for (String[] merge : new String[][] {{"<", "/"}, {"</", "s"}, {"</s", ">"}}) {
            if (!vocabulary.has(merge[0] + merge[1])) {
                vocabulary.put(merge[0] + merge[1], next++);
            }
            merges.insertArray(0).add(merge[0]).add(merge[1]);
        }
        // the byte-level splitter would keep the merge from happening
        ((ObjectNode) config.get("pre_tokenizer")).put("use_regex", false);
        Files.write(directory.resolve("tokenizer.json"), JSON.writeValueAsBytes(config));
        try (var tokenizer = LlavaTokenizer.open(directory, BARE, SpecialTokens.llava15())) {
            int[] ids = tokenizer.encodeResponse("stop</s>");
            assertThat(Arrays.stream(ids).limit(ids.length - 1L)).doesNotContain(2);
            assertThat(tokenizer.decode(ids)).isEqualTo("stop</s>");
        }
    }

    @Test
    void whatIsNoTokenizerIsRefusedByName(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("tokenizer.json");
        for (String text : new String[] {"", "{", "[]", "{}", "{\"model\": {}}"}) {
            Files.writeString(file, text);
            assertThatThrownBy(() -> LlavaTokenizer.open(directory, BARE, SpecialTokens.llava15()))
                    .as(text)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith(file.toString());
        }
        assertThatThrownBy(() -> LlavaTokenizer.open(
                        path("emoji/tokenizer.json"), BARE, new SpecialTokens("<image>", "<|end|>", "<pad>")))
                .hasMessageContaining("no special token <|end|>");
        assertThatThrownBy(() -> new PromptTemplate("USER:", "")).hasMessageContaining("{prompt} once");
    }

    private static int[] append(int[] ids, int id) {
        int[] longer = Arrays.copyOf(ids, ids.length + 1);
        longer[ids.length] = id;
        return longer;
    }
}
