package org.ballast.core.mllm;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Weights of which some are places in a flat vector. Each is a leaf of its own whose gradient is the same place of the gradient vector, so that autograd
 * accumulates there; a narrow of one big leaf would fill and add a whole vector for each tensor. Belongs to one step's scope.
 */
final class TrainableWeights implements Weights {
    private final Weights base;
    private final ToDoubleFunction<String> loraScale;
    private final Map<String, Tensor> leaves = new LinkedHashMap<>();
    private final Map<String, Long> gradientAddresses = new LinkedHashMap<>();

    /**
     * @param gradient the vector that takes the gradients, zeroed by the caller; null: no gradients
     * @param loraScale factor of a module's update where the layout holds adapter matrices
     */
    TrainableWeights(
            Weights base, ParameterLayout layout, Tensor theta, Tensor gradient, ToDoubleFunction<String> loraScale) {
        this.base = base;
        this.loraScale = loraScale;
        requireFlat("theta", theta, layout, exactType(base.type()));
        if (gradient != null) {
            requireFlat("gradient", gradient, layout, exactType(base.type()));
        }
        for (NamedShape tensor : layout.tensors()) {
            Tensor leaf = layout.view(theta, tensor).detach(); // shape of the tensor
            if (gradient != null) {
                Tensor place = layout.view(gradient, tensor).detach(); // shape of the tensor
                leaf.set_requires_grad(true);
                leaf.mutable_grad().put(place);
                gradientAddresses.put(tensor.name(), place.data_ptr().address());
            }
            leaves.put(tensor.name(), leaf);
        }
    }

    /** Type of trained parameters: that of the products, but float32 for bfloat16. */
    static ScalarType exactType(ScalarType type) {
        return type == ScalarType.BFloat16 ? ScalarType.Float : type;
    }

    private static void requireFlat(String what, Tensor t, ParameterLayout layout, ScalarType type) {
        if (t.dim() != 1
                || t.numel() != layout.size()
                || !t.is_contiguous()
                || t.scalar_type().intern() != type) {
            throw new IllegalArgumentException(
                    what + " must be a contiguous vector of " + layout.size() + " " + type + ", is "
                            + Arrays.toString(t.shape()) + " " + t.scalar_type().intern());
        }
    }

    @Override
    public Tensor tensor(String name) {
        Tensor leaf = leaves.get(name);
        return leaf != null ? leaf.to(base.type()) : base.tensor(name);
    }

    @Override
    public LowRank lowRank(String module) {
        Tensor a = leaves.get(LoraConfig.nameOfA(module));
        return a == null
                ? base.lowRank(module)
                : new LowRank(a, leaves.get(LoraConfig.nameOfB(module)), loraScale.applyAsDouble(module));
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
    public Tensor gradient(String name) {
        return gradientAddresses.containsKey(name) ? leaves.get(name).grad() : null;
    }

    @Override
    public boolean trains(String prefix) {
        String adapted = LoraConfig.nameOfA(prefix).replaceAll("\\.lora_A\\.weight$", "");
        return gradientAddresses.keySet().stream().anyMatch(n -> n.startsWith(prefix) || n.startsWith(adapted));
    }

    /** Keeps the tensors beyond the scope that they were made in, until {@link #release}. */
    void retain() {
        leaves.values().forEach(Tensor::retainReference);
    }

    void release() {
        leaves.values().forEach(Tensor::releaseReference);
    }

    /** Autograd adds into a gradient that is already there; were it ever to put another in its place, the vector would be silently wrong. */
    void requireGradientsInPlace() {
        gradientAddresses.forEach((name, address) -> {
            if (leaves.get(name).grad().data_ptr().address() != address) {
                throw new IllegalStateException("the gradient of " + name + " was not accumulated in place");
            }
        });
    }
}
