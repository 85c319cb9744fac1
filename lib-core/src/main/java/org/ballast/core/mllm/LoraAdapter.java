package org.ballast.core.mllm;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.ballast.core.data.ItemRandom;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A low-rank adapter: configuration, layout and values as one flat float32 vector.
 *
 * <p>Source: Hu et al., LoRA, 2021; file format of PEFT ({@code adapter_config.json}, {@code adapter_model.safetensors}).
 */
public final class LoraAdapter {
    private final LoraConfig config;
    private final LlavaConfig model;
    private final ParameterLayout layout;
    private final float[] theta;

    /** @param theta the values in the order of {@link LoraConfig#layout} */
    public LoraAdapter(LoraConfig config, LlavaConfig model, float[] theta) {
        this.config = config;
        this.model = model;
        this.layout = config.layout(model);
        if (theta.length != layout.size()) {
            throw new IllegalArgumentException(
                    "theta has " + theta.length + " elements, the adapter " + layout.size() + " parameters");
        }
        this.theta = theta.clone();
    }

    /**
     * An adapter that changes nothing yet: A as {@code kaiming_uniform(a = sqrt 5)} has it, uniform within 1 / sqrt(in); B zero; modules that are saved in full
     * as the model has them.
     */
    public static LoraAdapter initialise(LoraConfig config, LlavaModel model, long seed) {
        ParameterLayout layout = config.layout(model.config());
        float[] theta = new float[Math.toIntExact(layout.size())];
        try (PointerScope scope = new PointerScope()) {
            for (NamedShape tensor : layout.tensors()) {
                int at = (int) layout.offset(tensor.name());
                if (tensor.name().endsWith(".lora_A.weight")) {
                    RandomGenerator random = ItemRandom.of(seed, "init", tensor.name(), 0);
                    double bound = 1 / Math.sqrt(tensor.shape()[1]);
                    for (int i = 0; i < tensor.elements(); i++) {
                        theta[at + i] = (float) (bound * (2 * random.nextDouble() - 1));
                    }
                } else if (!tensor.name().endsWith(".lora_B.weight")) {
                    copy(model.weights().tensor(tensor.name()), theta, at);
                }
            }
        }
        return new LoraAdapter(config, model.config(), theta);
    }

    private static void copy(Tensor tensor, float[] into, int at) {
        Tensor values = tensor.cpu().to(ScalarType.Float).contiguous(); // shape of the tensor
        new FloatPointer(values.data_ptr()).get(into, at, (int) values.numel());
    }

    /** @throws CheckpointException naming the file and the key or tensor that is missing, surplus, wrong or not supported */
    public static LoraAdapter read(Path adapterDir, LlavaConfig model) {
        return PeftFiles.read(adapterDir, model);
    }

    /** Writes {@code adapter_config.json} and {@code adapter_model.safetensors}. */
    public void write(Path adapterDir, String baseModel) throws IOException {
        PeftFiles.write(adapterDir, this, baseModel);
    }

    public LoraConfig config() {
        return config;
    }

    /** Shape of the model that it was made for. */
    LlavaConfig model() {
        return model;
    }

    public ParameterLayout layout() {
        return layout;
    }

    /** A copy of the values. */
    public float[] theta() {
        return theta.clone();
    }

    /** The model's weights with this adapter on. Belongs to the caller's scope. */
    TrainableWeights over(LlavaModel model) {
        Tensor flat = Tensor.create(theta, theta.length)
                .to(
                        model.weights().device(),
                        TrainableWeights.exactType(model.weights().type())); // [parameters]
        return new TrainableWeights(model.weights(), layout, flat, null, config.scales());
    }

    /**
     * A model whose weights are {@code W + scale B A}, summed in float32 (float64 for a model of that type) and rounded once to the model's type; modules that
     * the adapter holds in full take its values. The base is left alone; tensors that the adapter does not touch are shared, and both models must be closed.
     */
    public LlavaModel merge(LlavaModel base) {
        return combined(base, 1);
    }

    /**
     * Takes the update out of a merged float32 or float64 model: {@code W' - scale B A}. Each weight is the base's but for two roundings, so within
     * 2^-23 (|W| + |scale B A|) of it in float32.
     *
     * @throws IllegalArgumentException if that is not possible: a bf16 weight has lost the base's last bits, and a module stored in full the base's values;
     *     keep the base for those
     */
    public LlavaModel unmerge(LlavaModel merged) {
        ScalarType type = merged.weights().type();
        if (type != ScalarType.Float && type != ScalarType.Double) {
            throw new IllegalArgumentException(
                    "an update cannot be taken out of " + type + " weights, which were rounded: keep the base");
        }
        if (!config.modulesToSave().isEmpty()) {
            throw new IllegalArgumentException(
                    "the base's " + config.modulesToSave() + " cannot be found again in a merged model: keep the base");
        }
        return combined(merged, -1);
    }

    private LlavaModel combined(LlavaModel model, double sign) {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            ScalarType type = model.weights().type();
            ScalarType exact = type == ScalarType.Double ? type : ScalarType.Float;
            Weights adapted = over(model);
            Map<String, Tensor> combined = new LinkedHashMap<>();
            for (NamedShape tensor : model.tensors()) {
                try (PointerScope step = new PointerScope()) {
                    Tensor value = adapted.tensor(tensor.name()); // shape of the tensor
                    Weights.LowRank update = adapted.lowRank(tensor.name().replaceAll("\\.weight$", ""));
                    if (update != null) {
                        Tensor low = update.b().to(exact).matmul(update.a().to(exact)); // [out, in]
                        value = value.to(exact)
                                .add(low, new Scalar(sign * update.scale()))
                                .to(type); // [out, in]
                    } else if (layout.contains(tensor.name())) {
                        value = value.to(type).clone(); // shape of the tensor
                    } else {
                        value = value.detach(); // shares the base's memory
                    }
                    value.retainReference();
                    combined.put(tensor.name(), value);
                }
            }
            return new LlavaModel(
                    model.config(),
                    new FrozenWeights(combined, type, model.weights().device()));
        }
    }
}
