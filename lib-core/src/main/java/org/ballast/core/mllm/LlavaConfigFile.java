package org.ballast.core.mllm;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.ballast.core.mllm.TextConfig.Family;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Reads and writes Hugging Face's {@code config.json} of a {@code LlavaForConditionalGeneration}, or of a {@code LlamaForCausalLM}, {@code MistralForCausalLM} or
 * {@code Qwen2ForCausalLM}, in the dialects of transformers 4 (defaults left out, {@code image_token_index}, {@code rope_theta}, {@code rope_scaling}) and 5
 * ({@code image_token_id}, {@code rope_parameters}). What is left out has the default of the class in transformers.
 */
public final class LlavaConfigFile {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String LLAVA = "llava";
    private static final String ARCHITECTURE = "LlavaForConditionalGeneration";

    private LlavaConfigFile() {}

    /** @throws CheckpointException naming the file, the key and the value that cannot be used */
    public static LlavaConfig read(Path file) {
        return config(ConfigNode.read(file), file.toString());
    }

    /**
     * The same of a file's content.
     *
     * @param file what messages call it
     */
    public static LlavaConfig parse(byte[] json, String file) {
        return config(ConfigNode.parse(json, file), file);
    }

    private static LlavaConfig config(ConfigNode root, String file) {
        try {
            return config(root);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(file + ": " + e.getMessage(), e);
        }
    }

    private static LlavaConfig config(ConfigNode root) {
        String type = root.text("model_type", "");
        if (!type.equals(LLAVA)
                && Arrays.stream(Family.values()).noneMatch(f -> f.modelType().equals(type))) {
            throw root.refused("model_type", "llava, llama, mistral, qwen2");
        }
        refuseQuantised(root);
        if (!type.equals(LLAVA)) {
            TextConfig text = TextConfigFile.read(root, root);
            requireArchitecture(root, text.family().architecture());
            return LlavaConfig.textOnly(text);
        }
        requireArchitecture(root, ARCHITECTURE);
        ConfigNode text = root.object("text_config");
        refuseQuantised(text);
        String strategy = root.requireOneOf("vision_feature_select_strategy", "default", List.of("default", "full"));
        // transformers prefers the newer name where both stand
        String imageToken = root.has("image_token_id") ? "image_token_id" : "image_token_index";
        return new LlavaConfig(
                vision(root),
                TextConfigFile.read(text, root),
                root.integers("vision_feature_layer", List.of(-2)),
                strategy.equals("full"),
                root.integer(imageToken, 32000),
                root.bool("multimodal_projector_bias", true),
                root.text("projector_hidden_act", "gelu"));
    }

    private static void requireArchitecture(ConfigNode root, String architecture) {
        List<String> named = root.strings("architectures");
        if (!named.isEmpty() && !named.contains(architecture)) {
            throw root.refused("architectures", architecture);
        }
    }

    private static void refuseQuantised(ConfigNode node) {
        if (node.has("quantization_config")) {
            throw node.refused("quantization_config", "weights stored as F32, F16 or BF16");
        }
    }

    private static VisionConfig vision(ConfigNode root) {
        if (!root.has("vision_config")) {
            return VisionConfig.llava15();
        }
        ConfigNode node = root.object("vision_config");
        node.requireOneOf("model_type", "clip_vision_model", List.of("clip_vision_model"));
        return new VisionConfig(
                node.integer("image_size", 224),
                node.integer("patch_size", 32),
                node.integer("num_channels", 3),
                node.integer("hidden_size", 768),
                node.integer("intermediate_size", 3072),
                node.integer("num_hidden_layers", 12),
                node.integer("num_attention_heads", 12),
                node.integer("projection_dim", 512),
                node.text("hidden_act", "quick_gelu"),
                node.number("layer_norm_eps", 1e-5));
    }

    /**
     * Writes what transformers 4.5x and 5 both read: every value, in both spellings where they differ.
     *
     * @param stored type of the checkpoint's tensors
     */
    public static void write(LlavaConfig config, ScalarType stored, Path file) throws IOException {
        ObjectNode root = JSON.createObjectNode();
        if (config.hasVision()) {
            writeLlava(config, stored, root);
        } else {
            writeText(config.text(), stored, root);
        }
        Files.writeString(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n");
    }

    private static void writeLlava(LlavaConfig config, ScalarType stored, ObjectNode root) {
        root.putArray("architectures").add(ARCHITECTURE);
        root.put("model_type", LLAVA);
        root.put("image_token_index", config.imageTokenId());
        root.put("image_token_id", config.imageTokenId());
        root.put("image_seq_length", config.imageTokens());
        root.put("projector_hidden_act", config.projectorActivation());
        root.put("multimodal_projector_bias", config.projectorBias());
        if (config.visionFeatureLayers().size() == 1) {
            root.put("vision_feature_layer", config.visionFeatureLayers().get(0));
        } else {
            config.visionFeatureLayers()
                    .forEach(layer -> root.withArray("vision_feature_layer").add(layer));
        }
        root.put("vision_feature_select_strategy", config.keepClassToken() ? "full" : "default");
        root.put("tie_word_embeddings", config.text().tiedHead());
        root.put("pad_token_id", config.text().padTokenId());
        writeType(stored, root);
        writeText(config.text(), stored, root.putObject("text_config"));
        writeVision(config.vision(), root.putObject("vision_config"));
    }

    private static void writeText(TextConfig config, ScalarType stored, ObjectNode node) {
        TextConfigFile.write(config, node);
        writeType(stored, node);
    }

    private static void writeType(ScalarType stored, ObjectNode node) {
        String name =
                switch (stored) {
                    case BFloat16 -> "bfloat16";
                    case Half -> "float16";
                    default -> "float32";
                };
        node.put("torch_dtype", name);
        node.put("dtype", name);
    }

    private static void writeVision(VisionConfig c, ObjectNode node) {
        node.put("model_type", "clip_vision_model");
        node.put("image_size", c.imageSize());
        node.put("patch_size", c.patchSize());
        node.put("num_channels", c.channels());
        node.put("hidden_size", c.hiddenSize());
        node.put("intermediate_size", c.intermediateSize());
        node.put("num_hidden_layers", c.layers());
        node.put("num_attention_heads", c.heads());
        node.put("projection_dim", c.projectionSize());
        node.put("hidden_act", c.activation());
        node.put("layer_norm_eps", c.layerNormEps());
        node.put("attention_dropout", 0.0);
    }
}
