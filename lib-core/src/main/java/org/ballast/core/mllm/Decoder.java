package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.embedding;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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

    private final LlavaModel model;
    private final LlavaModel.HeldWeights held;
    private final Weights weights;
    private final CachedStep step;

    /** @param adapterOrNull adapter to decode with; null: the model alone */
    public Decoder(LlavaModel model, LoraAdapter adapterOrNull) {
        this.model = model;
        this.held = model.held(adapterOrNull);
        this.weights = model.forDecoding(held.weights());
        this.step = new CachedStep(model.config().text(), block());
    }

    public LlavaConfig config() {
        return model.config();
    }

    /**
     * An empty cache; it grows beyond what is expected where it must. It is of the weights' type, but float32 for bf16 on the CPU: there libtorch's attention of a single
     * query reads bf16 at a fifth of the speed of {@link CachedAttention} in float32.
     *
     * @param expectedRows rows at once
     * @param room tokens behind a prompt
     */
    public KeyValueCache cache(int expectedRows, int room) {
        boolean wide = weights.device().is_cpu() && weights.type() == ScalarType.BFloat16;
        ScalarType type = wide ? ScalarType.Float : weights.type();
        return new KeyValueCache(model.config().text().layers(), type, expectedRows, room);
    }

    /** Reads the prompts, of any lengths, into new rows behind those of the cache, and gives the logits behind the last token of each. */
    public Logits prefill(List<Prompt> prompts, KeyValueCache cache) {
        Map<ImageInput, Integer> images = new LinkedHashMap<>();
        List<PackedBatch.Group> rows = new ArrayList<>();
        for (Prompt prompt : prompts) {
            ImageInput image = ImageInput.ofPixels(prompt.pixels());
            int index = image == null ? -1 : images.computeIfAbsent(image, i -> images.size());
            rows.add(PackedBatch.Group.prompt(prompt.id(), index, prompt.ids()));
        }
        PackedBatch batch = new PackedBatch(model.config(), rows, List.copyOf(images.keySet()));
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard();
                ImageFeatures features = new ImageFeatures(model, weights, List.copyOf(images.keySet()))) {
            Tensor projected = features.projected(weights, List.copyOf(images.values())); // [images, imageTokens, d]
            cache.join(rows.stream().mapToInt(PackedBatch.Group::tokens).toArray());
            PackedDecoder.Pass pass = model.packedDecoder().new Pass(weights, batch, cache::addLayer);
            Tensor hidden = pass.hidden(batch.embeddings(weights, projected)); // [rows, d]
            cache.joined();
            return new Logits(block().logits(weights, hidden));
        }
    }

    private DecoderBlock block() {
        return model.packedDecoder().block();
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
            if (cache.length(i) >= text.positionLimit()) {
                throw new IllegalArgumentException("row " + i + " holds " + cache.length(i) + " tokens; the model has "
                        + text.positionLimit() + " positions");
            }
            tokens[i] = ids[i];
        }
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            Tensor fed = PackedBatch.index(weights, tokens); // [rows]
            Tensor x = embedding(weights.tensor(LlavaTensors.EMBEDDING), fed); // [rows, d]
            return new Logits(block().logits(weights, step.hidden(weights, x, cache)));
        }
    }

    @Override
    public void close() {
        held.close();
    }
}
