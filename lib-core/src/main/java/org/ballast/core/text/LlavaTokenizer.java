package org.ballast.core.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Prompts and responses of a LLaVA model to token ids, by a local {@code tokenizer.json}. No text becomes a special token: only the first image
 * token written in a prompt that has a picture stands for the picture; every other one, and any special token written out, is encoded as the
 * characters it consists of. Thread-safe.
 */
public final class LlavaTokenizer implements AutoCloseable {
    /** The file in a checkpoint directory. */
    public static final String FILE_NAME = "tokenizer.json";

    private static final ObjectMapper JSON = new ObjectMapper();

    /** The special tokens that the model's text is made of, as {@code tokenizer.json} writes them. */
    public record SpecialTokens(String image, String end, String pad) implements Serializable {
        public SpecialTokens {
            Objects.requireNonNull(image, "image");
            Objects.requireNonNull(end, "end");
            Objects.requireNonNull(pad, "pad");
        }

        /** {@code <image>}, {@code </s>}, {@code <pad>}. */
        public static SpecialTokens llava15() {
            return new SpecialTokens("<image>", "</s>", "<pad>");
        }
    }

    /** An earlier exchange of a conversation. */
    public record Turn(String prompt, String response) implements Serializable {}

    /** A prompt and a response within a limit. */
    @SuppressWarnings("ArrayRecordComponent")
    public record Fitted(int[] prompt, int[] response) {}

    private final PromptTemplate template;
    private final SpecialTokens tokens;
    private final NativeTokenizer parsing; // knows the special tokens: for the beginning token and for decoding
    private final NativeTokenizer plain; // knows none
    private final Map<String, JsonNode> special;
    private final int vocabularySize;
    private final int[] beginning;

    private LlavaTokenizer(byte[] json, String source, PromptTemplate template, SpecialTokens tokens)
            throws IOException {
        this.template = template;
        this.tokens = tokens;
        ObjectNode config = parse(json, source);
        special = specialTokens(config);
        for (String token : new String[] {tokens.image, tokens.end, tokens.pad}) {
            if (!special.containsKey(token)) {
                throw new IllegalArgumentException(source + ": no special token " + token + " among "
                        + special.keySet().stream().sorted().toList());
            }
        }
        vocabularySize = vocabularySize(config);
        parsing = new NativeTokenizer(json, source, 0);
        plain = new NativeTokenizer(JSON.writeValueAsBytes(withoutSpecialTokens(config)), source, 0);
        int[] marked = parsing.encode("a", true);
        int[] bare = parsing.encode("a", false);
        beginning = Arrays.copyOf(marked, Math.max(0, Collections.indexOfSubList(boxed(marked), boxed(bare))));
    }

    /**
     * Opens {@code tokenizer.json}, or the one in a checkpoint directory.
     *
     * @throws IllegalArgumentException naming the file, if it is no tokenizer or lacks one of the special tokens
     */
    public static LlavaTokenizer open(Path path, PromptTemplate template, SpecialTokens tokens) throws IOException {
        Path file = Files.isDirectory(path) ? path.resolve(FILE_NAME) : path;
        return new LlavaTokenizer(Files.readAllBytes(file), file.toString(), template, tokens);
    }

    /** The id that stands for one vision token. */
    public int imageId() {
        return special.get(tokens.image).get("id").asInt();
    }

    /** The id that ends a response. */
    public int endId() {
        return special.get(tokens.end).get("id").asInt();
    }

    /** The id that fills up a batch. */
    public int padId() {
        return special.get(tokens.pad).get("id").asInt();
    }

    /**
     * The id of a special token.
     *
     * @throws IllegalArgumentException if the tokenizer has no such special token
     */
    public int specialId(String token) {
        JsonNode found = special.get(token);
        if (found == null) {
            throw new IllegalArgumentException("no special token " + token + " among "
                    + special.keySet().stream().sorted().toList());
        }
        return found.get("id").asInt();
    }

    /** One more than the largest id. */
    public int vocabularySize() {
        return vocabularySize;
    }

    public PromptTemplate template() {
        return template;
    }

    /** {@link #encodePrompt(List, String, boolean, int)} without a history. */
    public int[] encodePrompt(String prompt, boolean hasPicture, int imageTokens) throws TextRejected {
        return encodePrompt(List.of(), prompt, hasPicture, imageTokens);
    }

    /**
     * The beginning token, then every earlier exchange (its prompt in the template, its response, the end token), then the prompt in the template.
     *
     * @param hasPicture whether the first image token written in the conversation's prompts stands for a picture
     * @param imageTokens how many vision tokens that picture has
     * @throws TextRejected if there is a picture, and no image token for it
     */
    public int[] encodePrompt(List<Turn> history, String prompt, boolean hasPicture, int imageTokens)
            throws TextRejected {
        if (hasPicture && imageTokens < 1) {
            throw new IllegalArgumentException("a picture of " + imageTokens + " image tokens");
        }
        IntStream.Builder ids = IntStream.builder();
        Arrays.stream(beginning).forEach(ids);
        boolean open = hasPicture;
        for (Turn turn : history) {
            open = addPrompt(ids, turn.prompt, open, imageTokens);
            Arrays.stream(encodeResponse(turn.response)).forEach(ids);
        }
        if (addPrompt(ids, prompt, open, imageTokens)) {
            throw new TextRejected(
                    TextRejected.Reason.NO_IMAGE_TOKEN,
                    "the prompt has a picture and no " + tokens.image + ": " + prompt);
        }
        return ids.build().toArray();
    }

    /** Adds one prompt in its template; returns whether a picture is still to be placed. */
    private boolean addPrompt(IntStream.Builder ids, String prompt, boolean open, int imageTokens) {
        int at = open ? prompt.indexOf(tokens.image) : -1;
        if (at < 0) {
            addPlain(ids, template.before() + prompt + template.after());
            return open;
        }
        JsonNode image = special.get(tokens.image);
        String left = template.before() + prompt.substring(0, at);
        String right = prompt.substring(at + tokens.image.length()) + template.after();
        addPlain(ids, image.path("lstrip").asBoolean() ? left.stripTrailing() : left);
        IntStream.range(0, imageTokens).map(i -> imageId()).forEach(ids);
        addPlain(ids, image.path("rstrip").asBoolean() ? right.stripLeading() : right);
        return false;
    }

    private void addPlain(IntStream.Builder ids, String text) {
        if (!text.isEmpty()) {
            Arrays.stream(encodePlain(text)).forEach(ids);
        }
    }

    /** The response behind the template's prefix, encoded alone, and the end token. */
    public int[] encodeResponse(String response) {
        int[] text = response.isEmpty() ? new int[0] : encodePlain(template.responsePrefix() + response);
        int[] ids = Arrays.copyOf(text, text.length + 1);
        ids[text.length] = endId();
        return ids;
    }

    private int[] encodePlain(String text) {
        int[] ids = plain.encode(text, false);
        for (int id : ids) {
            if (id == imageId() || id == endId() || id == padId()) {
                throw new IllegalStateException(
                        "the tokenizer's model itself makes the special token " + id + " of the text \"" + text + "\"");
            }
        }
        return ids;
    }

    /** Ids with special tokens parsed and the beginning token added on request, as the tokenizers library does by itself. */
    int[] parse(String text, boolean specialTokens) {
        return parsing.encode(text, specialTokens);
    }

    /** The text of ids; special tokens are left out. */
    public String decode(int[] ids) {
        return parsing.decode(ids, true);
    }

    /** The text of a response's ids, without the template's prefix. */
    public String decodeResponse(int[] ids) {
        String text = decode(ids);
        return text.startsWith(template.responsePrefix())
                ? text.substring(template.responsePrefix().length())
                : text;
    }

    /**
     * A prompt and a response of at most {@code maxLength} tokens together. The response is cut first, at its end and down to one token (a cut
     * response has no end token); then the prompt's text, from its start, so that the question and the template's end stay. The beginning token and
     * image tokens are never cut.
     *
     * @throws TextRejected naming the lengths, if what must stay does not fit
     */
    public Fitted fit(int[] prompt, int[] response, int maxLength) throws TextRejected {
        int excess = prompt.length + response.length - maxLength;
        if (excess <= 0) {
            return new Fitted(prompt, response);
        }
        int fromResponse = Math.min(excess, Math.max(0, response.length - 1));
        int fromPrompt = excess - fromResponse;
        int[] shorter = fromPrompt == 0 ? prompt : withoutFirstText(prompt, fromPrompt);
        if (prompt.length - shorter.length < fromPrompt) {
            long imageTokens =
                    Arrays.stream(prompt).filter(id -> id == imageId()).count();
            throw new TextRejected(
                    TextRejected.Reason.TOO_LONG,
                    "prompt of %d tokens (%d of them image tokens) and response of %d do not fit %d"
                            .formatted(prompt.length, imageTokens, response.length, maxLength));
        }
        return new Fitted(shorter, Arrays.copyOf(response, response.length - fromResponse));
    }

    private int[] withoutFirstText(int[] prompt, int count) {
        int kept = Arrays.mismatch(beginning, 0, beginning.length, prompt, 0, Math.min(beginning.length, prompt.length))
                        < 0
                ? beginning.length
                : 0;
        int[] left = {count};
        return IntStream.range(0, prompt.length)
                .filter(i -> i < kept || prompt[i] == imageId() || left[0]-- <= 0)
                .map(i -> prompt[i])
                .toArray();
    }

    private static ObjectNode parse(byte[] json, String source) {
        try {
            if (JSON.readTree(json) instanceof ObjectNode config
                    && config.path("model").isObject()) {
                return config;
            }
        } catch (IOException e) { // bytes that are no text are one too
            throw new IllegalArgumentException(source + ": no JSON: " + e.getMessage(), e);
        }
        throw new IllegalArgumentException(source + ": no tokenizer: it has no model");
    }

    private static Map<String, JsonNode> specialTokens(ObjectNode config) {
        Map<String, JsonNode> special = new HashMap<>();
        for (JsonNode token : config.path("added_tokens")) {
            if (token.path("special").asBoolean()) {
                special.put(token.path("content").asText(), token);
            }
        }
        return special;
    }

    private static int vocabularySize(ObjectNode config) {
        int size = config.path("model").path("vocab").size();
        for (JsonNode token : config.path("added_tokens")) {
            size = Math.max(size, token.path("id").asInt() + 1);
        }
        return size;
    }

    /** The same tokenizer, to which special tokens are text: it neither looks for them nor merges characters into one. */
    private static ObjectNode withoutSpecialTokens(ObjectNode config) {
        Set<String> special = specialTokens(config).keySet();
        ObjectNode text = config.deepCopy();
        text.putNull("post_processor");
        ArrayNode added = text.putArray("added_tokens");
        for (JsonNode token : config.path("added_tokens")) {
            if (!token.path("special").asBoolean()) {
                added.add(token);
            }
        }
        if (config.path("model").path("merges").isArray()) {
            ArrayNode merges = ((ObjectNode) text.get("model")).putArray("merges");
            for (JsonNode merge : config.path("model").path("merges")) {
                String merged = merge.isArray()
                        ? merge.path(0).asText() + merge.path(1).asText()
                        : merge.asText().replace(" ", "");
                if (!special.contains(merged)) {
                    merges.add(merge);
                }
            }
        }
        return text;
    }

    private static List<Integer> boxed(int[] ids) {
        return Arrays.stream(ids).boxed().toList();
    }

    @Override
    public void close() {
        parsing.close();
        plain.close();
    }
}
