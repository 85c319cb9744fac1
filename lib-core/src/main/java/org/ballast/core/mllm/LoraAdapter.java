package org.ballast.core.mllm;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.ballast.core.data.ItemRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * A low-rank adapter: configuration, layout and values as one flat float32 vector.
 *
 * <p>Source: Hu et al., LoRA, 2021; file format of PEFT ({@code adapter_config.json}, {@code adapter_model.safetensors}).
 */
public final class LoraAdapter {
    private final LoraConfig config;
    private final ParameterLayout layout;
    private final float[] theta;

    public LoraAdapter(LoraConfig config, LlavaConfig model, float[] theta) {
        this.config = config;
        this.layout = config.layout(model);
        if (theta.length != layout.size()) {
            throw new IllegalArgumentException(
                    "theta has " + theta.length + " elements, the adapter " + layout.size() + " parameters");
        }
        this.theta = theta.clone();
    }

    /** A as {@code kaiming_uniform(a = sqrt 5)} has it, uniform within 1 / sqrt(in); B zero, so that the first model is the base. */
    public static LoraAdapter initialise(LoraConfig config, LlavaConfig model, long seed) {
        ParameterLayout layout = config.layout(model);
        float[] theta = new float[Math.toIntExact(layout.size())];
        for (NamedShape tensor : layout.tensors()) {
            if (tensor.name().endsWith(".lora_A.weight")) {
                RandomGenerator random = ItemRandom.of(seed, "init", tensor.name(), 0);
                double bound = 1 / Math.sqrt(tensor.shape()[1]);
                int at = (int) layout.offset(tensor.name());
                for (int i = 0; i < tensor.elements(); i++) {
                    theta[at + i] = (float) (bound * (2 * random.nextDouble() - 1));
                }
            }
        }
        return new LoraAdapter(config, model, theta);
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

    public ParameterLayout layout() {
        return layout;
    }

    /** A copy of the values. */
    public float[] theta() {
        return theta.clone();
    }

    /** The model's weights with this adapter on. Belongs to the caller's scope. */
    TrainableWeights over(LlavaModel model) {
        Tensor flat = Tensor.create(theta, theta.length).to(model.weights().type()); // [parameters]
        return new TrainableWeights(model.weights(), layout, flat, null, config.scale());
    }

    /** A model whose weights are {@code W + scale * B A}; the base is left alone, and both must be closed. */
    public LlavaModel merge(LlavaModel base) {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            Weights adapted = over(base);
            Map<String, Tensor> merged = new LinkedHashMap<>();
            for (NamedShape tensor : base.tensors()) {
                Tensor weight = base.weights().tensor(tensor.name());
                String module = tensor.name().replaceAll("\\.weight$", "");
                Weights.LowRank update = adapted.lowRank(module);
                Tensor value = update == null
                        ? weight.clone()
                        : weight.add(update.b().matmul(update.a()), new Scalar(update.scale())); // [out, in]
                value.retainReference();
                merged.put(tensor.name(), value);
            }
            return new LlavaModel(
                    base.config(),
                    new FrozenWeights(
                            merged, base.weights().type(), base.weights().device()));
        }
    }
}
