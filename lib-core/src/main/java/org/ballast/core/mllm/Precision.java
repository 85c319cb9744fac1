package org.ballast.core.mllm;

import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The type that a model computes in. In {@code BF16} the weights, the products and the residual stream are bfloat16; norms, softmax, log-probabilities, rotary
 * angles and adapters stay float32.
 */
public enum Precision {
    FLOAT32(ScalarType.Float),
    BF16(ScalarType.BFloat16);

    private final ScalarType scalarType;

    Precision(ScalarType scalarType) {
        this.scalarType = scalarType;
    }

    public ScalarType scalarType() {
        return scalarType;
    }

    /**
     * The precision of a setting: {@code float32}, {@code bf16} (or {@code bfloat16}), or {@code auto}, which is bf16 on a CUDA device and on a processor that
     * multiplies bf16 by itself (AMX or AVX-512 BF16), float32 elsewhere.
     *
     * @throws IllegalArgumentException naming another value
     */
    public static Precision resolve(String setting, Device device) {
        return switch (setting) {
            case "float32" -> FLOAT32;
            case "bf16", "bfloat16" -> BF16;
            case "auto" -> device.is_cuda() || device.is_cpu() && Processor.hasNativeBf16() ? BF16 : FLOAT32;
            default -> throw new IllegalArgumentException(
                    "precision is \"" + setting + "\"; supported: auto, float32, bf16");
        };
    }
}
