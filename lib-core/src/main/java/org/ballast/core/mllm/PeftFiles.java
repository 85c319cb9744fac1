package org.ballast.core.mllm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** PEFT's adapter directory. What a plain LoRA does not have (DoRA, biases, rank patterns ...) is refused, not ignored. */
final class PeftFiles {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CONFIG = "adapter_config.json";
    private static final String MODEL = "adapter_model.safetensors";
    private static final String PREFIX = "base_model.model.";

    private PeftFiles() {}

    static LoraAdapter read(Path dir, LlavaConfig model) {
        LoraConfig config = readConfig(dir.resolve(CONFIG));
        Path file = dir.resolve(MODEL);
        ParameterLayout layout;
        try {
            layout = config.layout(model);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(dir.resolve(CONFIG) + ": " + e.getMessage(), e);
        }
        float[] theta = new float[Math.toIntExact(layout.size())];
        try (PointerScope scope = new PointerScope();
                SafeTensors tensors = SafeTensors.open(file)) {
            Map<String, String> stored = new HashMap<>();
            tensors.names().forEach(n -> stored.put(moduleName(n), n));
            for (NamedShape tensor : layout.tensors()) {
                String name = stored.remove(tensor.name());
                if (name == null) {
                    throw new CheckpointException(file + ": tensor " + tensor.name() + " is missing");
                }
                SafeTensors.Entry entry = tensors.entry(name);
                if (!entry.isFloating() || !Arrays.equals(entry.shape(), tensor.shape())) {
                    throw new CheckpointException(file + ": tensor " + name + " is " + entry.type() + " "
                            + Arrays.toString(entry.shape()) + ", expected floats of shape "
                            + Arrays.toString(tensor.shape()));
                }
                Tensor value = tensors.tensor(name).to(ScalarType.Float).contiguous(); // shape of the tensor
                new FloatPointer(value.data_ptr())
                        .get(theta, (int) layout.offset(tensor.name()), (int) tensor.elements());
            }
            if (!stored.isEmpty()) {
                throw new CheckpointException(file + ": tensor "
                        + stored.values().iterator().next() + " is surplus: no target module has it");
            }
        }
        return new LoraAdapter(config, model, theta);
    }

    /** Adapters made under transformers 4 carry its module paths. */
    private static String moduleName(String stored) {
        String rest = stored.startsWith(PREFIX) ? stored.substring(PREFIX.length()) : stored;
        return PREFIX + (rest.startsWith("model.") ? rest : LlavaTensors.modulePath(rest));
    }

    private static LoraConfig readConfig(Path file) {
        JsonNode root;
        try {
            root = JSON.readTree(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be read as JSON: " + e.getMessage(), e);
        }
        if (!root.path("peft_type").asText("LORA").equals("LORA")) {
            throw new CheckpointException(file + ": peft_type " + root.path("peft_type") + " is not supported");
        }
        if (!root.path("bias").asText("none").equals("none")) {
            throw new CheckpointException(file + ": bias " + root.path("bias") + " is not supported");
        }
        for (String key : List.of(
                "use_dora",
                "use_qalora",
                "use_bdlora",
                "lora_bias",
                "fan_in_fan_out",
                "modules_to_save",
                "layers_to_transform",
                "layer_replication",
                "rank_pattern",
                "alpha_pattern",
                "target_parameters",
                "trainable_token_indices")) {
            JsonNode value = root.path(key);
            boolean off = value.isMissingNode()
                    || value.isNull()
                    || value.isContainerNode() && value.isEmpty()
                    || value.isBoolean() && !value.booleanValue();
            if (!off) {
                throw new CheckpointException(file + ": " + key + " " + value + " is not supported");
            }
        }
        JsonNode targets = root.path("target_modules");
        JsonNode exclude = root.path("exclude_modules");
        if (!root.path("r").isIntegralNumber() || !root.path("lora_alpha").isNumber() || exclude.isArray()) {
            throw new CheckpointException(file + ": needs r, lora_alpha and at most a pattern as exclude_modules; has "
                    + root.path("r") + ", " + root.path("lora_alpha") + ", " + exclude);
        }
        List<String> names = new ArrayList<>();
        targets.forEach(n -> names.add(n.asText()));
        try {
            return new LoraConfig(
                    root.path("r").intValue(),
                    root.path("lora_alpha").doubleValue(),
                    root.path("use_rslora").asBoolean(false),
                    names,
                    targets.isTextual() ? targets.textValue() : null,
                    exclude.isTextual() ? exclude.textValue() : null);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(file + ": " + e.getMessage(), e);
        }
    }

    static void write(Path dir, LoraAdapter adapter, String baseModel) throws IOException {
        Files.createDirectories(dir);
        LoraConfig config = adapter.config();
        ObjectNode root = JSON.createObjectNode();
        root.put("peft_type", "LORA");
        root.put("task_type", "CAUSAL_LM");
        root.put("base_model_name_or_path", baseModel);
        root.put("inference_mode", true);
        root.put("r", config.rank());
        if (config.alpha() == Math.rint(config.alpha())) {
            root.put("lora_alpha", (long) config.alpha());
        } else {
            root.put("lora_alpha", config.alpha());
        }
        root.put("use_rslora", config.rslora());
        root.put("lora_dropout", 0.0);
        root.put("bias", "none");
        root.put("fan_in_fan_out", false);
        root.put("init_lora_weights", true);
        root.put("use_dora", false);
        if (config.targetPattern() != null) {
            root.put("target_modules", config.targetPattern());
        } else {
            config.targetModules().forEach(root.putArray("target_modules")::add);
        }
        root.put("exclude_modules", config.excludePattern());
        root.putNull("modules_to_save");
        Files.writeString(
                dir.resolve(CONFIG), JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n");
        try (PointerScope scope = new PointerScope()) {
            float[] theta = adapter.theta();
            Tensor flat = Tensor.create(theta, theta.length); // [parameters]
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (NamedShape tensor : adapter.layout().tensors()) {
                tensors.put(tensor.name(), adapter.layout().view(flat, tensor));
            }
            SafeTensorsWriter.write(dir.resolve(MODEL), tensors);
        }
    }
}
