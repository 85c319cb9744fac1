package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.zeros;

import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Keys (after the rotary embedding) and values of every decoder layer for the rows of a batch: {@code [slots, keyValueHeads, capacity, headDim]} a layer. Row r
 * lies in slot r and holds {@code length(r)} tokens at places 0 .. length(r) - 1; what lies behind is never attended to. Rows join at the end and leave
 * anywhere: the last row takes the place of one that left. Grows by need, and a step copies nothing but its own token. Belongs to one thread.
 */
public final class KeyValueCache implements AutoCloseable {
    private static final int GRANULE = 64;

    private final Tensor[] keys;
    private final Tensor[] values;
    private final ScalarType type;
    private final int expectedRows;
    private final int room;
    private int[] lengths = {};
    private int[] joining = {};
    private int joinedLayers;

    /**
     * @param type of the stored numbers, whatever is put in
     * @param expectedRows rows that are expected at once
     * @param room tokens that are expected behind a prompt
     */
    KeyValueCache(int layers, ScalarType type, int expectedRows, int room) {
        Shapes.requirePositive("expected rows of a cache", expectedRows);
        this.keys = new Tensor[layers];
        this.values = new Tensor[layers];
        this.type = type;
        this.expectedRows = expectedRows;
        this.room = room;
    }

    public int rows() {
        return lengths.length;
    }

    /** Type of the stored numbers. */
    ScalarType type() {
        return type;
    }

    /** Tokens that the row holds. */
    public int length(int row) {
        return lengths[row];
    }

    /** Tokens of the longest row; 0 without rows. */
    int longest() {
        return Arrays.stream(lengths).max().orElse(0);
    }

    /** Announces rows of these lengths behind the present ones: {@link #addLayer} fills them layer by layer, {@link #joined} counts them in. */
    void join(int[] lengthsOfRows) {
        joining = lengthsOfRows.clone();
        joinedLayers = 0;
    }

    /** Keys and values of the joining rows in the next layer, one row behind the other: {@code [tokens, keyValueHeads, headDim]}. */
    void addLayer(PackedDecoder.LayerKeys layer) {
        if (layer.layer() != joinedLayers) {
            throw new IllegalStateException("layer " + layer.layer() + " where " + joinedLayers + " was expected");
        }
        add(keys, layer.keys());
        add(values, layer.values());
        joinedLayers++;
    }

    private void add(Tensor[] tensors, Tensor tokens) {
        int longest = Math.max(longest(), Arrays.stream(joining).max().orElse(0));
        fit(tensors, joinedLayers, tokens, rows() + joining.length, longest);
        int from = 0;
        for (int i = 0; i < joining.length; i++) {
            Tensor row = tokens.narrow(0, from, joining[i]).transpose(0, 1); // [kv, tokens of the row, hd]
            places(tensors[joinedLayers], rows() + i, joining[i]).copy_(row);
            from += joining[i];
        }
    }

    void joined() {
        if (joinedLayers != keys.length) {
            throw new IllegalStateException(joinedLayers + " of " + keys.length + " layers were added");
        }
        int[] all = Arrays.copyOf(lengths, lengths.length + joining.length);
        System.arraycopy(joining, 0, all, lengths.length, joining.length);
        lengths = all;
        joining = new int[0];
    }

    /** The first tokens of a row: {@code [keyValueHeads, tokens, headDim]}. */
    private static Tensor places(Tensor t, int row, int tokens) {
        return t.select(0, row).narrow(1, 0, tokens);
    }

    /** All slots of a layer, {@code [slots, keyValueHeads, capacity, headDim]}, contiguous. */
    Tensor keys(int layer) {
        return keys[layer];
    }

    Tensor values(int layer) {
        return values[layer];
    }

    /** Makes room for one more token in each row. */
    void reserve() {
        int needed = longest() + 1;
        for (int layer = 0; layer < keys.length && rows() > 0; layer++) {
            fit(keys, layer, null, rows(), needed);
            fit(values, layer, null, rows(), needed);
        }
    }

    /** Writes one token a row behind its last; {@code index} is {@code [rows, keyValueHeads, 1, headDim]}, each element the row's length. */
    void put(int layer, Tensor index, Tensor key, Tensor value) {
        keys[layer].scatter_(2, index, key.to(type));
        values[layer].scatter_(2, index, value.to(type));
    }

    void advance() {
        for (int i = 0; i < lengths.length; i++) {
            lengths[i]++;
        }
    }

    /** Lets a row go; the last row takes its number. */
    public void remove(int row) {
        if (row < 0 || row >= lengths.length) {
            throw new IndexOutOfBoundsException("row " + row + " of a cache of " + lengths.length + " rows");
        }
        int last = lengths.length - 1;
        if (row < last) {
            try (PointerScope scope = new PointerScope()) {
                for (int layer = 0; layer < keys.length; layer++) {
                    places(keys[layer], row, lengths[last]).copy_(places(keys[layer], last, lengths[last]));
                    places(values[layer], row, lengths[last]).copy_(places(values[layer], last, lengths[last]));
                }
            }
            lengths[row] = lengths[last];
        }
        lengths = Arrays.copyOf(lengths, last);
    }

    /**
     * Replaces a layer's tensor by a larger one where the rows or tokens do not fit.
     *
     * @param first {@code [tokens, keyValueHeads, headDim]}, for the shape and device of a first tensor
     */
    private void fit(Tensor[] tensors, int layer, Tensor first, int rows, int tokens) {
        Tensor old = tensors[layer];
        long slots = old == null ? 0 : old.size(0);
        long capacity = old == null ? 0 : old.size(2);
        if (rows <= slots && tokens <= capacity) {
            return;
        }
        if (rows > slots) {
            slots = Math.max(rows, Math.min(2 * slots, expectedRows));
        }
        if (tokens > capacity) {
            long wanted = Math.max(tokens + (capacity == 0 ? room : 0), capacity * 5 / 4);
            capacity = (wanted + GRANULE - 1) / GRANULE * GRANULE;
        }
        try (PointerScope scope = new PointerScope()) {
            Tensor like = old == null ? first.to(type).unsqueeze(0).transpose(1, 2) : old; // [*, kv, *, hd]
            Tensor grown = zeros(new long[] {slots, like.size(1), capacity, like.size(3)}, like.options());
            if (old != null) {
                grown.narrow(0, 0, old.size(0)).narrow(2, 0, old.size(2)).copy_(old);
                old.releaseReference();
            }
            grown.retainReference();
            tensors[layer] = grown;
        }
    }

    @Override
    public void close() {
        for (Tensor[] tensors : new Tensor[][] {keys, values}) {
            for (int layer = 0; layer < tensors.length; layer++) {
                if (tensors[layer] != null) {
                    tensors[layer].releaseReference();
                    tensors[layer] = null;
                }
            }
        }
        lengths = new int[0];
    }
}
