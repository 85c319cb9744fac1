package org.ballast.core.mllm;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Which linears get a low-rank update, and of what size. Modules are named as transformers 5 names them ({@code model.language_model.layers.0.self_attn.q_proj}) and matched as PEFT
 * does: a name of the list matches a module that ends in it, a pattern must match the whole path.
 *
 * @param alpha the update is scaled by alpha / rank, or by alpha / sqrt(rank) with {@code rslora}
 * @param targetModules names; empty where {@code targetPattern} is set
 * @param targetPattern regular expression, or null
 * @param excludePattern regular expression of modules that are left out, or null
 */
public record LoraConfig(
        int rank, double alpha, boolean rslora, List<String> targetModules, String targetPattern, String excludePattern)
        implements Serializable {
    private static final String VISION_PARTS = ".*(vision_tower|multi_modal_projector).*";
    private static final List<String> DECODER_LINEARS =
            List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");

    public LoraConfig {
        Shapes.requirePositive("lora rank", rank);
        Shapes.requirePositive("lora alpha", alpha);
        targetModules = List.copyOf(targetModules);
        if (targetModules.isEmpty() == (targetPattern == null)) {
            throw new IllegalArgumentException("a LoRA needs target modules or a target pattern, and not both: "
                    + targetModules + ", " + targetPattern);
        }
        for (String pattern : new String[] {targetPattern, excludePattern}) {
            try {
                Pattern.compile(pattern == null ? "" : pattern);
            } catch (PatternSyntaxException e) {
                throw new IllegalArgumentException("lora pattern \"" + pattern + "\": " + e.getMessage(), e);
            }
        }
    }

    /** Every linear of the decoder but {@code lm_head}; nothing of tower and projector. */
    public static LoraConfig allLinear(int rank, double alpha) {
        return new LoraConfig(rank, alpha, false, DECODER_LINEARS, null, VISION_PARTS);
    }

    /** Factor of the update: alpha / rank, or alpha / sqrt(rank). */
    public double scale() {
        return alpha / (rslora ? Math.sqrt(rank) : rank);
    }

    boolean targets(String modulePath) {
        if (excludePattern != null && Pattern.matches(excludePattern, modulePath)) {
            return false;
        }
        if (targetPattern != null) {
            return Pattern.matches(targetPattern, modulePath);
        }
        return targetModules.stream().anyMatch(t -> modulePath.equals(t) || modulePath.endsWith("." + t));
    }

    /** Modules of the model that get an update, as {@code [out, in]} under their hub names, in the order of the forward pass. */
    List<NamedShape> modules(LlavaConfig model) {
        List<NamedShape> out = new ArrayList<>();
        for (NamedShape module : LlavaTensors.linears(model)) {
            if (targets(LlavaTensors.modulePath(module.name()))) {
                out.add(module);
            }
        }
        if (out.isEmpty()) {
            throw new IllegalArgumentException("no linear of the model is a LoRA target of "
                    + (targetPattern == null ? targetModules : targetPattern));
        }
        return out;
    }

    /** The adapter as one flat vector: for each module A {@code [rank, in]}, then B {@code [out, rank]}. */
    public ParameterLayout layout(LlavaConfig model) {
        List<NamedShape> tensors = new ArrayList<>();
        for (NamedShape module : modules(model)) {
            tensors.add(new NamedShape(nameOfA(module.name()), rank, module.shape()[1]));
            tensors.add(new NamedShape(nameOfB(module.name()), module.shape()[0], rank));
        }
        return new ParameterLayout(tensors);
    }

    static String nameOfA(String module) {
        return "base_model.model." + LlavaTensors.modulePath(module) + ".lora_A.weight";
    }

    static String nameOfB(String module) {
        return "base_model.model." + LlavaTensors.modulePath(module) + ".lora_B.weight";
    }
}
