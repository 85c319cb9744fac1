package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.cat;
import static org.bytedeco.pytorch.global.torch.zeros;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/**
 * Keys (after the rotary embedding) and values of every decoder layer for the rows of a batch: {@code [rows, keyValueHeads, capacity, headDim]}. Row r holds
 * {@code length(r)} tokens at places 0 .. length(r) - 1; what lies behind is never attended to. Belongs to one thread.
 */
public final class KeyValueCache implements AutoCloseable {
    private static final int GROWTH = 64;

    private final List<Tensor> keys = new ArrayList<>();
    private final List<Tensor> values = new ArrayList<>();
    private int[] lengths;

    KeyValueCache(int[] lengths) {
        this.lengths = lengths.clone();
    }

    /** Tokens that the row holds. */
    public int length(int row) {
        return lengths[row];
    }

    public int rows() {
        return lengths.length;
    }

    int[] lengths() {
        return lengths.clone();
    }

    /** Takes over the keys and values of the next layer, {@code [rows, keyValueHeads, width, headDim]}. */
    void addLayer(Tensor key, Tensor value) {
        keys.add(kept(key));
        values.add(kept(value));
    }

    Tensor keys(int layer) {
        return keys.get(layer);
    }

    Tensor values(int layer) {
        return values.get(layer);
    }

    /** Writes one token a row behind its last; {@code index} is {@code [rows, keyValueHeads, 1, headDim]}, each element the row's length. */
    void put(int layer, Tensor index, Tensor key, Tensor value) {
        keys.get(layer).scatter_(2, index, key);
        values.get(layer).scatter_(2, index, value);
    }

    /** Makes room for one more token in each row. */
    void reserve() {
        int needed = Arrays.stream(lengths).max().orElse(0) + 1;
        if (keys.isEmpty() || needed <= keys.get(0).size(2)) {
            return;
        }
        try (PointerScope scope = new PointerScope()) {
            replace(keys, KeyValueCache::grown);
            replace(values, KeyValueCache::grown);
        }
    }

    void advance() {
        for (int i = 0; i < lengths.length; i++) {
            lengths[i]++;
        }
    }

    /** Keeps these rows, in this order; a row may stand more than once. */
    public void select(int... rows) {
        long[] index = new long[rows.length];
        int[] kept = new int[rows.length];
        for (int i = 0; i < rows.length; i++) {
            if (rows[i] < 0 || rows[i] >= lengths.length) {
                throw new IndexOutOfBoundsException("row " + rows[i] + " of a cache of " + lengths.length + " rows");
            }
            index[i] = rows[i];
            kept[i] = lengths[rows[i]];
        }
        try (PointerScope scope = new PointerScope()) {
            Tensor at = Tensor.create(index, index.length); // [kept]
            replace(keys, t -> t.index_select(0, at));
            replace(values, t -> t.index_select(0, at));
        }
        lengths = kept;
    }

    private static Tensor grown(Tensor t) {
        Tensor room = zeros(new long[] {t.size(0), t.size(1), GROWTH, t.size(3)}, t.options());
        return cat(new TensorVector(t, room), 2); // [rows, heads, capacity + GROWTH, headDim]
    }

    private static void replace(List<Tensor> tensors, UnaryOperator<Tensor> change) {
        for (int i = 0; i < tensors.size(); i++) {
            Tensor old = tensors.get(i);
            tensors.set(i, kept(change.apply(old)));
            old.releaseReference();
        }
    }

    private static Tensor kept(Tensor t) {
        Tensor own = t.contiguous();
        own.retainReference();
        return own;
    }

    @Override
    public void close() {
        keys.forEach(Tensor::releaseReference);
        values.forEach(Tensor::releaseReference);
        keys.clear();
        values.clear();
    }
}
