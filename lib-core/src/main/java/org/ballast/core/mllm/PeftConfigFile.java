package org.ballast.core.mllm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

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

    /** First weights of the matrices alone; others (pissa, olora, corda, loftq, lora_ga ...) take their share out of the base's weights. */
    private static final Set<String> PLAIN_FIRST_WEIGHTS = Set.of("true", "false", "gaussian", "eva", "orthogonal");

    private final String source;
    private final JsonNode root;

    private PeftConfigFile(String source, JsonNode root) {
        this.source = source;
        this.root = root;
    }

    /** @throws CheckpointException naming the source, the key and the value that cannot be used */
    static LoraConfig parse(byte[] json, String source) {
        JsonNode root;
        try {
            root = JSON.readTree(json);
        } catch (IOException e) {
            throw new CheckpointException(source + ": cannot be read as JSON: " + e.getMessage(), e);
        }
        if (root == null || !root.isObject()) {
            throw new CheckpointException(source + ": is no JSON object");
        }
        try {
            return new PeftConfigFile(source, root).parse();
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(source + ": " + e.getMessage(), e);
        }
    }

    private LoraConfig parse() {
        if (!root.path("peft_type").asText("").equals("LORA")) {
            throw unsupported("peft_type");
        }
        if (!root.path("bias").asText("none").equals("none")) {
            throw unsupported("bias");
        }
        if (!PLAIN_FIRST_WEIGHTS.contains(root.path("init_lora_weights").asText("true"))) {
            throw unsupported("init_lora_weights");
        }
        for (String key : REFUSED) {
            JsonNode value = root.path(key);
            boolean off = !root.hasNonNull(key)
                    || value.isContainerNode() && value.isEmpty()
                    || value.isBoolean() && !value.booleanValue();
            if (!off) {
                throw unsupported(key);
            }
        }
        return new LoraConfig(
                root.hasNonNull("r") ? integer("r", root.path("r")) : 8,
                root.hasNonNull("lora_alpha") ? number("lora_alpha", root.path("lora_alpha")) : 8,
                bool("use_rslora"),
                root.hasNonNull("lora_dropout") ? number("lora_dropout", root.path("lora_dropout")) : 0,
                targets(),
                map("rank_pattern", v -> integer("rank_pattern", v)),
                map("alpha_pattern", v -> number("alpha_pattern", v)),
                strings("modules_to_save"));
    }

    private ModuleSelection targets() {
        JsonNode targets = root.path("target_modules");
        JsonNode excluded = root.path("exclude_modules");
        JsonNode chosen = root.path("layers_to_transform");
        List<Integer> layers = new ArrayList<>();
        if (chosen.isArray()) {
            chosen.forEach(layer -> layers.add(integer("layers_to_transform", layer)));
        } else if (root.hasNonNull("layers_to_transform")) {
            layers.add(integer("layers_to_transform", chosen));
        }
        return new ModuleSelection(
                targets.isTextual() ? List.of() : strings("target_modules"),
                targets.textValue(),
                excluded.isTextual() ? List.of() : strings("exclude_modules"),
                excluded.isTextual() && !excluded.textValue().isEmpty() ? excluded.textValue() : null,
                layers,
                root.path("layers_pattern").isTextual()
                        ? List.of(root.path("layers_pattern").textValue())
                        : strings("layers_pattern"));
    }

    private CheckpointException unsupported(String key) {
        return new CheckpointException(source + ": " + key + " " + root.path(key) + " is not supported");
    }

    private int integer(String key, JsonNode value) {
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw new CheckpointException(source + ": " + key + " must be an integer, is " + value);
        }
        return value.intValue();
    }

    private double number(String key, JsonNode value) {
        if (!value.isNumber()) {
            throw new CheckpointException(source + ": " + key + " must be a number, is " + value);
        }
        return value.doubleValue();
    }

    private boolean bool(String key) {
        JsonNode value = root.path(key);
        if (root.hasNonNull(key) && !value.isBoolean()) {
            throw new CheckpointException(source + ": " + key + " must be true or false, is " + value);
        }
        return value.asBoolean(false);
    }

    private List<String> strings(String key) {
        JsonNode value = root.path(key);
        List<String> out = new ArrayList<>();
        if (!root.hasNonNull(key)) {
            return out;
        }
        if (!value.isArray()) {
            throw new CheckpointException(source + ": " + key + " must be a list of names, is " + value);
        }
        for (JsonNode name : value) {
            if (!name.isTextual() || name.textValue().isEmpty()) {
                throw new CheckpointException(source + ": " + key + " must be a list of names, is " + value);
            }
            out.add(name.textValue());
        }
        return out;
    }

    private <T> Map<String, T> map(String key, Function<JsonNode, T> read) {
        Map<String, T> out = new LinkedHashMap<>();
        if (root.hasNonNull(key) && !root.path(key).isObject()) {
            throw new CheckpointException(source + ": " + key + " must be an object, is " + root.path(key));
        }
        root.path(key).properties().forEach(e -> out.put(e.getKey(), read.apply(e.getValue())));
        return out;
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
