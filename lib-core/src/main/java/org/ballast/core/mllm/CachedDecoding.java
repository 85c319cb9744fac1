package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.embedding;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A batch of prompts that is continued token by token on a key-value cache. Values go in and out as plain Java; what libtorch holds is freed by
 * {@link #close}. Belongs to one thread.
 */
public final class CachedDecoding implements AutoCloseable {
    /**
     * @param pixels {@code [channels, side, side]}, normalised; null without a picture; rows that share the array share its features
     * @param ids with the image token already repeated for every image feature
     */
    @SuppressWarnings("ArrayRecordComponent")
    public record Prompt(String id, float[] pixels, int[] ids) {}

    /**
     * What is known about the next token.
     *
     * @param logits {@code [rows][vocab]}
     * @param logSumExp {@code [rows]}: logit minus this is the log-probability
     */
    @SuppressWarnings("ArrayRecordComponent")
    public record Next(float[][] logits, double[] logSumExp) {}

    private final LlavaModel model;
    private final PointerScope scope; // holds the adapter's tensors
    private final Weights weights;
    private final KeyValueCache cache;

    private CachedDecoding(LlavaModel model, LoraAdapter adapter, int[] lengths) {
        this.model = model;
        this.scope = new PointerScope();
        this.weights = adapter == null ? model.weights() : adapter.over(model);
        this.cache = new KeyValueCache(lengths);
    }

    /** A decoding and the first token's scores. */
    public record Start(CachedDecoding decoding, Next next) {}

    /**
     * Reads the prompts.
     *
     * @param adapter null: the model as it is
     */
    public static Start start(LlavaModel model, LoraAdapter adapter, List<Prompt> prompts) {
        List<TokenBatch.Row> rows = new ArrayList<>();
        List<float[]> images = new ArrayList<>();
        Map<float[], Integer> known = new IdentityHashMap<>();
        for (Prompt prompt : prompts) {
            int image = -1;
            if (prompt.pixels != null) {
                image = known.computeIfAbsent(prompt.pixels, pixels -> {
                    images.add(pixels);
                    return images.size() - 1;
                });
            }
            rows.add(TokenBatch.Row.prompt(prompt.id, image, prompt.ids));
        }
        TokenBatch batch = new TokenBatch(model.config(), rows, images);
        var decoding = new CachedDecoding(model, adapter, batch.lengths());
        try {
            return new Start(decoding, decoding.read(batch));
        } catch (RuntimeException e) {
            decoding.close();
            throw e;
        }
    }

    private Next read(TokenBatch batch) {
        try (PointerScope step = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            return next(model.hidden(weights, batch, cache)); // [rows, hidden]
        }
    }

    public int rows() {
        return cache.rows();
    }

    /** Appends one token to each row. */
    public Next append(int... tokens) {
        if (tokens.length != rows()) {
            throw new IllegalArgumentException(tokens.length + " tokens for " + rows() + " rows");
        }
        long[] ids = new long[tokens.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = tokens[i];
        }
        try (PointerScope step = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            Tensor table = weights.tensor(LlavaTensors.EMBEDDING);
            Tensor x = embedding(table, Tensor.create(ids, ids.length, 1)); // [rows, 1, hidden]
            return next(model.decoder().step(weights, x, cache)); // [rows, hidden]
        }
    }

    private Next next(Tensor hidden) {
        Tensor logits =
                model.decoder().logits(weights, hidden).to(ScalarType.Float).contiguous(); // [rows, vocab]
        Tensor sums = logits.logsumexp(-1).contiguous(); // [rows]
        int rows = rows();
        int vocab = (int) logits.size(1);
        float[][] values = new float[rows][vocab];
        float[] sum = new float[rows];
        var from = new FloatPointer(logits.data_ptr());
        for (int r = 0; r < rows; r++) {
            from.position((long) r * vocab).get(values[r]);
        }
        new FloatPointer(sums.data_ptr()).get(sum);
        double[] logSumExp = new double[rows];
        for (int r = 0; r < rows; r++) {
            logSumExp[r] = sum[r];
        }
        return new Next(values, logSumExp);
    }

    /** Keeps these rows, in this order. */
    public void select(int... rows) {
        cache.select(rows);
    }

    @Override
    public void close() {
        cache.close();
        scope.close();
    }
}
