package org.ballast.core.mllm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The files of a checkpoint directory in Hugging Face's layout, whole or in shards. */
final class CheckpointFiles {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";

    private CheckpointFiles() {}

    static FrozenWeights read(Path dir, LlavaConfig config, ScalarType type, Device device) {
        Map<String, NamedShape> expected = new LinkedHashMap<>();
        LlavaTensors.all(config).forEach(t -> expected.put(t.name(), t));
        Map<String, Tensor> found = new LinkedHashMap<>();
        Map<String, Path> sources = new LinkedHashMap<>();
        try (PointerScope scope = new PointerScope()) {
            for (Path file : files(dir)) {
                try (SafeTensors tensors = SafeTensors.open(file)) {
                    readFile(tensors, config, expected, found, sources);
                }
            }
            for (String name : expected.keySet()) {
                if (!found.containsKey(name)) {
                    throw new CheckpointException(files(dir).get(0) + ": tensor " + name + " is missing");
                }
            }
            found.replaceAll((name, t) -> t.to(device, type)); // shape of the tensor; no copy if it is so already
            found.values().forEach(Tensor::retainReference);
        }
        return new FrozenWeights(found, type, device);
    }

    private static void readFile(
            SafeTensors tensors,
            LlavaConfig config,
            Map<String, NamedShape> expected,
            Map<String, Tensor> found,
            Map<String, Path> sources) {
        Path file = tensors.file();
        for (String stored : tensors.names()) {
            String name = LlavaTensors.hubName(stored);
            SafeTensors.Entry entry = tensors.entry(stored);
            if (LlavaTensors.isBuffer(name)) {
                continue;
            }
            NamedShape shape = expected.get(name);
            if (shape == null) {
                if (name.equals(LlavaTensors.HEAD) && config.text().tiedHead()) {
                    throw new CheckpointException(
                            file + ": tensor " + stored + " is surplus: tie_word_embeddings is true in config.json");
                }
                throw new CheckpointException(file + ": tensor " + stored + " is surplus: the configuration has none");
            }
            if (!entry.isFloating()) {
                throw new CheckpointException(
                        file + ": tensor " + stored + " is " + entry.type() + "; weights are F32, F16 or BF16");
            }
            if (!Arrays.equals(entry.shape(), shape.shape())) {
                throw new CheckpointException(file + ": tensor " + stored + " has shape "
                        + Arrays.toString(entry.shape()) + ", the configuration asks for "
                        + Arrays.toString(shape.shape()));
            }
            Path other = sources.put(name, file);
            if (other != null) {
                throw new CheckpointException(file + ": tensor " + stored + " stands in " + other + " too");
            }
            found.put(name, tensors.tensor(stored)); // shape of the tensor
        }
    }

    private static List<Path> files(Path dir) {
        Path single = dir.resolve(SINGLE);
        Path index = dir.resolve(INDEX);
        if (Files.isRegularFile(single)) {
            return List.of(single);
        }
        if (!Files.isRegularFile(index)) {
            throw new CheckpointException(dir + ": holds neither " + SINGLE + " nor " + INDEX);
        }
        JsonNode map;
        try {
            map = JSON.readTree(Files.readAllBytes(index)).path("weight_map");
        } catch (IOException e) {
            throw new CheckpointException(index + ": cannot be read as JSON: " + e.getMessage(), e);
        }
        TreeSet<String> names = new TreeSet<>();
        map.forEach(n -> names.add(n.asText()));
        if (names.isEmpty()) {
            throw new CheckpointException(index + ": weight_map is empty or missing");
        }
        List<Path> shards = new ArrayList<>();
        for (String name : names) {
            Path shard = dir.resolve(name);
            if (!shard.normalize().getParent().equals(dir.normalize()) || !Files.isRegularFile(shard)) {
                throw new CheckpointException(index + ": shard " + name + " is no file of this directory");
            }
            shards.add(shard);
        }
        return shards;
    }

    static void write(Path dir, LlavaConfig config, Function<String, Tensor> weights) throws IOException {
        Files.createDirectories(dir);
        LlavaConfigFile.write(config, dir.resolve("config.json"));
        writeProcessorFiles(dir, config);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        LlavaTensors.all(config).forEach(t -> tensors.put(t.name(), weights.apply(t.name())));
        SafeTensorsWriter.write(dir.resolve(SINGLE), tensors);
    }

    private static void writeProcessorFiles(Path dir, LlavaConfig config) throws IOException {
        ObjectNode generation = JSON.createObjectNode();
        generation.put("bos_token_id", config.text().bosTokenId());
        generation.put("eos_token_id", config.text().eosTokenId());
        generation.put("pad_token_id", config.text().padTokenId());
        writeJson(dir.resolve("generation_config.json"), generation);
        ObjectNode processor = JSON.createObjectNode();
        processor.put("processor_class", "LlavaProcessor");
        processor.put("image_token", "<image>");
        processor.put("patch_size", config.vision().patchSize());
        processor.put("num_additional_image_tokens", 1);
        processor.put("vision_feature_select_strategy", config.keepClassToken() ? "full" : "default");
        writeJson(dir.resolve("processor_config.json"), processor);
        ObjectNode tokenizer = JSON.createObjectNode();
        tokenizer.put("tokenizer_class", "PreTrainedTokenizerFast");
        tokenizer.put("processor_class", "LlavaProcessor");
        tokenizer.put("bos_token", "<s>");
        tokenizer.put("eos_token", "</s>");
        tokenizer.put("pad_token", "<pad>");
        tokenizer.put("padding_side", "left");
        tokenizer.put("model_max_length", config.text().maxPositions());
        tokenizer.put("clean_up_tokenization_spaces", false);
        writeJson(dir.resolve("tokenizer_config.json"), tokenizer);
    }

    private static void writeJson(Path file, JsonNode node) throws IOException {
        Files.writeString(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(node) + "\n");
    }
}
