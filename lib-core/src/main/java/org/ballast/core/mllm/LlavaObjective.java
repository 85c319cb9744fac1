package org.ballast.core.mllm;

import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** What the objectives share: a model, the parameters that are trained (all, or an adapter's), one forward and backward pass a call. */
abstract class LlavaObjective<E> implements Objective<E> {
    private final LlavaModel model;
    private final LoraAdapter adapter;
    private final ParameterLayout layout;

    /** @param adapter where training starts; null: all parameters of the model are trained */
    LlavaObjective(LlavaModel model, LoraAdapter adapter) {
        this.model = model;
        this.adapter = adapter;
        this.layout = adapter == null ? model.parameters() : adapter.layout();
        if (adapter != null
                && !adapter.config().layout(model.config()).tensors().equals(layout.tensors())) {
            throw new IllegalArgumentException("the adapter was made for a model of another shape");
        }
    }

    /** Forward pass of a batch. */
    abstract Evaluation loss(Weights weights, List<E> batch);

    abstract String id(E example);

    /**
     * @param loss the batch's mean loss
     * @param differentiable a scalar whose gradient is that of the loss
     */
    record Evaluation(double loss, Tensor differentiable, Map<String, Double> metrics) {}

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
                new FloatPointer(value.data_ptr())
                        .get(into, (int) layout.offset(tensor.name()), (int) tensor.elements());
            }
        }
    }

    @Override
    public ObjectiveValue evaluate(Tensor theta, Tensor gradientOrNull, List<E> batch) {
        try (PointerScope scope = new PointerScope();
                AutoGradMode mode = new AutoGradMode(gradientOrNull != null)) {
            if (gradientOrNull != null) {
                gradientOrNull.zero_();
            }
            TrainableWeights weights = new TrainableWeights(
                    model.weights(), layout, theta, gradientOrNull, adapter == null ? null : adapter.config()::scale);
            Evaluation evaluation = loss(weights, batch);
            if (!Double.isFinite(evaluation.loss())) {
                throw new NonFiniteLossException("loss " + evaluation.loss() + " on rows "
                        + batch.stream().map(this::id).limit(20).toList());
            }
            if (gradientOrNull != null) {
                evaluation.differentiable().backward();
                weights.requireGradientsInPlace();
            }
            return new ObjectiveValue(evaluation.loss(), evaluation.metrics());
        }
    }

    @Override
    public void close() {
        model.close();
    }
}
