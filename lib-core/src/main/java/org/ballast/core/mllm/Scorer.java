package org.ballast.core.mllm;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;

/**
 * Log-probabilities of given responses, without gradients. Rows of one call that show the same picture and ask the same prompt share them: they are computed once, and all
 * responses behind them. Rows are sorted before they are put together, so that the result depends on the set of rows in the call and on nothing else.
 * Safe for several threads. Does not own the model.
 */
public final class Scorer implements AutoCloseable {
    private final LlavaModel model;
    private final LlavaModel.HeldWeights held;
    private final MemorySettings memory;

    /** @param adapterOrNull adapter to score with; null: the model alone */
    public Scorer(LlavaModel model, LoraAdapter adapterOrNull, MemorySettings memory) {
        this.model = model;
        this.held = model.held(adapterOrNull);
        this.memory = memory;
    }

    /** Natural log-probability of every response token, one array a row, in the order of the rows. */
    public List<double[]> responseLogProbs(List<EncodedExample> unit) {
        if (unit.isEmpty()) {
            return List.of();
        }
        List<Integer> order = IntStream.range(0, unit.size())
                .boxed()
                .sorted(Comparator.<Integer>comparingInt(i -> unit.get(i).promptIds().length)
                        .thenComparingInt(i -> unit.get(i).responseIds().length)
                        .thenComparing(i -> unit.get(i).id()))
                .toList();
        List<ResponseRow> rows = order.stream()
                .map(unit::get)
                .map(e -> new ResponseRow(e.id(), e.image(), e.promptIds(), e.responseIds()))
                .toList();
        ResponseGroups groups = new ResponseGroups(model.config(), rows);
        double[][] out = new double[unit.size()][];
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard();
                ImageFeatures features = new ImageFeatures(model, held.weights(), groups.images())) {
            for (List<ResponseGroups.Group> part : groups.parts(memory.batchTokens())) {
                double[][] scores = score(groups.packed(part), part, features);
                List<List<Integer>> rowsByResponse =
                        part.stream().flatMap(g -> g.rows().stream()).toList();
                for (int i = 0; i < scores.length; i++) {
                    for (int row : rowsByResponse.get(i)) {
                        out[order.get(row)] = scores[i].clone();
                    }
                }
            }
        }
        return Arrays.asList(out);
    }

    private double[][] score(PackedBatch packed, List<ResponseGroups.Group> part, ImageFeatures features) {
        try (PointerScope scope = new PointerScope()) {
            return new ResponsePass(model, held.weights(), memory, part, packed)
                    .logProbs(features.projected(ResponseGroups.imagesOf(part)));
        }
    }

    @Override
    public void close() {
        held.close();
    }
}
