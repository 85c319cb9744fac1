package org.ballast.core.mllm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** What the objectives share: a model, the parameters that are trained (all, or an adapter's), a mean loss over the examples of a batch. */
abstract class LlavaObjective<E> implements Objective<E> {
    private final LlavaModel model;
    private final LoraAdapter adapter;
    private final MemorySettings memory;
    private final long seed;
    private final ParameterLayout layout;

    /**
     * @param adapter where training starts; null: all parameters of the model are trained
     * @param seed of the adapter's dropout
     */
    LlavaObjective(LlavaModel model, LoraAdapter adapter, MemorySettings memory, long seed) {
        this.seed = seed;
        this.model = model;
        this.memory = memory;
        this.adapter = adapter;
        this.layout = adapter == null ? model.parameters() : adapter.layout();
        if (adapter != null
                && !adapter.config().layout(model.config()).tensors().equals(layout.tensors())) {
            throw new IllegalArgumentException("the adapter was made for a model of another shape");
        }
    }

    /** The rows that an example's loss looks at; all of them show one picture and ask one prompt. */
    abstract List<ResponseRow> rows(E example);

    /** The loss of a batch, to be told the log-probabilities of one example after the other. */
    abstract BatchLoss<E> batchLoss(List<E> batch);

    abstract String id(E example);

    /** A mean over the batch that is built up by its examples, in any order. */
    interface BatchLoss<E> {
        /**
         * Adds an example.
         *
         * @param logProbs of the tokens of each of its rows
         * @return d (mean loss) / d (summed log-probability) of each of its rows
         */
        double[] add(E example, double[][] logProbs);

        /** What {@link #add} will return, where that hangs on no log-probability; null elsewhere. */
        double[] slopesBefore(E example);

        /** When all examples are in. */
        ObjectiveValue value();
    }

    /** The weights under the adapter's dropout, if it has one. */
    private Weights dropped(Weights weights, String rows, long step) {
        double p = adapter == null ? 0 : adapter.config().dropout();
        return p == 0 ? weights : new DropoutWeights(weights, p, seed, rows, step);
    }

    LlavaModel model() {
        return model;
    }

    /** Where each tensor lies in the parameter vector. */
    public ParameterLayout layout() {
        return layout;
    }

    @Override
    public long parameterCount() {
        return layout.size();
    }

    @Override
    public Device device() {
        return model.weights().device();
    }

    @Override
    public void initialTheta(float[] into) {
        if (into.length != layout.size()) {
            throw new IllegalArgumentException(
                    "array of " + into.length + " elements for " + layout.size() + " parameters");
        }
        if (adapter != null) {
            System.arraycopy(adapter.theta(), 0, into, 0, into.length);
            return;
        }
        try (PointerScope scope = new PointerScope()) {
            for (NamedShape tensor : layout.tensors()) {
                Tensor value = model.weights()
                        .tensor(tensor.name())
                        .to(ScalarType.Float)
                        .contiguous(); // shape of the tensor
                new FloatPointer(value.cpu().data_ptr())
                        .get(into, (int) layout.offset(tensor.name()), (int) tensor.elements());
            }
        }
    }

    @Override
    public ObjectiveValue evaluate(Tensor theta, Tensor gradientOrNull, List<E> batch) {
        return evaluateAt(0, theta, gradientOrNull, batch);
    }

    @Override
    public ObjectiveValue evaluateAt(long step, Tensor theta, Tensor gradientOrNull, List<E> batch) {
        try (PointerScope scope = new PointerScope();
                AutoGradMode mode = new AutoGradMode(gradientOrNull != null)) {
            if (gradientOrNull != null) {
                gradientOrNull.zero_();
            }
            TrainableWeights weights = new TrainableWeights(
                    model.weights(),
                    layout,
                    theta,
                    gradientOrNull,
                    adapter == null ? null : adapter.config().scales());
            ObjectiveValue value = new Step<>(this, weights, batch, step).run(gradientOrNull != null);
            if (!Double.isFinite(value.loss())) {
                throw new NonFiniteLossException("loss " + value.loss() + " on rows "
                        + batch.stream().map(this::id).limit(20).toList());
            }
            if (gradientOrNull != null) {
                weights.requireGradientsInPlace();
            }
            return value;
        }
    }

    /** One batch, part after part: each adds to the gradient, so that no more than one part's graph exists. */
    private static final class Step<E> {
        private final LlavaObjective<E> objective;
        private final Weights weights;
        private final List<E> batch;
        private final long step;
        private final BatchLoss<E> loss;
        private final ResponseGroups groups;
        /** First row of each example. */
        private final int[] firstRow;
        /** Response (in its part) of each row. */
        private final int[] place;

        Step(LlavaObjective<E> objective, Weights weights, List<E> batch, long step) {
            this.step = step;
            this.objective = objective;
            this.weights = weights;
            this.batch = batch;
            this.loss = objective.batchLoss(batch);
            this.firstRow = new int[batch.size() + 1];
            List<ResponseRow> rows = new ArrayList<>();
            for (int i = 0; i < batch.size(); i++) {
                rows.addAll(objective.rows(batch.get(i)));
                firstRow[i + 1] = rows.size();
            }
            this.groups = new ResponseGroups(objective.model.config(), rows);
            this.place = new int[rows.size()];
        }

        ObjectiveValue run(boolean gradient) {
            try (ImageFeatures features = new ImageFeatures(objective.model, weights, groups.images())) {
                for (List<ResponseGroups.Group> part : groups.parts(objective.memory.batchTokens())) {
                    try (PointerScope scope = new PointerScope()) {
                        part(part, features, gradient);
                    }
                }
            }
            return loss.value();
        }

        private void part(List<ResponseGroups.Group> part, ImageFeatures features, boolean gradient) {
            PackedBatch packed = groups.packed(part);
            Set<Integer> examples = examples(part);
            Weights own = gradient ? objective.dropped(weights, part.get(0).id(), step) : weights;
            ResponsePass pass = new ResponsePass(objective.model, own, objective.memory, part, packed);
            Tensor projected = features.projected(own, ResponseGroups.imagesOf(part)); // [images, imageTokens, d]
            if (!gradient) {
                slopes(examples, pass.logProbs(projected));
                return;
            }
            pass.backward(projected, logProbs -> slopes(examples, logProbs), fixedSlopes(examples, pass.responses()));
        }

        /** The examples of a part in their order; notes where their rows' responses stand. */
        private Set<Integer> examples(List<ResponseGroups.Group> part) {
            Set<Integer> out = new TreeSet<>();
            int response = 0;
            for (ResponseGroups.Group group : part) {
                for (List<Integer> rows : group.rows()) {
                    for (int row : rows) {
                        place[row] = response;
                        int found = Arrays.binarySearch(firstRow, row);
                        out.add(found >= 0 ? found : -found - 2);
                    }
                    response++;
                }
            }
            return out;
        }

        /** Slopes of the part's responses; one that stands in several rows gets their sum. */
        private double[] slopes(Set<Integer> examples, double[][] logProbs) {
            double[] out = new double[logProbs.length];
            for (int example : examples) {
                int from = firstRow[example];
                double[][] own = new double[firstRow[example + 1] - from][];
                Arrays.setAll(own, i -> logProbs[place[from + i]]);
                add(out, from, loss.add(batch.get(example), own));
            }
            return out;
        }

        private double[] fixedSlopes(Set<Integer> examples, int responses) {
            double[] out = new double[responses];
            for (int example : examples) {
                double[] slopes = loss.slopesBefore(batch.get(example));
                if (slopes == null) {
                    return null;
                }
                add(out, firstRow[example], slopes);
            }
            return out;
        }

        private void add(double[] sums, int firstRow, double[] slopes) {
            for (int i = 0; i < slopes.length; i++) {
                sums[place[firstRow + i]] += slopes[i];
            }
        }
    }

    @Override
    public void close() {
        model.close();
    }
}
