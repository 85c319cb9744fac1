package org.ballast.core.text;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * Prompts and responses of a LLaVA model to token ids, by a local {@code tokenizer.json}. No text becomes a special token: only the first image
 * token written in a prompt that has a picture stands for the picture; every other one, and any special token written out, is encoded as the
 * characters it consists of. Thread-safe.
 */
public final class LlavaTokenizer implements AutoCloseable {
    /** The file in a checkpoint directory. */
    public static final String FILE_NAME = TokenizerFile.NAME;

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

    private static final int NONE = -1;

    private final PromptTemplate template;
    private final TokenizerFile file;
    private final int imageId;
    private final int endId;
    private final int padId;
    private final NativeTokenizer parsing; // knows the special tokens: for the beginning token and for decoding
    private final NativeTokenizer plain; // knows none but by a name that no text can hold
    private final String placeholder; // the image token's name there
    private final int[] beginning;

    private LlavaTokenizer(TokenizerFile file, PromptTemplate template, int imageId, int endId, int padId)
            throws IOException {
        this.file = file;
        this.template = template;
        this.imageId = imageId;
        this.endId = endId;
        this.padId = padId;
        TokenizerFile.Plain text = file.withoutSpecialTokens(
                IntStream.of(imageId, endId, padId).filter(id -> id != NONE).toArray());
        parsing = new NativeTokenizer(file.json(), file.source(), 0);
        plain = new NativeTokenizer(text.json(), file.source(), 0);
        placeholder = text.name(imageId);
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
        TokenizerFile file = TokenizerFile.read(path);
        return new LlavaTokenizer(
                file, template, file.addedId(tokens.image), file.addedId(tokens.end), file.addedId(tokens.pad));
    }

    /**
     * Opens the {@code tokenizer.json} of a checkpoint directory whose special tokens its other files name.
     *
     * @param imageId id of the image token; negative: the model reads text only
     * @throws IllegalArgumentException naming the file, if it is no tokenizer or lacks one of the special tokens
     */
    public static LlavaTokenizer open(Path checkpoint, PromptTemplate template, int imageId, EndTokens ends)
            throws IOException {
        TokenizerFile file = TokenizerFile.read(checkpoint);
        if (imageId >= 0) {
            file.content(imageId);
        }
        int endId = ends.written() == null ? ends.stops().get(0) : file.id(ends.written());
        file.content(endId);
        return new LlavaTokenizer(file, template, imageId < 0 ? NONE : imageId, endId, NONE);
    }

    /** The id that stands for one vision token; negative for a model that reads text only. */
    public int imageId() {
        return imageId;
    }

    /** The id that ends a response. */
    public int endId() {
        return endId;
    }

    /** The id that fills up a batch; negative where none was named. */
    public int padId() {
        return padId;
    }

    /**
     * The id of a special token.
     *
     * @throws IllegalArgumentException if the tokenizer has no such special token
     */
    public int specialId(String token) {
        return file.addedId(token);
    }

    /** One more than the largest id. */
    public int vocabularySize() {
        return file.vocabularySize();
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
                    "the prompt has a picture and no " + imageToken() + ": " + prompt);
        }
        return ids.build().toArray();
    }

    /** Adds one prompt in its template; returns whether a picture is still to be placed. */
    private boolean addPrompt(IntStream.Builder ids, String prompt, boolean open, int imageTokens) {
        int at = open ? prompt.indexOf(imageToken()) : -1;
        if (at < 0) {
            addPlain(ids, template.before() + prompt + template.after());
            return open;
        }
        // in one call: what a tokenizer does at the start of a text it must not do again behind the picture
        String text = template.before()
                + prompt.substring(0, at)
                + placeholder
                + prompt.substring(at + imageToken().length())
                + template.after();
        for (int id : plain.encode(text, false)) {
            if (id == imageId) {
                IntStream.range(0, imageTokens).map(i -> imageId).forEach(ids);
            } else {
                ids.add(id);
            }
        }
        return false;
    }

    private String imageToken() {
        if (imageId == NONE) {
            throw new IllegalArgumentException("a picture for a tokenizer that has no image token");
        }
        return file.content(imageId);
    }

    private void addPlain(IntStream.Builder ids, String text) {
        if (!text.isEmpty()) {
            Arrays.stream(plain.encode(text, false)).forEach(ids);
        }
    }

    /** The response behind the template's prefix, encoded alone, and the end token. */
    public int[] encodeResponse(String response) {
        int[] text = response.isEmpty() ? new int[0] : plain.encode(template.responsePrefix() + response, false);
        int[] ids = Arrays.copyOf(text, text.length + 1);
        ids[text.length] = endId;
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
            long imageTokens = Arrays.stream(prompt).filter(id -> id == imageId).count();
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
                .filter(i -> i < kept || prompt[i] == imageId || left[0]-- <= 0)
                .map(i -> prompt[i])
                .toArray();
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
