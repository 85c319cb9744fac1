package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.cat;
import static org.bytedeco.pytorch.global.torch.embedding;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/**
 * Token rows of unequal length, padded on the right, with the pictures that they show and the positions whose next token is asked for. Pictures may be
 * shared by rows: their features are computed once.
 */
final class TokenBatch {
    /**
     * @param image index of the row's picture, or -1
     * @param ids the tokens that are fed in
     * @param from first position whose hidden state is wanted
     * @param count how many positions from there
     */
    record Row(String id, int image, int[] ids, int from, int count) {
        /** The row that predicts a response: its last token is predicted, never fed in. */
        static Row response(String id, int image, int[] prompt, int[] response) {
            if (prompt.length == 0 || response.length == 0) {
                throw new IllegalArgumentException("row " + id + ": prompt of " + prompt.length + " and response of "
                        + response.length + " tokens; both need at least one");
            }
            int[] ids = Arrays.copyOf(prompt, prompt.length + response.length - 1);
            System.arraycopy(response, 0, ids, prompt.length, response.length - 1);
            return new Row(id, image, ids, prompt.length - 1, response.length);
        }

        /** The row that asks for what follows its last token. */
        static Row prompt(String id, int image, int[] ids) {
            if (ids.length == 0) {
                throw new IllegalArgumentException("row " + id + ": the prompt is empty");
            }
            return new Row(id, image, ids, ids.length - 1, 1);
        }
    }

    /**
     * The wanted positions as index tensors (int64).
     *
     * @param flat {@code [selected]}: row * batch width + position
     * @param padded {@code [rows * width]}: the same, each row filled up to {@code width} with its last one
     * @param positions {@code [rows * width]}: the positions of {@code padded} in their rows
     * @param kept {@code [selected]}: which of {@code padded} are wanted
     * @param width most wanted positions of a row
     */
    record Selection(Tensor flat, Tensor padded, Tensor positions, Tensor kept, int width) {}

    private final LlavaConfig config;
    private final List<Row> rows;
    private final List<float[]> images;
    private final int width;

    TokenBatch(LlavaConfig config, List<Row> rows, List<float[]> images) {
        if (rows.isEmpty()) {
            throw new IllegalArgumentException("the batch is empty");
        }
        this.config = config;
        this.rows = List.copyOf(rows);
        this.images = images;
        int longest = 0;
        for (Row row : rows) {
            check(row);
            longest = Math.max(longest, row.ids().length);
        }
        this.width = longest;
    }

    private void check(Row row) {
        if (row.ids().length > config.text().maxPositions()) {
            throw new IllegalArgumentException("row " + row.id() + ": " + row.ids().length + " tokens; the model has "
                    + config.text().maxPositions() + " positions");
        }
        int imageTokens = 0;
        for (int id : row.ids()) {
            if (id == config.imageTokenId()) {
                imageTokens++;
            } else if (id < 0 || id >= config.text().vocabSize()) {
                throw new IllegalArgumentException("row " + row.id() + ": token " + id
                        + " is outside the vocabulary of " + config.text().vocabSize());
            }
        }
        int expected = row.image() < 0 ? 0 : config.imageTokens();
        if (imageTokens != expected) {
            throw new IllegalArgumentException("row " + row.id() + ": " + imageTokens + " image tokens, expected "
                    + expected + (row.image() < 0 ? " (the row has no picture)" : ""));
        }
        if (row.image() >= 0 && images.get(row.image()).length != config.pixels()) {
            throw new IllegalArgumentException("row " + row.id() + ": " + images.get(row.image()).length
                    + " pixel values, expected " + config.pixels());
        }
    }

    int rows() {
        return rows.size();
    }

    int width() {
        return width;
    }

    int[] lengths() {
        return rows.stream().mapToInt(r -> r.ids().length).toArray();
    }

    /** The pictures as {@code [images, channels, side, side]}, or null without any. */
    Tensor pixels() {
        return images.isEmpty() ? null : pixels(config, images);
    }

    static Tensor pixels(LlavaConfig config, List<float[]> images) {
        VisionConfig v = config.vision();
        float[] all = new float[Math.multiplyExact(images.size(), config.pixels())];
        for (int i = 0; i < images.size(); i++) {
            if (images.get(i).length != config.pixels()) {
                throw new IllegalArgumentException("picture " + i + " of the batch: " + images.get(i).length
                        + " pixel values, expected " + config.pixels());
            }
            System.arraycopy(images.get(i), 0, all, i * config.pixels(), config.pixels());
        }
        return Tensor.create(all, images.size(), v.channels(), v.imageSize(), v.imageSize());
    }

    /**
     * Embeddings with the picture's features in the places of its tokens.
     *
     * @param features {@code [images, imageTokens, hidden]}; null without pictures
     * @return {@code [rows, width, hidden]}
     */
    Tensor embeddings(Weights weights, Tensor features) {
        long[] text = new long[rows.size() * width];
        int texts = 0;
        long[] order = new long[rows.size() * width];
        List<int[]> imagePlaces = new ArrayList<>();
        for (int r = 0; r < rows.size(); r++) {
            Row row = rows.get(r);
            int next = row.image() * config.imageTokens();
            for (int t = 0; t < row.ids().length; t++) {
                if (row.ids()[t] == config.imageTokenId()) {
                    imagePlaces.add(new int[] {r * width + t, next++});
                } else {
                    order[r * width + t] = texts;
                    text[texts++] = row.ids()[t];
                }
            }
        }
        for (int[] place : imagePlaces) {
            order[place[0]] = texts + place[1];
        }
        long d = config.text().hiddenSize();
        Tensor ids = Tensor.create(Arrays.copyOf(text, texts), texts); // [texts]
        Tensor table = embedding(weights.tensor(LlavaTensors.EMBEDDING), ids); // [texts, d]
        if (features != null) {
            table = cat(new TensorVector(table, features.view(-1, d)), 0); // [texts + images*imageTokens, d]
        }
        return table.index_select(0, Tensor.create(order, order.length)).view(rows.size(), width, d);
    }

    Selection selection() {
        int total = rows.stream().mapToInt(Row::count).sum();
        int most = rows.stream().mapToInt(Row::count).max().orElseThrow();
        long[] flat = new long[total];
        long[] kept = new long[total];
        long[] padded = new long[rows.size() * most];
        long[] positions = new long[rows.size() * most];
        int n = 0;
        for (int r = 0; r < rows.size(); r++) {
            Row row = rows.get(r);
            for (int i = 0; i < most; i++) {
                int position = row.from() + Math.min(i, row.count() - 1);
                positions[r * most + i] = position;
                padded[r * most + i] = (long) r * width + position;
                if (i < row.count()) {
                    flat[n] = padded[r * most + i];
                    kept[n++] = (long) r * most + i;
                }
            }
        }
        return new Selection(index(flat), index(padded), index(positions), index(kept), most);
    }

    private static Tensor index(long[] values) {
        return Tensor.create(values, values.length);
    }
}
