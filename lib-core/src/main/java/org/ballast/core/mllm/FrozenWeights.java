package org.ballast.core.mllm;

import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Named tensors without gradients, kept until closed. */
final class FrozenWeights implements Weights, AutoCloseable {
    private final Map<String, Tensor> tensors;
    private final ScalarType type;

    /** Takes over tensors whose references are retained. */
    FrozenWeights(Map<String, Tensor> tensors, ScalarType type) {
        this.tensors = Map.copyOf(tensors);
        this.type = type;
    }

    @Override
    public Tensor tensor(String name) {
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("the checkpoint has no tensor " + name);
        }
        return tensor;
    }

    @Override
    public ScalarType type() {
        return type;
    }

    @Override
    public void close() {
        tensors.values().forEach(Tensor::releaseReference);
    }
}
