package org.ballast.core.mllm;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * PEFT's {@code adapter_config.json} of a LoRA; a key left out has the default of peft's {@code LoraConfig}. What a plain LoRA does not have (DoRA, biases, first
 * weights that change the base ...) is refused by name.
 */
final class PeftConfigFile {
    static final String NAME = "adapter_config.json";

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> REFUSED = List.of(
            "use_dora",
            "use_qalora",
            "use_bdlora",
            "lora_bias",
            "fan_in_fan_out",
            "layer_replication",
            "target_parameters",
            "trainable_token_indices",
            "alora_invocation_tokens",
            "arrow_config",
            "kasa_config",
            "monteclora_config");

    /** Named first weights of the matrices alone; others (pissa, olora, corda, loftq, lora_ga ...) take their share out of the base's weights. */
    private static final List<String> PLAIN_FIRST_WEIGHTS = List.of("gaussian", "eva", "orthogonal");

    private PeftConfigFile() {}

    /** @throws CheckpointException naming the source, the key and the value that cannot be used */
    static LoraConfig parse(byte[] json, String source) {
        try {
            return config(ConfigNode.parse(json, source));
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(source + ": " + e.getMessage(), e);
        }
    }

    private static LoraConfig config(ConfigNode root) {
        root.requireOneOf("peft_type", "", List.of("LORA"));
        if (root.has("bias")) {
            root.requireOneOf("bias", "none", List.of("none"));
        }
        if (root.isText("init_lora_weights")) {
            root.requireOneOf("init_lora_weights", "", PLAIN_FIRST_WEIGHTS);
        }
        for (String key : REFUSED) {
            if (root.isOn(key)) {
                throw root.refused(key, "none");
            }
        }
        Map<String, Integer> ranks = new LinkedHashMap<>();
        ConfigNode rankPattern = root.object("rank_pattern");
        rankPattern.keys().forEach(pattern -> ranks.put(pattern, rankPattern.integer(pattern, 0)));
        Map<String, Double> alphas = new LinkedHashMap<>();
        ConfigNode alphaPattern = root.object("alpha_pattern");
        alphaPattern.keys().forEach(pattern -> alphas.put(pattern, alphaPattern.number(pattern)));
        return new LoraConfig(
                root.integer("r", 8),
                root.number("lora_alpha", 8),
                root.bool("use_rslora", false),
                root.number("lora_dropout", 0),
                targets(root),
                ranks,
                alphas,
                root.strings("modules_to_save"));
    }

    private static ModuleSelection targets(ConfigNode root) {
        boolean pattern = root.isText("target_modules");
        boolean excludedPattern = root.isText("exclude_modules");
        return new ModuleSelection(
                pattern ? List.of() : root.strings("target_modules"),
                pattern ? root.text("target_modules", null) : null,
                excludedPattern ? List.of() : root.strings("exclude_modules"),
                excludedPattern ? root.text("exclude_modules", null) : null,
                root.integers("layers_to_transform", List.of()),
                root.isText("layers_pattern")
                        ? List.of(root.text("layers_pattern", null))
                        : root.strings("layers_pattern"));
    }

    static String text(LoraConfig config, String baseModel) throws IOException {
        ObjectNode root = JSON.createObjectNode();
        root.put("peft_type", "LORA");
        root.put("task_type", "CAUSAL_LM");
        root.put("base_model_name_or_path", baseModel);
        root.put("inference_mode", true);
        root.put("r", config.rank());
        putNumber(root, "lora_alpha", config.alpha());
        root.put("use_rslora", config.rslora());
        root.put("lora_dropout", config.dropout());
        root.put("bias", "none");
        root.put("fan_in_fan_out", false);
        root.put("init_lora_weights", true);
        root.put("use_dora", false);
        ModuleSelection targets = config.targets();
        if (targets.pattern() != null) {
            root.put("target_modules", targets.pattern());
        } else {
            putStrings(root, "target_modules", targets.names());
        }
        if (targets.excludedPattern() != null) {
            root.put("exclude_modules", targets.excludedPattern());
        } else {
            putStrings(root, "exclude_modules", targets.excludedNames());
        }
        root.putNull("layers_to_transform");
        if (!targets.layers().isEmpty()) {
            targets.layers().forEach(root.putArray("layers_to_transform")::add);
        }
        putStrings(root, "layers_pattern", targets.layerLists());
        ObjectNode ranks = root.putObject("rank_pattern");
        config.rankPatterns().forEach(ranks::put);
        ObjectNode alphas = root.putObject("alpha_pattern");
        config.alphaPatterns().forEach((pattern, value) -> putNumber(alphas, pattern, value));
        putStrings(root, "modules_to_save", config.modulesToSave());
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
    }

    /** PEFT declares alphas as integers. */
    private static void putNumber(ObjectNode node, String key, double value) {
        if (value == Math.rint(value) && Math.abs(value) < 1e15) {
            node.put(key, (long) value);
        } else {
            node.put(key, value);
        }
    }

    private static void putStrings(ObjectNode node, String key, List<String> values) {
        if (values.isEmpty()) {
            node.putNull(key);
        } else {
            values.forEach(node.putArray(key)::add);
        }
    }
}
