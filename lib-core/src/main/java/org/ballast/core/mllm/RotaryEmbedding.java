package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.arange;
import static org.bytedeco.pytorch.global.torch.cat;
import static org.bytedeco.pytorch.global.torch.pow;
import static org.bytedeco.pytorch.global.torch.where;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Rotary positions: the pair (i, i + hd/2) of a head turns by {@code position * f_i}, with {@code f_i = theta^(-2i/hd)}, scaled as {@link RopeScaling} says:
 *
 * <ul>
 *   <li>linear: {@code f_i / factor};
 *   <li>dynamic: in a sequence of L tokens, longer than the original M, theta becomes {@code theta * (factor L / M - (factor - 1))^(hd / (hd - 2))};
 *   <li>llama3: with the wave length {@code w = 2 pi / f_i}, {@code f_i} where {@code w < M / high}, {@code f_i / factor} where {@code w > M / low}, and between
 *       {@code (1 - s) f_i / factor + s f_i} with {@code s = (M / w - low) / (high - low)}.
 * </ul>
 *
 * Angles, sines and cosines are float32 whatever the weights' type; the frequencies are computed by the same float32 operations as transformers', for at a distant
 * position an error in their last bit shows. Immutable.
 *
 * <p>Source: transformers' modeling_rope_utils.py and {@code LlamaRotaryEmbedding}.
 */
final class RotaryEmbedding {
    private final TextConfig text;
    private final float[] frequencies;

    /**
     * Tables of chosen positions.
     *
     * @param cos {@code [n, hd]}, float32, the second half a copy of the first
     * @param sin the same
     */
    record Tables(Tensor cos, Tensor sin) {}

    RotaryEmbedding(TextConfig text) {
        this.text = text;
        this.frequencies = compute(0);
    }

    /**
     * Belongs to the caller's scope.
     *
     * @param positions {@code [n]}, of any type, on any device
     * @param sequenceLength tokens of the longest sequence that the positions belong to; only dynamic scaling asks
     * @param device where the tables are wanted
     */
    Tables tables(Tensor positions, long sequenceLength, Device device) {
        float[] f = inverseFrequencies(sequenceLength);
        Tensor angle = positions
                .to(device, ScalarType.Float)
                .unsqueeze(-1)
                .mul(Tensor.create(f, f.length).to(device, ScalarType.Float)); // [n, hd/2]
        Tensor both = cat(new TensorVector(angle, angle), -1); // [n, hd]
        return new Tables(both.cos(), both.sin());
    }

    /** Radians a position, one for each pair: {@code [hd/2]}. */
    float[] inverseFrequencies(long sequenceLength) {
        boolean stretched = text.rope() instanceof RopeScaling.Dynamic d && sequenceLength > d.originalMaxPositions();
        return stretched ? compute(sequenceLength) : frequencies;
    }

    private float[] compute(long sequenceLength) {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            int hd = text.headDim();
            Tensor exponents = arange(
                            new Scalar(0.0),
                            new Scalar((double) hd),
                            new Scalar(2.0),
                            new TensorOptions(ScalarType.Float))
                    .div(new Scalar((double) hd)); // [hd/2]
            Tensor base = base(sequenceLength, exponents); // [hd/2]
            Tensor out = scaled(base.reciprocal()).contiguous(); // [hd/2]
            float[] values = new float[hd / 2];
            new FloatPointer(out.data_ptr()).get(values);
            return values;
        }
    }

    /** {@code theta^exponents}, theta grown for a sequence beyond the original positions; 0 stands for any length within. */
    private Tensor base(long sequenceLength, Tensor exponents) {
        if (sequenceLength == 0 || !(text.rope() instanceof RopeScaling.Dynamic d)) {
            return pow(new Scalar(text.ropeTheta()), exponents); // [hd/2]
        }
        // transformers' length is a tensor here, so that the growth is computed in float32
        Tensor growth = Tensor.create((float) sequenceLength)
                .mul(new Scalar(d.factor()))
                .div(new Scalar((double) d.originalMaxPositions()))
                .sub(new Scalar(d.factor() - 1)); // [1]
        double power = text.headDim() / (text.headDim() - 2.0);
        return pow(growth.pow(new Scalar(power)).mul(new Scalar(text.ropeTheta())), exponents); // [hd/2]
    }

    private Tensor scaled(Tensor f) {
        if (text.rope() instanceof RopeScaling.Linear linear) {
            return f.div(new Scalar(linear.factor())); // [hd/2]
        }
        return text.rope() instanceof RopeScaling.Llama3 llama ? interpolated(f, llama) : f;
    }

    private static Tensor interpolated(Tensor f, RopeScaling.Llama3 r) {
        Tensor wave = f.reciprocal().mul(new Scalar(2 * Math.PI)); // [hd/2]
        Tensor isLong = wave.gt(new Scalar(r.originalMaxPositions() / r.lowFrequencyFactor())); // [hd/2]
        Tensor isShort = wave.lt(new Scalar(r.originalMaxPositions() / r.highFrequencyFactor())); // [hd/2]
        Tensor divided = where(isLong, f.div(new Scalar(r.factor())), f); // [hd/2]
        Tensor share = wave.reciprocal()
                .mul(new Scalar((double) r.originalMaxPositions()))
                .sub(new Scalar(r.lowFrequencyFactor()))
                .div(new Scalar(r.highFrequencyFactor() - r.lowFrequencyFactor())); // [hd/2]
        Tensor blend = share.neg()
                .add(new Scalar(1.0))
                .mul(divided)
                .div(new Scalar(r.factor()))
                .add(share.mul(divided)); // [hd/2]
        return where(isLong.logical_or(isShort), divided, blend); // [hd/2]
    }
}
