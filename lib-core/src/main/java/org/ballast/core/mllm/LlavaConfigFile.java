package org.ballast.core.mllm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Reads and writes Hugging Face's {@code config.json} of a {@code LlavaForConditionalGeneration}, in the dialects of transformers 4 (defaults left out,
 * {@code image_token_index}, {@code rope_theta}) and 5 ({@code image_token_id}, {@code rope_parameters}). What is left out has the default that
 * transformers documents for CLIPVisionConfig, LlamaConfig and LlavaConfig.
 */
public final class LlavaConfigFile {
    private static final ObjectMapper JSON = new ObjectMapper();
    private final Path file;

    private LlavaConfigFile(Path file) {
        this.file = file;
    }

    /** @throws CheckpointException naming the file, the key and the value that cannot be used */
    public static LlavaConfig read(Path file) {
        JsonNode root;
        try {
            root = JSON.readTree(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be read as JSON: " + e.getMessage(), e);
        }
        try {
            return new LlavaConfigFile(file).parse(root);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(file + ": " + e.getMessage(), e);
        }
    }

    private LlavaConfig parse(JsonNode root) {
        requireOneOf(root, "model_type", "", "llava");
        requireOneOf(root, "projector_hidden_act", "gelu", "gelu");
        JsonNode layer = root.path("vision_feature_layer");
        if (layer.isArray()) {
            throw new CheckpointException(
                    file + ": vision_feature_layer " + layer + " is a list; supported: one layer");
        }
        String strategy = requireOneOf(root, "vision_feature_select_strategy", "default", "default", "full");
        String imageTokenKey = root.hasNonNull("image_token_id") ? "image_token_id" : "image_token_index";
        return new LlavaConfig(
                vision(root.path("vision_config")),
                text(root),
                List.of(integer(root, "vision_feature_layer", -2)),
                strategy.equals("full"),
                integer(root, imageTokenKey, 32000),
                bool(root, "multimodal_projector_bias", true),
                "gelu");
    }

    /** LLaVA's own default tower is ViT-L/14-336, used only where no vision_config stands at all. */
    private VisionConfig vision(JsonNode node) {
        if (node.isMissingNode() || node.isNull()) {
            return new VisionConfig(336, 14, 3, 1024, 4096, 24, 16, 768, "quick_gelu", 1e-5);
        }
        requireOneOf(node, "model_type", "clip_vision_model", "clip_vision_model");
        return new VisionConfig(
                integer(node, "image_size", 224),
                integer(node, "patch_size", 32),
                integer(node, "num_channels", 3),
                integer(node, "hidden_size", 768),
                integer(node, "intermediate_size", 3072),
                integer(node, "num_hidden_layers", 12),
                integer(node, "num_attention_heads", 12),
                integer(node, "projection_dim", 512),
                text(node, "hidden_act", "quick_gelu"),
                number(node, "layer_norm_eps", 1e-5));
    }

    private TextConfig text(JsonNode root) {
        JsonNode node = root.path("text_config");
        requireOneOf(node, "model_type", "llama", "llama");
        requireOneOf(node, "hidden_act", "silu", "silu");
        for (String key : List.of("attention_bias", "mlp_bias")) {
            if (bool(node, key, false)) {
                throw new CheckpointException(file + ": text_config." + key + " true is not supported");
            }
        }
        double theta = number(node, "rope_theta", 10000);
        JsonNode parameters = node.path("rope_parameters");
        if (parameters.isObject()) {
            theta = number(parameters, "rope_theta", theta);
            refuseRopeScaling("rope_parameters", parameters);
        }
        if (node.path("rope_scaling").isObject()) {
            refuseRopeScaling("rope_scaling", node.path("rope_scaling"));
        }
        int hidden = integer(node, "hidden_size", 4096);
        int heads = integer(node, "num_attention_heads", 32);
        int headDim = node.hasNonNull("head_dim") ? integer(node, "head_dim", 0) : defaultHeadDim(hidden, heads);
        return new TextConfig(
                integer(node, "vocab_size", 32000),
                hidden,
                integer(node, "intermediate_size", 11008),
                integer(node, "num_hidden_layers", 32),
                heads,
                integer(node, "num_key_value_heads", heads),
                headDim,
                integer(node, "max_position_embeddings", 2048),
                number(node, "rms_norm_eps", 1e-6),
                theta,
                bool(root, "tie_word_embeddings", bool(node, "tie_word_embeddings", false)),
                optionalId(node, root, "bos_token_id", 1),
                optionalId(node, root, "eos_token_id", 2),
                optionalId(root, node, "pad_token_id", null));
    }

    private static int defaultHeadDim(int hidden, int heads) {
        Shapes.requirePositive("text_config.num_attention_heads", heads);
        Shapes.requireDivisible("text_config.hidden_size", hidden, "num_attention_heads", heads);
        return hidden / heads;
    }

    private void refuseRopeScaling(String key, JsonNode node) {
        String type = text(node, "rope_type", text(node, "type", "default"));
        if (!type.equals("default")) {
            throw new CheckpointException(file + ": text_config." + key + " of type \"" + type + "\" is not supported");
        }
    }

    private String requireOneOf(JsonNode node, String key, String defaultValue, String... allowed) {
        String value = text(node, key, defaultValue);
        if (!List.of(allowed).contains(value)) {
            throw new CheckpointException(
                    file + ": " + key + " is \"" + value + "\"; supported: " + String.join(", ", allowed));
        }
        return value;
    }

    private int integer(JsonNode node, String key, int defaultValue) {
        JsonNode value = node.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return defaultValue;
        }
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw new CheckpointException(file + ": " + key + " must be an integer, is " + value);
        }
        return value.intValue();
    }

    private double number(JsonNode node, String key, double defaultValue) {
        JsonNode value = node.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return defaultValue;
        }
        if (!value.isNumber()) {
            throw new CheckpointException(file + ": " + key + " must be a number, is " + value);
        }
        return value.doubleValue();
    }

    private boolean bool(JsonNode node, String key, boolean defaultValue) {
        JsonNode value = node.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return defaultValue;
        }
        if (!value.isBoolean()) {
            throw new CheckpointException(file + ": " + key + " must be true or false, is " + value);
        }
        return value.booleanValue();
    }

    private String text(JsonNode node, String key, String defaultValue) {
        JsonNode value = node.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return defaultValue;
        }
        if (!value.isTextual()) {
            throw new CheckpointException(file + ": " + key + " must be a string, is " + value);
        }
        return value.textValue();
    }

    /** A list of end tokens (as LLaMA 3 has) is read as its first. */
    private Integer optionalId(JsonNode first, JsonNode second, String key, Integer defaultValue) {
        JsonNode value = first.hasNonNull(key) ? first.path(key) : second.path(key);
        if (value.isArray() && !value.isEmpty()) {
            value = value.get(0);
        }
        if (value.isMissingNode() || value.isNull()) {
            return defaultValue;
        }
        if (!value.isIntegralNumber()) {
            throw new CheckpointException(file + ": " + key + " must be an integer, is " + value);
        }
        return value.intValue();
    }

    /** Writes what transformers 4.5x and 5 both read: every value, in both spellings where they differ. */
    public static void write(LlavaConfig config, Path file) throws IOException {
        ObjectNode root = JSON.createObjectNode();
        root.putArray("architectures").add("LlavaForConditionalGeneration");
        root.put("model_type", "llava");
        root.put("image_token_index", config.imageTokenId());
        root.put("image_token_id", config.imageTokenId());
        root.put("image_seq_length", config.imageTokens());
        root.put("projector_hidden_act", "gelu");
        root.put("multimodal_projector_bias", config.projectorBias());
        root.put("vision_feature_layer", config.visionFeatureLayers().get(0));
        root.put("vision_feature_select_strategy", config.keepClassToken() ? "full" : "default");
        root.put("tie_word_embeddings", config.text().tiedHead());
        root.put("pad_token_id", config.text().padTokenId());
        root.put("torch_dtype", "float32");
        root.put("dtype", "float32");
        root.set("text_config", textNode(config.text()));
        root.set("vision_config", visionNode(config.vision()));
        Files.writeString(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n");
    }

    private static ObjectNode textNode(TextConfig c) {
        ObjectNode node = JSON.createObjectNode();
        node.putArray("architectures").add("LlamaForCausalLM");
        node.put("model_type", "llama");
        node.put("vocab_size", c.vocabSize());
        node.put("hidden_size", c.hiddenSize());
        node.put("intermediate_size", c.intermediateSize());
        node.put("num_hidden_layers", c.layers());
        node.put("num_attention_heads", c.heads());
        node.put("num_key_value_heads", c.keyValueHeads());
        node.put("head_dim", c.headDim());
        node.put("max_position_embeddings", c.maxPositions());
        node.put("rms_norm_eps", c.rmsNormEps());
        node.put("rope_theta", c.ropeTheta());
        node.putObject("rope_parameters").put("rope_type", "default").put("rope_theta", c.ropeTheta());
        node.put("hidden_act", "silu");
        node.put("attention_bias", false);
        node.put("mlp_bias", false);
        node.put("tie_word_embeddings", c.tiedHead());
        node.put("bos_token_id", c.bosTokenId());
        node.put("eos_token_id", c.eosTokenId());
        node.put("pad_token_id", c.padTokenId());
        node.put("torch_dtype", "float32");
        return node;
    }

    private static ObjectNode visionNode(VisionConfig c) {
        ObjectNode node = JSON.createObjectNode();
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
        return node;
    }
}
