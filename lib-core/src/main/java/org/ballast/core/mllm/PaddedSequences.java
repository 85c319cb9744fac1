package org.ballast.core.mllm;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/**
 * The attention of many short groups that share nothing (one continuation each, or none) in one call: their tokens are spread out to rows of one width, on the right with
 * copies of the last token, which no token of the row sees and nobody reads.
 */
final class PaddedSequences {
    /** Rows longer than this fill a call of their own. */
    private static final int MOST_TOKENS = 512;
    /** Padded tokens that may stand for one real token. */
    private static final double MOST_PADDING = 1.3;

    private final TextConfig text;
    private final Weights weights;
    private final int rows;
    private final Side all;
    private final Side askers;
    private final Map<Integer, Tensor> masks = new HashMap<>();
    private final Map<Integer, Tensor> askersMasks = new HashMap<>();

    /**
     * Tokens of the flat row, spread out.
     *
     * @param spread {@code [rows * width]}: which token stands at each place; null where all rows fill the width
     * @param kept {@code [tokens]}: the place of each token
     */
    private record Side(int width, Tensor spread, Tensor kept) {
        static Side of(Weights weights, int[] lengths) {
            int width = Arrays.stream(lengths).max().orElseThrow();
            if (Arrays.stream(lengths).allMatch(n -> n == width)) {
                return new Side(width, null, null);
            }
            long[] spread = new long[lengths.length * width];
            long[] kept = new long[Arrays.stream(lengths).sum()];
            int token = 0;
            for (int r = 0; r < lengths.length; r++) {
                for (int i = 0; i < width; i++) {
                    spread[r * width + i] = token + Math.min(i, lengths[r] - 1);
                }
                for (int i = 0; i < lengths[r]; i++) {
                    kept[token++] = (long) r * width + i;
                }
            }
            return new Side(width, PackedBatch.index(weights, spread), PackedBatch.index(weights, kept));
        }

        /** {@code [tokens, heads, hd] -> [rows, heads, width, hd]}. */
        Tensor rows(Tensor x, int rows) {
            Tensor padded = spread == null ? x : x.index_select(0, spread); // [rows*width, heads, hd]
            return padded.view(rows, width, x.size(1), x.size(2)).transpose(1, 2);
        }

        /** {@code [rows, heads, width, hd] -> [tokens, heads * hd]}. */
        Tensor flat(Tensor out) {
            Tensor padded = out.transpose(1, 2).reshape(out.size(0) * width, out.size(1) * out.size(3));
            return kept == null ? padded : padded.index_select(0, kept);
        }
    }

    static boolean worthwhile(PackedBatch batch) {
        List<PackedBatch.Group> groups = batch.groups();
        int width = groups.stream().mapToInt(PackedBatch.Group::tokens).max().orElseThrow();
        boolean shareNothing = groups.stream()
                .allMatch(g ->
                        g.continuations().stream().filter(c -> c.length > 0).count() <= 1);
        return shareNothing
                && groups.size() > 1
                && width <= MOST_TOKENS
                && (double) width * groups.size() <= MOST_PADDING * batch.tokens();
    }

    PaddedSequences(TextConfig text, Weights weights, PackedBatch batch) {
        this.text = text;
        this.weights = weights;
        this.rows = batch.groups().size();
        int[] lengths =
                batch.groups().stream().mapToInt(PackedBatch.Group::tokens).toArray();
        int[] asking =
                batch.groups().stream().mapToInt(PackedBatch.Group::askers).toArray();
        this.all = Side.of(weights, lengths);
        this.askers = Side.of(weights, asking);
        int[] none = new int[rows];
        int[] first = IntStream.range(0, rows).map(r -> lengths[r] - asking[r]).toArray();
        // made here, for they must outlive the scopes of the layers
        IntStream.range(0, text.layers()).map(text::window).distinct().forEach(window -> {
            if (window < all.width()) {
                masks.put(window, mask(none, all.width(), window));
            }
            askersMasks.put(window, mask(first, askers.width(), window));
        });
    }

    /** As {@link PackedAttention#ofAll}. */
    Tensor ofAll(int layer, DecoderBlock.Projections p) {
        return attend(all, p, masks.get(text.window(layer)));
    }

    /** As {@link PackedAttention#ofAskers}. */
    Tensor ofAskers(int layer, DecoderBlock.Projections p) {
        return attend(askers, p, askersMasks.get(text.window(layer)));
    }

    private Tensor attend(Side queries, DecoderBlock.Projections p, Tensor mask) {
        Tensor out = Attention.of(
                queries.rows(p.query(), rows),
                all.rows(p.key(), rows),
                all.rows(p.value(), rows),
                mask,
                mask == null); // [rows, h, queries, hd]
        return queries.flat(out); // [query tokens, h*hd]
    }

    /** 0 where query i of a row, at position {@code first + i}, sees a key; -infinity elsewhere: {@code [rows, 1, queries, width]}. */
    private Tensor mask(int[] first, int queries, int window) {
        int width = all.width();
        float[] out = new float[rows * queries * width];
        Arrays.fill(out, Float.NEGATIVE_INFINITY);
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < queries; i++) {
                int position = Math.min(first[r] + i, width - 1);
                int row = (r * queries + i) * width;
                Arrays.fill(out, row + Math.max(0, position - window + 1), row + position + 1, 0f);
            }
        }
        return Tensor.create(out, rows, 1, queries, width).to(weights.device(), weights.type());
    }
}
