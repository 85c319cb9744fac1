package org.ballast.core.mllm;

import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Weights for decoding: those of a frozen model, with or without an adapter, and the model's packed linears. Owns neither.
 *
 * @param base whose linears are the model's
 */
record PackedWeights(Weights base, PackedLinears linears) implements Weights {
    @Override
    public Tensor tensor(String name) {
        return base.tensor(name);
    }

    @Override
    public LowRank lowRank(String module) {
        return base.lowRank(module);
    }

    @Override
    public PackedMatrix packed(String module) {
        return linears.get(module);
    }

    @Override
    public ScalarType type() {
        return base.type();
    }

    @Override
    public Device device() {
        return base.device();
    }
}
