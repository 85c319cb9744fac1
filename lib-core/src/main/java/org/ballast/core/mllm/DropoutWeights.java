package org.ballast.core.mllm;

import java.util.random.RandomGenerator;
import org.ballast.core.data.ItemRandom;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Weights whose low-rank updates see their input with a share p of its elements left out and the others divided by 1 - p, each element of each module by a draw of its own.
 * The draws follow from (seed, stream {@code dropout}, module and rows, step) alone, so that a layer that is computed again sees the same. p is rounded to a multiple of
 * 1/65536.
 *
 * <p>Source: {@code lora_dropout} of peft.
 */
final class DropoutWeights implements Weights {
    private static final int ONE = 1 << 16;

    private final Weights base;
    private final double probability;
    private final long seed;
    private final String rows;
    private final int step;

    /** @param rows names the rows that are computed together */
    DropoutWeights(Weights base, double probability, long seed, String rows, long step) {
        this.base = base;
        this.probability = probability;
        this.seed = seed;
        this.rows = rows;
        this.step = Math.toIntExact(step);
    }

    @Override
    public Tensor updateInput(String module, Tensor x) {
        Tensor mask = Tensor.create(mask(module, Math.toIntExact(x.numel())), x.shape());
        return x.mul(mask.to(x.device(), x.scalar_type().intern())); // [..., in]
    }

    /** 0 or 1 / (1 - p) for each element. */
    float[] mask(String module, int elements) {
        RandomGenerator random = ItemRandom.of(seed, "dropout", module + " of " + rows, step);
        int threshold = (int) Math.round(probability * ONE);
        float kept = (float) ((double) ONE / (ONE - threshold));
        float[] out = new float[elements];
        long bits = 0;
        for (int i = 0; i < elements; i++) {
            bits = (i & 3) == 0 ? random.nextLong() : bits >>> 16;
            out[i] = (bits & (ONE - 1)) < threshold ? 0 : kept;
        }
        return out;
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
        return base.packed(module);
    }

    @Override
    public Tensor gradient(String name) {
        return base.gradient(name);
    }

    @Override
    public boolean trains(String prefix) {
        return base.trains(prefix);
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
