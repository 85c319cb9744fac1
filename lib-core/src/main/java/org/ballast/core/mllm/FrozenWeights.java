package org.ballast.core.mllm;

import java.util.Map;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Named tensors without gradients, kept until closed. */
final class FrozenWeights implements Weights, AutoCloseable {
    private final Map<String, Tensor> tensors;
    private final ScalarType type;
    private final Device device;

    /** Takes over tensors of this type on the CPU whose references are retained. */
    FrozenWeights(Map<String, Tensor> tensors, ScalarType type) {
        this(tensors, type, new Device(DeviceType.CPU));
    }

    /** Takes over tensors of this type on this device whose references are retained. */
    FrozenWeights(Map<String, Tensor> tensors, ScalarType type, Device device) {
        this.tensors = Map.copyOf(tensors);
        this.type = type;
        // the caller's object may end with the caller's scope
        this.device = new Device(device.type(), device.index());
        this.device.retainReference();
    }

    @Override
    public Tensor tensor(String name) {
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("the checkpoint has no tensor " + name);
        }
        return tensor;
    }

    boolean has(String name) {
        return tensors.containsKey(name);
    }

    @Override
    public ScalarType type() {
        return type;
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public void close() {
        tensors.values().forEach(Tensor::releaseReference);
        device.releaseReference();
    }
}
