package org.ballast.core.mllm;

import java.io.Serializable;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which modules PEFT's {@code target_modules}, {@code exclude_modules}, {@code layers_to_transform} and {@code layers_pattern} select. A name matches a
 * module whose path it is or whose path ends in it behind a dot; a pattern must match the whole path; a layer number is the first number between dots.
 *
 * <p>Source: {@code check_target_module_exists} of peft's tuners_utils.py.
 *
 * @param names empty where {@code pattern} is set
 * @param pattern regular expression in place of the names, or {@value #ALL_LINEAR} for every linear but the output projection, or null
 * @param excludedNames modules that are left out
 * @param excludedPattern regular expression of modules that are left out in place of their names; null or empty: none
 * @param layers only these layers' modules; empty: all layers. Only with names
 * @param layerLists names of the lists that {@code layers} counts in ({@code layers}); empty: any
 */
public record ModuleSelection(
        List<String> names,
        String pattern,
        List<String> excludedNames,
        String excludedPattern,
        List<Integer> layers,
        List<String> layerLists)
        implements Serializable {

    static final String ALL_LINEAR = "all-linear";
    private static final Pattern ANY_LAYER = Pattern.compile(".*?\\.[^.]*\\.(?<idx>\\d+)\\..*");

    public ModuleSelection {
        names = List.copyOf(names);
        excludedNames = List.copyOf(excludedNames);
        if (excludedPattern != null && excludedPattern.isEmpty()) {
            excludedPattern = null;
        }
        layers = List.copyOf(layers);
        layerLists = List.copyOf(layerLists);
        if (names.isEmpty() == (pattern == null)) {
            throw new IllegalArgumentException(
                    "a LoRA needs target modules or a target pattern, and not both: " + names + ", " + pattern);
        }
        if (!excludedNames.isEmpty() && excludedPattern != null) {
            throw new IllegalArgumentException("modules are excluded by names or by a pattern, not both: "
                    + excludedNames + ", " + excludedPattern);
        }
        if (pattern != null && !(layers.isEmpty() && layerLists.isEmpty())) {
            throw new IllegalArgumentException(
                    "layers " + layers + " cannot be chosen with the target pattern " + pattern);
        }
        if (layers.isEmpty() && !layerLists.isEmpty()) {
            throw new IllegalArgumentException("layers_pattern " + layerLists + " needs layers_to_transform");
        }
        if (pattern != null) {
            PathPattern.of(pattern);
        }
        if (excludedPattern != null) {
            PathPattern.of(excludedPattern);
        }
        layerLists.forEach(ModuleSelection::layerPattern);
    }

    /** Modules whose path ends in one of the names. */
    public static ModuleSelection named(List<String> names) {
        return new ModuleSelection(names, null, List.of(), null, List.of(), List.of());
    }

    /** Modules whose whole path the regular expression matches. */
    public static ModuleSelection matching(String pattern) {
        return new ModuleSelection(List.of(), pattern, List.of(), null, List.of(), List.of());
    }

    /** This selection without what another regular expression matches. */
    public ModuleSelection without(String pattern) {
        return new ModuleSelection(names, this.pattern, List.of(), pattern, layers, layerLists);
    }

    /** Whether a module's path is selected; the patterns are compiled once. */
    Predicate<String> selector() {
        PathPattern excluded = excludedPattern == null ? null : PathPattern.of(excludedPattern);
        PathPattern wanted = pattern == null || pattern.equalsIgnoreCase(ALL_LINEAR) ? null : PathPattern.of(pattern);
        List<PathPattern> counted =
                layerLists.stream().map(ModuleSelection::layerPattern).toList();
        return path -> {
            if (excluded != null ? excluded.matches(path) : endsInOneOf(excludedNames, path)) {
                return false;
            }
            if (pattern != null) {
                return wanted == null || wanted.matches(path);
            }
            return names.contains(path) || endsInOneOf(names, path) && inChosenLayer(path, counted);
        };
    }

    private static boolean endsInOneOf(List<String> names, String path) {
        return names.stream().anyMatch(n -> path.equals(n) || path.endsWith("." + n));
    }

    private boolean inChosenLayer(String path, List<PathPattern> counted) {
        if (layers.isEmpty()) {
            return true;
        }
        if (counted.isEmpty()) {
            Matcher matcher = ANY_LAYER.matcher(path);
            return matcher.matches() && layers.contains(Integer.parseInt(matcher.group("idx")));
        }
        for (PathPattern list : counted) {
            Integer layer = list.number(path);
            if (layer != null) {
                return layers.contains(layer);
            }
        }
        return false;
    }

    private static PathPattern layerPattern(String list) {
        return PathPattern.of("(?:.*?\\.)?" + list + "\\.(?<idx>\\d+)\\..*");
    }
}
