package org.ballast.core.mllm;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The tensors of a checkpoint's files under the names of {@link LlavaTensors}, checked against the configuration: none missing, none surplus, none of another shape or
 * of a type that is no weight's. What the forward pass does not read (the tower's layers behind the feature layer, its last norm) may be missing. Reads one
 * checkpoint.
 */
final class CheckpointReader {
    private final LlavaConfig config;
    private final Map<String, NamedShape> expected = new LinkedHashMap<>();
    private final Map<String, Tensor> found = new LinkedHashMap<>();
    private final Map<String, Path> sources = new LinkedHashMap<>();

    CheckpointReader(LlavaConfig config) {
        this.config = config;
        LlavaTensors.all(config).forEach(t -> expected.put(t.name(), t));
        // a tied model has no head of its own, but old writers stored the table twice
        expected.putIfAbsent(LlavaTensors.HEAD, head(config.text()));
    }

    private static NamedShape head(TextConfig text) {
        return new NamedShape(LlavaTensors.HEAD, text.vocabSize(), text.hiddenSize());
    }

    /**
     * @param file the one that stands for the checkpoint in messages
     * @param files each with the names that it must hold by the index
     */
    FrozenWeights read(Path file, Map<Path, List<String>> files, ScalarType type, Device device) {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            files.forEach(this::readFile);
            if (config.text().tiedHead()) {
                tie();
            }
            for (NamedShape tensor : LlavaTensors.used(config)) {
                if (!found.containsKey(tensor.name())) {
                    throw new CheckpointException(
                            file + ": tensor " + LlavaTensors.storedName(config, tensor.name()) + " is missing");
                }
            }
            found.replaceAll((name, t) -> t.to(device, type)); // shape of the tensor; itself if it is so already
            found.values().forEach(Tensor::retainReference);
        }
        return new FrozenWeights(found, type, device);
    }

    private void readFile(Path file, List<String> promised) {
        try (SafeTensors tensors = SafeTensors.open(file)) {
            for (String name : promised) {
                if (!tensors.names().contains(name)) {
                    throw new CheckpointException(file + ": tensor " + name + " is missing; the index has it here");
                }
            }
            tensors.names().forEach(stored -> take(tensors, stored));
        }
    }

    private void take(SafeTensors tensors, String stored) {
        Path file = tensors.file();
        String name = LlavaTensors.hubName(config, stored);
        if (LlavaTensors.isBuffer(name)) {
            return;
        }
        NamedShape shape = expected.get(name);
        SafeTensors.Entry entry = tensors.entry(stored);
        if (shape == null) {
            throw new CheckpointException(file + ": tensor " + stored + " is surplus: the configuration has none");
        }
        if (!entry.isFloating()) {
            throw new CheckpointException(
                    file + ": tensor " + stored + " is " + entry.type() + "; weights are F32, F16 or BF16");
        }
        if (!Arrays.equals(entry.shape(), shape.shape())) {
            throw new CheckpointException(file + ": tensor " + stored + " has shape " + Arrays.toString(entry.shape())
                    + ", the configuration asks for " + Arrays.toString(shape.shape()));
        }
        Path other = sources.put(name, file);
        if (other != null) {
            throw new CheckpointException(file + ": tensor " + stored + " stands twice, also in " + other);
        }
        found.put(name, tensors.tensor(stored)); // shape of the tensor
    }

    /** A tied checkpoint may store the table as embedding, as head, or twice the same. */
    private void tie() {
        Tensor head = found.remove(LlavaTensors.HEAD); // [vocab, d]
        Tensor table = found.get(LlavaTensors.EMBEDDING); // [vocab, d]
        if (head == null) {
            return;
        }
        if (table == null) {
            found.put(LlavaTensors.EMBEDDING, head);
        } else if (head.scalar_type().intern() != table.scalar_type().intern() || !head.equal(table)) {
            throw new CheckpointException(
                    sources.get(LlavaTensors.HEAD) + ": tensor "
                            + LlavaTensors.storedName(config, LlavaTensors.HEAD)
                            + " is surplus: tie_word_embeddings is true in the configuration, and it differs from the embedding");
        }
    }
}
