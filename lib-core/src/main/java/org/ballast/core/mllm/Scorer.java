package org.ballast.core.mllm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Log-probabilities of given responses, without gradients. Rows of one call are sorted by length and id and computed in batches, so that the result depends on the
 * set of rows in the call and on nothing else. Safe for several threads. Does not own the model.
 */
public final class Scorer implements AutoCloseable {
    private final LlavaModel model;
    private final LlavaModel.HeldWeights held;
    private final int batchRows;

    /**
     * @param adapterOrNull adapter to score with; null: the model alone
     * @param batchRows rows that are computed together
     */
    public Scorer(LlavaModel model, LoraAdapter adapterOrNull, int batchRows) {
        Shapes.requirePositive("rows of a scoring batch", batchRows);
        this.model = model;
        this.held = model.held(adapterOrNull);
        this.batchRows = batchRows;
    }

    /** Natural log-probability of every response token, one array a row, in the order of the rows. */
    public List<double[]> responseLogProbs(List<EncodedExample> unit) {
        List<Integer> order =
                new ArrayList<>(IntStream.range(0, unit.size()).boxed().toList());
        order.sort(Comparator.<Integer>comparingInt(
                        i -> unit.get(i).promptIds().length + unit.get(i).responseIds().length)
                .thenComparing(i -> unit.get(i).id()));
        double[][] out = new double[unit.size()][];
        for (int from = 0; from < order.size(); from += batchRows) {
            List<Integer> batch = order.subList(from, Math.min(order.size(), from + batchRows));
            List<double[]> scores = score(batch.stream().map(unit::get).toList());
            for (int i = 0; i < batch.size(); i++) {
                out[batch.get(i)] = scores.get(i);
            }
        }
        return Arrays.asList(out);
    }

    private List<double[]> score(List<EncodedExample> batch) {
        ResponseBatch rows = new ResponseBatch(model);
        for (EncodedExample e : batch) {
            rows.add(e.id(), rows.addImage(e.pixels()), e.promptIds(), e.responseIds());
        }
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            Tensor logProbs = rows.tokenLogProbs(held.weights()).to(ScalarType.Double); // [tokens]
            double[] all = new double[(int) logProbs.numel()];
            new DoublePointer(logProbs.data_ptr()).get(all);
            List<double[]> out = new ArrayList<>();
            int at = 0;
            for (int length : rows.responseLengths()) {
                out.add(Arrays.copyOfRange(all, at, at + length));
                at += length;
            }
            return out;
        }
    }

    @Override
    public void close() {
        held.close();
    }
}
