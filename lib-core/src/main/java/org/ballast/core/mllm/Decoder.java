package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.embedding;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Next-token logits with a key/value cache: {@link #prefill} reads the prompts, {@link #step} one more token a row. What becomes a token is the caller's to
 * choose. Safe for several threads, each with states of its own. Does not own the model.
 *
 * <p>Logits depend in the last bits on the rows that are computed together: whoever wants the same result twice groups the same rows.
 */
public final class Decoder implements AutoCloseable {
    /**
     * @param pixels {@code [channels, side, side]}, normalised; null without a picture
     * @param ids prompt with the image token already repeated for every image feature
     */
    public record Prompt(String id, float[] pixels, int[] ids) {}

    /** Logits {@code [rows][vocab]} of the next token, and the cache behind them. */
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

    /** Reads the prompts, of any lengths, and gives the logits behind the last token of each. */
    public State prefill(List<Prompt> prompts) {
        List<TokenBatch.Row> rows = new ArrayList<>();
        List<float[]> images = new ArrayList<>();
        for (Prompt prompt : prompts) {
            rows.add(TokenBatch.Row.prompt(prompt.id(), prompt.pixels() == null ? -1 : images.size(), prompt.ids()));
            if (prompt.pixels() != null) {
                images.add(prompt.pixels());
            }
        }
        TokenBatch batch = new TokenBatch(model.config(), rows, images);
        KeyValueCache cache = new KeyValueCache(batch.lengths());
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            Tensor hidden = model.hidden(held.weights(), batch, cache); // [rows, d]
            return new State(rows(model.decoder().block().logits(held.weights(), hidden)), cache);
        } catch (RuntimeException e) {
            cache.close();
            throw e;
        }
    }

    /**
     * Feeds one token a row and gives the logits of the next; the cache grows by one token.
     *
     * @param ids one text token for each row of the cache
     */
    public float[][] step(int[] ids, KeyValueCache cache) {
        if (ids.length != cache.rows()) {
            throw new IllegalArgumentException(ids.length + " tokens for a cache of " + cache.rows() + " rows");
        }
        TextConfig text = model.config().text();
        long[] tokens = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] < 0
                    || ids[i] >= text.vocabSize()
                    || ids[i] == model.config().imageTokenId()) {
                throw new IllegalArgumentException("token " + ids[i] + " of row " + i + " is no text token");
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
            Tensor x = embedding(table, Tensor.create(tokens, tokens.length)); // [rows, d]
            Tensor hidden = step.hidden(held.weights(), x, cache); // [rows, d]
            return rows(model.decoder().block().logits(held.weights(), hidden));
        }
    }

    private static float[][] rows(Tensor logits) {
        Tensor plain = logits.to(ScalarType.Float).contiguous(); // [rows, vocab]
        int vocab = (int) plain.size(1);
        float[][] out = new float[(int) plain.size(0)][vocab];
        FloatPointer data = new FloatPointer(plain.data_ptr());
        for (int r = 0; r < out.length; r++) {
            data.position((long) r * vocab).get(out[r]);
        }
        return out;
    }

    @Override
    public void close() {
        held.close();
    }
}
