package org.ballast.core.mllm;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A LLaVA model with its weights; immutable, and safe to use from several threads. The weights stay mapped or allocated until {@link #close}. Every call
 * that computes belongs in a {@link PointerScope} of the caller, unless it says that it returns plain Java values.
 */
public final class LlavaModel implements AutoCloseable {
    private final LlavaConfig config;
    private final FrozenWeights weights;
    private final VisionTower tower;
    private final PackedDecoder packedDecoder;
    private PackedLinears packedLinears;

    LlavaModel(LlavaConfig config, FrozenWeights weights) {
        this.config = config;
        this.weights = weights;
        this.tower = config.hasVision() ? new VisionTower(config) : null;
        this.packedDecoder = new PackedDecoder(config);
    }

    /**
     * Opens a checkpoint directory: {@code config.json} and {@code model.safetensors}, or the shards that {@code model.safetensors.index.json} names. Where stored
     * and computed type agree, and on the CPU, the weights are the mapped file; else they are converted and copied.
     *
     * @throws CheckpointException naming the file and the tensor or key that is missing, surplus or wrong
     */
    public static LlavaModel open(Path checkpointDir, Precision precision, Device device) {
        LlavaConfig config = CheckpointFiles.config(checkpointDir);
        return new LlavaModel(config, CheckpointFiles.read(checkpointDir, config, precision.scalarType(), device));
    }

    /** {@link #open(Path, Precision, Device)} in float32 on the CPU. */
    public static LlavaModel open(Path checkpointDir) {
        try (Device cpu = new Device(DeviceType.CPU)) {
            return open(checkpointDir, Precision.FLOAT32, cpu);
        }
    }

    /** {@link #initialise(LlavaConfig, long, double)} with LLaMA's deviation of 0.02. */
    public static LlavaModel initialise(LlavaConfig config, long seed) {
        return initialise(config, seed, 0.02);
    }

    /**
     * A model of random weights, the same for the same arguments. Norms are one and biases zero; decoder, embeddings and projector are normal with the given
     * standard deviation (transformers' {@code initializer_range}), the tower's layers as CLIP's {@code _init_weights} has them.
     */
    public static LlavaModel initialise(LlavaConfig config, long seed, double range) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        try (PointerScope scope = new PointerScope()) {
            for (NamedShape tensor : LlavaTensors.all(config)) {
                Tensor value = Tensor.create(Initialisation.of(config, tensor, seed, range), tensor.shape());
                value.retainReference();
                tensors.put(tensor.name(), value);
            }
        }
        return new LlavaModel(config, new FrozenWeights(tensors, ScalarType.Float));
    }

    public LlavaConfig config() {
        return config;
    }

    /** The checkpoint's own weights, frozen. */
    public Weights weights() {
        return weights;
    }

    /** The tensors that the checkpoint has, in the order of the forward pass. */
    List<NamedShape> tensors() {
        return LlavaTensors.all(config).stream()
                .filter(t -> weights.has(t.name()))
                .toList();
    }

    VisionTower tower() {
        if (tower == null) {
            throw new IllegalStateException("the model reads text only");
        }
        return tower;
    }

    PackedDecoder packedDecoder() {
        return packedDecoder;
    }

    /** These weights, which are the model's own or those under an adapter, with the model's linears packed for decoding. */
    Weights forDecoding(Weights from) {
        synchronized (weights) {
            packedLinears = packedLinears == null ? new PackedLinears(config, weights) : packedLinears;
            return new PackedWeights(from, packedLinears);
        }
    }

    /** All tensors that a forward pass reads, in its order: what full-parameter training updates. */
    public ParameterLayout parameters() {
        return new ParameterLayout(LlavaTensors.used(config));
    }

    /** A copy in another floating type; float64 serves gradient checks. */
    public LlavaModel to(ScalarType type) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            for (NamedShape tensor : tensors()) {
                Tensor copy = weights.tensor(tensor.name()).to(type).clone();
                copy.retainReference();
                tensors.put(tensor.name(), copy);
            }
        }
        return new LlavaModel(config, new FrozenWeights(tensors, type, weights.device()));
    }

    /** The weights to compute with, under an adapter if one is given; {@link HeldWeights#close} frees the adapter's share. */
    HeldWeights held(LoraAdapter adapterOrNull) {
        if (adapterOrNull == null) {
            return new HeldWeights(weights, () -> {});
        }
        try (PointerScope scope = new PointerScope()) {
            TrainableWeights adapted = adapterOrNull.over(this);
            adapted.retain();
            return new HeldWeights(adapted, adapted::release);
        }
    }

    /** Weights that outlive a scope. */
    record HeldWeights(Weights weights, Runnable release) implements AutoCloseable {
        @Override
        public void close() {
            release.run();
        }
    }

    /**
     * Writes a checkpoint directory: {@code config.json}, {@code model.safetensors} (in the weights' type, under the hub's names) and the small files that
     * {@code AutoProcessor} asks for.
     * {@code tokenizer.json} and {@code preprocessor_config.json} are the caller's to add, and the {@code tokenizer_config.json} of a tokenizer whose special tokens are not
     * named {@code <s>}, {@code </s>} and {@code <pad>}.
     */
    public void save(Path checkpointDir) throws IOException {
        write(checkpointDir, weights::tensor);
    }

    /** Writes a checkpoint in which the tensors of {@link #parameters} come from a flat vector {@code [parameters().size()]}. */
    public void save(Path checkpointDir, float[] theta) throws IOException {
        ParameterLayout layout = parameters();
        if (theta.length != layout.size()) {
            throw new IllegalArgumentException(
                    "theta has " + theta.length + " elements, the model " + layout.size() + " parameters");
        }
        try (PointerScope scope = new PointerScope()) {
            Tensor flat = Tensor.create(theta, theta.length); // [parameters]
            Map<String, Tensor> views = new LinkedHashMap<>();
            List<NamedShape> trained = layout.tensors();
            trained.forEach(t -> views.put(t.name(), layout.view(flat, t)));
            write(
                    checkpointDir,
                    name -> views.containsKey(name) ? views.get(name).to(weights.type()) : weights.tensor(name));
        }
    }

    private void write(Path checkpointDir, Function<String, Tensor> values) throws IOException {
        List<String> names = tensors().stream().map(NamedShape::name).toList();
        CheckpointFiles.write(checkpointDir, config, weights.type(), names, values);
    }

    @Override
    public void close() {
        synchronized (weights) {
            if (packedLinears != null) {
                packedLinears.close();
                packedLinears = null;
            }
        }
        weights.close();
    }
}
