package org.ballast.core.mllm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The files of a checkpoint directory in Hugging Face's layout, whole or in shards. */
final class CheckpointFiles {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CONFIG = "config.json";
    private static final String GENERATION = "generation_config.json";
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";
    private static final String WANTED =
            "weights are read from " + SINGLE + ", or from the shards that " + INDEX + " names";
    private static final List<String> OTHER_FORMATS =
            List.of(".bin", ".pt", ".pth", ".gguf", ".ggml", ".h5", ".msgpack", ".ckpt", ".onnx", ".npz", ".pkl");

    private CheckpointFiles() {}

    /** The configuration; end tokens are those of {@code generation_config.json} where it names any. */
    static LlavaConfig config(Path dir) {
        if (!Files.isDirectory(dir)) {
            throw new CheckpointException(dir + ": is no checkpoint directory; " + WANTED);
        }
        LlavaConfig config = LlavaConfigFile.read(dir.resolve(CONFIG));
        Path file = dir.resolve(GENERATION);
        if (!Files.exists(file)) {
            return config;
        }
        ConfigNode generation = ConfigNode.read(file);
        return generation.has("eos_token_id")
                ? config.withEndTokens(generation.integers("eos_token_id", List.of()))
                : config;
    }

    static FrozenWeights read(Path dir, LlavaConfig config, ScalarType type, Device device) {
        CheckpointReader reader = new CheckpointReader(config);
        Path single = dir.resolve(SINGLE);
        Path index = dir.resolve(INDEX);
        if (Files.isRegularFile(single)) {
            return reader.read(single, Map.of(single, List.of()), type, device);
        }
        if (Files.isRegularFile(index)) {
            return reader.read(index, ConfigNode.read(index).shards(dir), type, device);
        }
        throw new CheckpointException(dir + ": holds neither " + SINGLE + " nor " + INDEX + otherFormats(dir));
    }

    private static String otherFormats(Path dir) {
        try (Stream<Path> files = Files.list(dir)) {
            List<String> names = files.map(f -> f.getFileName().toString())
                    .filter(n ->
                            n.endsWith(".safetensors") || OTHER_FORMATS.stream().anyMatch(n::endsWith))
                    .sorted()
                    .limit(5)
                    .toList();
            return names.isEmpty() ? "" : " but " + String.join(", ", names) + "; " + WANTED;
        } catch (IOException e) {
            throw new CheckpointException(dir + ": cannot be listed: " + e, e);
        }
    }

    /**
     * @param names tensors to write
     * @param stored type of the weights
     */
    static void write(
            Path dir, LlavaConfig config, ScalarType stored, List<String> names, Function<String, Tensor> weights)
            throws IOException {
        Files.createDirectories(dir);
        LlavaConfigFile.write(config, stored, dir.resolve(CONFIG));
        writeProcessorFiles(dir, config);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        names.forEach(name -> tensors.put(LlavaTensors.storedName(config, name), weights.apply(name)));
        SafeTensorsWriter.write(dir.resolve(SINGLE), tensors);
    }

    private static void writeProcessorFiles(Path dir, LlavaConfig config) throws IOException {
        ObjectNode generation = JSON.createObjectNode();
        generation.put("bos_token_id", config.text().bosTokenId());
        TextConfigFile.writeEndTokens(config.text(), generation);
        generation.put("pad_token_id", config.text().padTokenId());
        writeJson(dir.resolve(GENERATION), generation);
        ObjectNode tokenizer = JSON.createObjectNode();
        tokenizer.put("tokenizer_class", "PreTrainedTokenizerFast");
        tokenizer.put("bos_token", "<s>");
        tokenizer.put("eos_token", "</s>");
        tokenizer.put("pad_token", "<pad>");
        tokenizer.put("padding_side", "left");
        tokenizer.put("model_max_length", config.text().maxPositions());
        tokenizer.put("clean_up_tokenization_spaces", false);
        if (config.hasVision()) {
            tokenizer.put("processor_class", "LlavaProcessor");
            ObjectNode processor = JSON.createObjectNode();
            processor.put("processor_class", "LlavaProcessor");
            processor.put("image_token", "<image>");
            processor.put("patch_size", config.vision().patchSize());
            processor.put("num_additional_image_tokens", 1);
            processor.put("vision_feature_select_strategy", config.keepClassToken() ? "full" : "default");
            writeJson(dir.resolve("processor_config.json"), processor);
        }
        writeJson(dir.resolve("tokenizer_config.json"), tokenizer);
    }

    private static void writeJson(Path file, JsonNode node) throws IOException {
        Files.writeString(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(node) + "\n");
    }
}
