package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.gelu;
import static org.bytedeco.pytorch.global.torch.relu;
import static org.bytedeco.pytorch.global.torch.silu;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * The activations of towers and projectors, by their names in {@code config.json}.
 *
 * <p>Source: {@code ACT2FN} of transformers' activations.py; its several tanh forms of GELU are one function.
 */
final class Activation {
    private static final UnaryOperator<Tensor> TANH_GELU = x -> gelu(x, "tanh");

    private static final Map<String, UnaryOperator<Tensor>> BY_NAME = new TreeMap<>(Map.ofEntries(
            Map.entry("gelu", x -> gelu(x)),
            Map.entry("gelu_python", x -> gelu(x)),
            Map.entry("gelu_new", TANH_GELU),
            Map.entry("gelu_fast", TANH_GELU),
            Map.entry("gelu_accurate", TANH_GELU),
            Map.entry("gelu_pytorch_tanh", TANH_GELU),
            Map.entry("gelu_python_tanh", TANH_GELU),
            Map.entry("quick_gelu", x -> x.mul(x.mul(new Scalar(1.702)).sigmoid())),
            Map.entry("relu", x -> relu(x)),
            Map.entry("silu", x -> silu(x)),
            Map.entry("swish", x -> silu(x)),
            Map.entry("tanh", x -> x.tanh()),
            Map.entry("sigmoid", x -> x.sigmoid()),
            Map.entry("linear", x -> x)));

    private Activation() {}

    /** @throws IllegalArgumentException naming the key and a value that has no function here */
    static void require(String key, String name) {
        if (!BY_NAME.containsKey(name)) {
            throw new IllegalArgumentException(
                    key + " is \"" + name + "\"; supported: " + String.join(", ", BY_NAME.keySet()));
        }
    }

    static Tensor apply(String name, Tensor x) {
        return BY_NAME.get(name).apply(x); // shape of x
    }
}
