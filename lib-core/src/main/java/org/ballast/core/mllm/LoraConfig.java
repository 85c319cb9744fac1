package org.ballast.core.mllm;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;

/**
 * Which linears get a low-rank update, of what size, and which modules are trained in full beside them. Modules are named as transformers 5 names them
 * ({@code model.language_model.layers.0.self_attn.q_proj}; a bare decoder's without {@code language_model.}).
 *
 * <p>Source: {@code LoraConfig} of peft.
 *
 * @param alpha the update is scaled by alpha / rank, or by alpha / sqrt(rank) with {@code rslora}
 * @param dropout probability with which an element of the update's input is left out in training, in [0, 1)
 * @param rankPatterns other ranks by a regular expression of the path or of its end behind a dot, the first that matches
 * @param alphaPatterns other alphas in the same way
 * @param modulesToSave modules that are trained and stored in full: {@code multi_modal_projector} or its linears
 */
public record LoraConfig(
        int rank,
        double alpha,
        boolean rslora,
        double dropout,
        ModuleSelection targets,
        Map<String, Integer> rankPatterns,
        Map<String, Double> alphaPatterns,
        List<String> modulesToSave)
        implements Serializable {
    private static final String VISION_PARTS = ".*(vision_tower|multi_modal_projector).*";
    private static final int MAX_RANK = 1 << 16;
    private static final String PROJECTOR = "multi_modal_projector";
    private static final List<String> DECODER_LINEARS =
            List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");

    public LoraConfig {
        requireRank("lora rank", rank);
        Shapes.requirePositive("lora alpha", alpha);
        if (!(dropout >= 0 && dropout < 1)) {
            throw new IllegalArgumentException("lora dropout must lie in [0, 1), is " + dropout);
        }
        // insertion order decides which pattern is the first
        rankPatterns = Collections.unmodifiableMap(new LinkedHashMap<>(rankPatterns));
        alphaPatterns = Collections.unmodifiableMap(new LinkedHashMap<>(alphaPatterns));
        rankPatterns.forEach((pattern, value) -> {
            requireRank("rank of " + pattern, value);
            endPattern(pattern);
        });
        alphaPatterns.forEach((pattern, value) -> {
            Shapes.requirePositive("alpha of " + pattern, value);
            endPattern(pattern);
        });
        modulesToSave = List.copyOf(modulesToSave);
        for (String module : modulesToSave) {
            String last = module.substring(module.lastIndexOf('.') + 1);
            if (!List.of(PROJECTOR, "linear_1", "linear_2").contains(last)) {
                throw new IllegalArgumentException("modules_to_save " + module + " is not supported; supported: "
                        + PROJECTOR + ", linear_1, linear_2");
            }
        }
    }

    private static void requireRank(String name, int value) {
        if (value < 1 || value > MAX_RANK) {
            throw new IllegalArgumentException(name + " must lie in 1.." + MAX_RANK + ", is " + value);
        }
    }

    /** Every linear of the decoder but {@code lm_head}; nothing of tower and projector. */
    public static LoraConfig allLinear(int rank, double alpha) {
        return on(rank, alpha, ModuleSelection.named(DECODER_LINEARS).without(VISION_PARTS));
    }

    /** A plain LoRA on the selected linears. */
    public static LoraConfig on(int rank, double alpha, ModuleSelection targets) {
        return new LoraConfig(rank, alpha, false, 0, targets, Map.of(), Map.of(), List.of());
    }

    public LoraConfig withRslora(boolean on) {
        return new LoraConfig(rank, alpha, on, dropout, targets, rankPatterns, alphaPatterns, modulesToSave);
    }

    public LoraConfig withDropout(double probability) {
        return new LoraConfig(rank, alpha, rslora, probability, targets, rankPatterns, alphaPatterns, modulesToSave);
    }

    /** This configuration with the whole projector trained in full. */
    public LoraConfig withProjector() {
        return new LoraConfig(rank, alpha, rslora, dropout, targets, rankPatterns, alphaPatterns, List.of(PROJECTOR));
    }

    /**
     * The configuration that says of this version's paths what this one says of another naming's: the given modules by their paths, ranks and alphas by
     * exact paths.
     */
    LoraConfig renamed(LlavaConfig model, List<NamedShape> modules, ModuleNaming from) {
        ModuleNaming to = ModuleNaming.of(model).get(0);
        List<String> paths = modules.stream().map(m -> to.path(m.name())).toList();
        Map<String, Integer> ranks = new LinkedHashMap<>();
        Map<String, Double> alphas = new LinkedHashMap<>();
        FirstMatch<Integer> statedRanks = new FirstMatch<>(rankPatterns, rank);
        FirstMatch<Double> statedAlphas = new FirstMatch<>(alphaPatterns, alpha);
        for (NamedShape module : modules) {
            String exact = to.path(module.name()).replace(".", "\\.");
            statedRanks.of(module.name(), from).ifPresent(r -> ranks.put(exact, r));
            statedAlphas.of(module.name(), from).ifPresent(a -> alphas.put(exact, a));
        }
        return new LoraConfig(rank, alpha, rslora, dropout, ModuleSelection.named(paths), ranks, alphas, modulesToSave);
    }

    /** Factor of the update of modules that no pattern names: alpha / rank, or alpha / sqrt(rank). */
    public double scale() {
        return scale(rank, alpha);
    }

    /** Factor of the update of the module of that hub name. */
    public double scale(String module) {
        return scales().applyAsDouble(module);
    }

    /** {@link #scale(String)} with the patterns compiled once. */
    public ToDoubleFunction<String> scales() {
        if (rankPatterns.isEmpty() && alphaPatterns.isEmpty()) {
            double all = scale();
            return module -> all;
        }
        FirstMatch<Integer> ranks = new FirstMatch<>(rankPatterns, rank);
        FirstMatch<Double> alphas = new FirstMatch<>(alphaPatterns, alpha);
        return module -> scale(ranks.of(module), alphas.of(module));
    }

    private double scale(int moduleRank, double moduleAlpha) {
        return moduleAlpha / (rslora ? Math.sqrt(moduleRank) : moduleRank);
    }

    /** The value of the first pattern that a module's path matches. */
    private static final class FirstMatch<T> {
        private final Map<PathPattern, T> values = new LinkedHashMap<>();
        private final T otherwise;

        FirstMatch(Map<String, T> patterns, T otherwise) {
            patterns.forEach((pattern, value) -> values.put(endPattern(pattern), value));
            this.otherwise = otherwise;
        }

        T of(String module) {
            return of(module, ModuleNaming.LLAVA_5)
                    .or(() -> of(module, ModuleNaming.DECODER))
                    .orElse(otherwise);
        }

        Optional<T> of(String module, ModuleNaming naming) {
            if (values.isEmpty() || !naming.names(module)) {
                return Optional.empty();
            }
            String path = naming.path(module);
            return values.entrySet().stream()
                    .filter(e -> e.getKey().matches(path))
                    .map(Map.Entry::getValue)
                    .findFirst();
        }
    }

    private static PathPattern endPattern(String pattern) {
        return PathPattern.of("(.*\\.)?(" + pattern + ")");
    }

    /** True when a linear of the vision tower gets an update: features of pictures then change as training goes. */
    public boolean trainsTower(LlavaConfig model) {
        return modules(model).stream().anyMatch(module -> module.name().startsWith(LlavaTensors.TOWER));
    }

    /** Modules of the model that get an update, as {@code [out, in]} under their hub names, in the order of the forward pass. */
    List<NamedShape> modules(LlavaConfig model) {
        List<NamedShape> out = selected(model, ModuleNaming.of(model).get(0));
        if (out.isEmpty()) {
            throw new IllegalArgumentException("no linear of the model is a LoRA target of " + targets);
        }
        return out;
    }

    /** The same for paths of another naming; may be empty. */
    List<NamedShape> selected(LlavaConfig model, ModuleNaming naming) {
        Set<String> saved = savedModules(model);
        Predicate<String> selector = targets.selector();
        List<NamedShape> out = new ArrayList<>();
        for (NamedShape module : LlavaTensors.linears(model)) {
            if (!saved.contains(module.name()) && selector.test(naming.path(module.name()))) {
                out.add(module);
            }
        }
        return out;
    }

    /** Hub names of the linears that are trained in full. */
    private Set<String> savedModules(LlavaConfig model) {
        Set<String> out = new LinkedHashSet<>();
        for (String module : modulesToSave) {
            int before = out.size();
            for (NamedShape linear : LlavaTensors.linears(model)) {
                String name = linear.name();
                boolean projector = name.startsWith(LlavaTensors.PROJECTOR);
                if (projector && (module.endsWith(PROJECTOR) || name.endsWith("." + lastOf(module)))) {
                    out.add(name);
                }
            }
            if (out.size() == before && !model.hasVision()) {
                throw new IllegalArgumentException("modules_to_save " + module + ": the model has no projector");
            }
        }
        return out;
    }

    private static String lastOf(String path) {
        return path.substring(path.lastIndexOf('.') + 1);
    }

    /**
     * The adapter as one flat vector: for each module in the order of the forward pass A {@code [rank, in]}, then B {@code [out, rank]}; behind all of them the
     * weight and bias of each module that is saved in full, under their names in the checkpoint.
     */
    public ParameterLayout layout(LlavaConfig model) {
        List<NamedShape> tensors = new ArrayList<>();
        FirstMatch<Integer> ranks = new FirstMatch<>(rankPatterns, rank);
        for (NamedShape module : modules(model)) {
            int moduleRank = ranks.of(module.name());
            tensors.add(new NamedShape(nameOfA(module.name()), moduleRank, module.shape()[1]));
            tensors.add(new NamedShape(nameOfB(module.name()), module.shape()[0], moduleRank));
        }
        Set<String> saved = savedModules(model);
        for (NamedShape tensor : LlavaTensors.all(model)) {
            if (saved.contains(tensor.name().substring(0, tensor.name().lastIndexOf('.')))) {
                tensors.add(tensor);
            }
        }
        return new ParameterLayout(tensors);
    }

    static String nameOfA(String module) {
        return "base_model.model." + ModuleNaming.LLAVA_5.path(module) + ".lora_A.weight";
    }

    static String nameOfB(String module) {
        return "base_model.model." + ModuleNaming.LLAVA_5.path(module) + ".lora_B.weight";
    }
}
