package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.embedding;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Next-token logits with a key/value cache: {@link #prefill} reads prompts into new rows of the cache, {@link #step} one more token a row. What becomes a token is
 * the caller's to choose. Safe for several threads, each with caches of its own. Does not own the model.
 *
 * <p>Logits depend in the last bits on the rows that are computed together: whoever wants the same result twice groups the same rows.
 */
public final class Decoder implements AutoCloseable {
    /**
     * @param pixels {@code [channels, side, side]}, normalised; null without a picture
     * @param ids prompt with the image token already repeated for every image feature
     */
    public record Prompt(String id, float[] pixels, int[] ids) {}

    /** Logits {@code [rows][vocab]} of the next token of a batch by itself, and the cache behind them. */
    public record State(float[][] logits, KeyValueCache cache) implements AutoCloseable {
        @Override
        public void close() {
            cache.close();
        }
    }

    private final LlavaModel model;
    private final LlavaModel.HeldWeights held;
    private final CachedStep step;

    /** @param adapterOrNull adapter to decode with; null: the model alone */
    public Decoder(LlavaModel model, LoraAdapter adapterOrNull) {
        this.model = model;
        this.held = model.held(adapterOrNull);
        this.step = new CachedStep(model.config().text());
    }

    public LlavaConfig config() {
        return model.config();
    }

    /**
     * An empty cache; it grows beyond what is expected where it must.
     *
     * @param expectedRows rows at once
     * @param room tokens behind a prompt
     */
    public KeyValueCache cache(int expectedRows, int room) {
        return new KeyValueCache(model.config().text().layers(), expectedRows, room);
    }

    /** Reads the prompts, of any lengths, into new rows behind those of the cache, and gives the logits behind the last token of each. */
    public Logits prefill(List<Prompt> prompts, KeyValueCache cache) {
        List<TokenBatch.Row> rows = new ArrayList<>();
        List<float[]> images = new ArrayList<>();
        for (Prompt prompt : prompts) {
            rows.add(TokenBatch.Row.prompt(prompt.id(), image(prompt.pixels(), images), prompt.ids()));
        }
        TokenBatch batch = new TokenBatch(model.config(), rows, images);
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            cache.join(batch.lengths());
            Tensor hidden = model.hidden(held.weights(), batch, cache); // [rows, d]
            cache.joined();
            return new Logits(model.decoder().block().logits(held.weights(), hidden));
        }
    }

    /** Reads the prompts into a cache of their own. */
    public State prefill(List<Prompt> prompts) {
        KeyValueCache cache = cache(prompts.size(), 0);
        try (Logits logits = prefill(prompts, cache)) {
            float[][] rows = new float[logits.rows()][];
            Arrays.setAll(rows, logits::row);
            return new State(rows, cache);
        } catch (RuntimeException e) {
            cache.close();
            throw e;
        }
    }

    /** The picture's place in the list, where it is put unless it is there already; -1 for null. */
    private static int image(float[] pixels, List<float[]> images) {
        if (pixels == null) {
            return -1;
        }
        for (int i = 0; i < images.size(); i++) {
            if (images.get(i) == pixels) {
                return i;
            }
        }
        images.add(pixels);
        return images.size() - 1;
    }

    /**
     * Feeds one token a row and gives the logits of the next; the cache grows by one token. The image token counts as a text token here, as in transformers.
     *
     * @param ids one token for each row of the cache
     */
    public Logits step(int[] ids, KeyValueCache cache) {
        if (ids.length != cache.rows()) {
            throw new IllegalArgumentException(ids.length + " tokens for a cache of " + cache.rows() + " rows");
        }
        TextConfig text = model.config().text();
        long[] tokens = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] < 0 || ids[i] >= text.vocabSize()) {
                throw new IllegalArgumentException(
                        "token " + ids[i] + " of row " + i + " is outside the vocabulary of " + text.vocabSize());
            }
            if (cache.length(i) >= text.maxPositions()) {
                throw new IllegalArgumentException("row " + i + " holds " + cache.length(i) + " tokens; the model has "
                        + text.maxPositions() + " positions");
            }
            tokens[i] = ids[i];
        }
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            Tensor table = held.weights().tensor(LlavaTensors.EMBEDDING); // [vocab, d]
            Tensor fed = Tensor.create(tokens, tokens.length).to(table.device(), ScalarType.Long); // [rows]
            Tensor hidden = step.hidden(held.weights(), embedding(table, fed), cache); // [rows, d]
            return new Logits(model.decoder().block().logits(held.weights(), hidden));
        }
    }

    @Override
    public void close() {
        held.close();
    }
}
