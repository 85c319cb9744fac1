package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.cat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/**
 * Who sees whom in a {@link PackedBatch}: a prefix sees itself causally, a continuation its prefix and itself causally, and with a window of w no token sees one that
 * stands w or more positions before it. A prefix with at most one continuation is one causal sequence. Several continuations ask in one call while they are short
 * together: keys of neighbours that the mask hides cost less than another call. Belongs to one pass.
 */
final class PackedAttention {
    /** Continuations are put into one call up to this many tokens. */
    private static final int CALL_TOKENS = 256;

    private final TextConfig text;
    private final Weights weights;
    private final List<Segment> everyToken = new ArrayList<>();
    private final List<Segment> askers = new ArrayList<>();
    private final Map<MaskKey, Tensor> masks = new HashMap<>();

    /**
     * Queries of one call, the keys that they may see, by pieces of the flat row.
     *
     * @param prefix tokens of the prefix
     * @param asked queries among the prefix's last tokens
     * @param own lengths of the continuations that ask, one after the other; their tokens are the last keys
     * @param prefixPiece piece of the keys that holds the prefix (and, with {@code ownPiece} -1, the continuation behind it)
     */
    private record Segment(int prefix, int asked, List<Integer> own, int prefixPiece, int ownPiece) {
        int queries() {
            return asked + own.stream().mapToInt(i -> i).sum();
        }

        int keys() {
            return prefix + own.stream().mapToInt(i -> i).sum();
        }
    }

    private record MaskKey(int prefix, int asked, List<Integer> own, int window) {}

    private final long[] pieces;
    private final PaddedSequences padded;

    PackedAttention(TextConfig text, Weights weights, PackedBatch batch) {
        this.text = text;
        this.weights = weights;
        List<Long> sizes = new ArrayList<>();
        for (PackedBatch.Group group : batch.groups()) {
            int prefix = group.prefix().length;
            List<Integer> fed = group.continuations().stream()
                    .map(c -> c.length)
                    .filter(n -> n > 0)
                    .toList();
            int piece = sizes.size();
            if (fed.size() <= 1) {
                sizes.add((long) group.tokens());
                everyToken.add(new Segment(prefix, prefix, fed, piece, -1));
                askers.add(new Segment(prefix, group.asked(), fed, piece, -1));
                continue;
            }
            sizes.add((long) prefix);
            everyToken.add(new Segment(prefix, prefix, List.of(), piece, -1));
            askers.add(new Segment(prefix, group.asked(), List.of(), piece, -1));
            for (List<Integer> call : calls(fed)) {
                Segment segment = new Segment(prefix, 0, call, piece, sizes.size());
                sizes.add((long) segment.queries());
                everyToken.add(segment);
                askers.add(segment);
            }
        }
        this.pieces = sizes.stream().mapToLong(n -> n).toArray();
        this.padded = PaddedSequences.worthwhile(batch) ? new PaddedSequences(text, weights, batch) : null;
        if (padded != null) {
            return;
        }
        // made here, for they must outlive the scopes of the layers
        IntStream.range(0, text.layers()).map(text::window).distinct().forEach(window -> {
            everyToken.forEach(segment -> maskOf(segment, window));
            askers.forEach(segment -> maskOf(segment, window));
        });
    }

    private static List<List<Integer>> calls(List<Integer> lengths) {
        List<List<Integer>> out = new ArrayList<>();
        int tokens = 0;
        for (int length : lengths) {
            if (out.isEmpty() || tokens + length > CALL_TOKENS) {
                out.add(new ArrayList<>());
                tokens = 0;
            }
            out.get(out.size() - 1).add(length);
            tokens += length;
        }
        return out;
    }

    /** Every token asks: query {@code [tokens, heads, hd]}, keys and values {@code [tokens, kv, hd]}, result {@code [tokens, heads * hd]}. */
    Tensor ofAll(int layer, DecoderBlock.Projections p) {
        return padded == null ? attend(layer, everyToken, p) : padded.ofAll(layer, p);
    }

    /** The asked tokens ask: query {@code [askers, heads, hd]}, keys and values {@code [tokens, kv, hd]}, result {@code [askers, heads * hd]}. */
    Tensor ofAskers(int layer, DecoderBlock.Projections p) {
        return padded == null ? attend(layer, askers, p) : padded.ofAskers(layer, p);
    }

    private Tensor attend(int layer, List<Segment> segments, DecoderBlock.Projections p) {
        Tensor[] q =
                split(p.query(), segments.stream().mapToLong(Segment::queries).toArray());
        Tensor[] k = split(p.key(), pieces);
        Tensor[] v = split(p.value(), pieces);
        Tensor[] out = new Tensor[segments.size()];
        for (int i = 0; i < out.length; i++) {
            Segment s = segments.get(i);
            boolean joined = s.ownPiece() >= 0;
            Tensor keys = joined ? join(k[s.prefixPiece()], k[s.ownPiece()]) : k[s.prefixPiece()]; // [seen, kv, hd]
            Tensor values = joined ? join(v[s.prefixPiece()], v[s.ownPiece()]) : v[s.prefixPiece()]; // [seen, kv, hd]
            out[i] = attend(s, text.window(layer), q[i], keys, values); // [queries, h*hd]
        }
        return out.length == 1 ? out[0] : cat(new TensorVector(out), 0);
    }

    private Tensor attend(Segment s, int window, Tensor q, Tensor k, Tensor v) {
        Tensor seen = maskOf(s, window); // [queries, keys]
        boolean causal = seen == null && s.queries() > 1;
        Tensor out = Attention.of(byHead(q), byHead(k), byHead(v), seen, causal); // [1, h, t, hd]
        return out.transpose(1, 2).reshape(q.size(0), q.size(1) * q.size(2)); // [t, h*hd]
    }

    private static Tensor byHead(Tensor x) {
        return x.transpose(0, 1).unsqueeze(0); // [1, heads, t, hd]
    }

    private static Tensor join(Tensor a, Tensor b) {
        return cat(new TensorVector(a, b), 0);
    }

    private static Tensor[] split(Tensor x, long[] sizes) {
        return sizes.length == 1
                ? new Tensor[] {x}
                : x.split_with_sizes(sizes, 0).get();
    }

    /** 0 where a query sees a key, -infinity elsewhere: {@code [queries, keys]}; null where a causal call, or one query that sees all, needs none. */
    private Tensor maskOf(Segment s, int window) {
        boolean causal = s.asked() == s.prefix();
        boolean lastAlone = s.queries() == 1 && s.asked() == 1;
        if (s.keys() <= window && (causal || lastAlone)) {
            return null;
        }
        return masks.computeIfAbsent(new MaskKey(s.prefix(), s.asked(), s.own(), window), key -> {
            int keys = s.keys();
            float[] out = new float[s.queries() * keys];
            Arrays.fill(out, Float.NEGATIVE_INFINITY);
            int row = 0;
            for (int i = 0; i < s.asked(); i++) {
                int position = s.prefix() - s.asked() + i;
                show(out, row++ * keys, Math.max(0, position - window + 1), position + 1);
            }
            int start = s.prefix();
            for (int length : s.own()) {
                for (int i = 0; i < length; i++) {
                    // the first position that the window leaves; long: a window may be any int
                    long first = (long) s.prefix() + i - window + 1;
                    show(out, row * keys, (int) Math.max(0, first), s.prefix());
                    int ownFirst = (int) Math.max(0, first - s.prefix());
                    show(out, row++ * keys, start + ownFirst, start + i + 1);
                }
                start += length;
            }
            return Tensor.create(out, s.queries(), keys).to(weights.device(), weights.type());
        });
    }

    private static void show(float[] mask, int row, int from, int to) {
        if (from < to) {
            Arrays.fill(mask, row + from, row + to, 0f);
        }
    }
}
