package org.ballast.core.mllm;

import java.util.HashMap;
import java.util.Map;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Weights for decoding: those below, with the named linears packed ({@link PackedMatrix}) where this machine has it. The packed copies live until {@link #close}; what is
 * below stays the caller's.
 */
final class PackedWeights implements Weights, AutoCloseable {
    private final Weights base;
    private final Map<String, PackedMatrix> packed = new HashMap<>();

    /** @param modules linears by name, without {@code .weight} */
    PackedWeights(Weights base, Iterable<String> modules) {
        this.base = base;
        for (String module : modules) {
            Tensor weight = base.tensor(module + ".weight");
            if (PackedMatrix.isSupported(weight)) {
                packed.put(module, new PackedMatrix(weight));
            }
        }
    }

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
        return packed.get(module);
    }

    @Override
    public ScalarType type() {
        return base.type();
    }

    @Override
    public Device device() {
        return base.device();
    }

    @Override
    public void close() {
        packed.values().forEach(PackedMatrix::close);
        packed.clear();
    }
}
