package org.ballast.core.mllm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The type that a model computes in. In {@code BF16} the weights, the products and the residual stream are bfloat16; norms, softmax, log-probabilities, rotary
 * angles and adapters stay float32.
 */
public enum Precision {
    FLOAT32(ScalarType.Float),
    BF16(ScalarType.BFloat16);

    private static final Path PROCESSORS = Path.of("/proc/cpuinfo");

    private final ScalarType scalarType;

    Precision(ScalarType scalarType) {
        this.scalarType = scalarType;
    }

    public ScalarType scalarType() {
        return scalarType;
    }

    /**
     * The precision of a setting: {@code float32}, {@code bf16} (or {@code bfloat16}), or {@code auto}, which is bf16 on a CUDA device and on a processor that
     * multiplies bf16 matrices by itself (AMX), float32 elsewhere.
     *
     * @throws IllegalArgumentException naming another value
     */
    public static Precision resolve(String setting, Device device) {
        return switch (setting) {
            case "float32" -> FLOAT32;
            case "bf16", "bfloat16" -> BF16;
            case "auto" -> device.is_cuda() || device.is_cpu() && processorMultipliesBf16() ? BF16 : FLOAT32;
            default -> throw new IllegalArgumentException(
                    "precision is \"" + setting + "\"; supported: auto, float32, bf16");
        };
    }

    private static boolean processorMultipliesBf16() {
        if (!Files.isReadable(PROCESSORS)) {
            return false;
        }
        try (var lines = Files.lines(PROCESSORS)) {
            return lines.anyMatch(l -> l.startsWith("flags") && (l + " ").contains(" amx_bf16 "));
        } catch (IOException e) {
            throw new IllegalStateException(PROCESSORS + " cannot be read", e);
        }
    }
}
