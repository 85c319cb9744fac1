package org.ballast.core.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import java.io.File;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * A configuration file laid over {@code reference.conf}: where the output goes, the seed, and the stages in the order in
 * which they can run.
 *
 * @param root folder that holds a folder a stage
 * @param seed seed of the whole run
 * @param stages each after all of its inputs
 */
public record RunConfig(String root, long seed, List<StageConfig> stages) {
    private static final Set<String> TOP_LEVEL = Set.of("root", "seed", "stages");

    public RunConfig {
        stages = List.copyOf(stages);
    }

    /** The jobs' defaults as {@code reference.conf} states them. */
    public static Config reference() {
        return ConfigFactory.parseResources(RunConfig.class.getClassLoader(), "reference.conf")
                .resolve();
    }

    /**
     * Reads a file.
     *
     * @param file a HOCON file, or null for the defaults alone
     * @param overrides full path of a key (for example {@code stages.dpo.beta}) to its value in HOCON
     * @throws ConfigurationException naming every unknown key, unknown job and unknown input
     */
    public static RunConfig load(File file, Map<String, String> overrides) {
        Config reference = reference();
        Config user = overlay(overrides).withFallback(parse(file));
        try {
            user = user.resolveWith(user.withFallback(reference));
        } catch (ConfigException e) {
            throw new ConfigurationException(where(file), e.getMessage());
        }
        List<Fault> faults = new ArrayList<>();
        checkKeys(user.root(), reference.root(), "", faults);
        List<StageConfig> stages = new ArrayList<>();
        ConfigObject named = user.hasPath("stages")
                ? user.getObject("stages")
                : ConfigFactory.empty().root();
        for (Map.Entry<String, ConfigValue> entry : named.entrySet()) {
            stage(entry.getKey(), entry.getValue(), user, reference, faults).ifPresent(stages::add);
        }
        checkInputs(stages, named, faults);
        if (!faults.isEmpty()) {
            throw new ConfigurationException(faults);
        }
        Config top = user.withFallback(reference);
        return Settings.read(
                top,
                "",
                settings -> new RunConfig(
                        settings.string("root"),
                        settings.wholeNumber("seed", Long.MIN_VALUE, Long.MAX_VALUE),
                        inOrder(stages)));
    }

    private static Config parse(File file) {
        if (file == null) {
            return ConfigFactory.empty();
        }
        if (!file.isFile()) {
            throw new ConfigurationException(file.getPath(), "there is no such configuration file");
        }
        try {
            return ConfigFactory.parseFile(file, ConfigParseOptions.defaults().setAllowMissing(false));
        } catch (ConfigException e) {
            throw new ConfigurationException(file.getPath(), e.getMessage());
        }
    }

    private static Config overlay(Map<String, String> overrides) {
        Config config = ConfigFactory.empty();
        for (Map.Entry<String, String> entry : overrides.entrySet()) {
            config = config.withValue(entry.getKey(), overriding(entry.getKey(), entry.getValue()));
        }
        return config;
    }

    private static ConfigValue overriding(String key, String text) {
        String origin = "--set " + key + "=" + text;
        try {
            Config parsed = ConfigFactory.parseString(
                    "value = " + text, ConfigParseOptions.defaults().setOriginDescription(origin));
            ConfigValue value = parsed.getValue("value");
            // a plain text means itself: in HOCON the rest of a/b//c or a#b would be a comment
            boolean plain = value.valueType() == ConfigValueType.STRING && !text.startsWith("\"");
            return plain ? ConfigValueFactory.fromAnyRef(text, origin) : value;
        } catch (ConfigException e) {
            return ConfigValueFactory.fromAnyRef(text, origin);
        }
    }

    private static Optional<StageConfig> stage(
            String name, ConfigValue value, Config user, Config reference, List<Fault> faults) {
        if (!(value instanceof ConfigObject object)) {
            faults.add(Fault.at(value.origin(), "stages." + name + " is not an object { job = ... }"));
            return Optional.empty();
        }
        Config own = object.toConfig();
        if (!own.hasPath("job")) {
            faults.add(Fault.at(value.origin(), "stages." + name + ".job is missing: the name of a job is needed"));
            return Optional.empty();
        }
        String job = own.getString("job");
        if (TOP_LEVEL.contains(job) || !reference.hasPath(job)) {
            faults.add(Fault.at(
                    own.getValue("job").origin(),
                    "stages." + name + ".job: there is no job " + job + "; jobs are "
                            + String.join(", ", jobs(reference))));
            return Optional.empty();
        }
        ConfigObject settings = object.withoutKey("job");
        checkKeys(settings, reference.getObject(job), "stages." + name + ".", faults);
        Config defaults = user.hasPath(job)
                ? user.getConfig(job).withFallback(reference.getConfig(job))
                : reference.getConfig(job);
        return Optional.of(new StageConfig(
                name,
                job,
                settings.toConfig().withFallback(defaults),
                value.origin().lineNumber()));
    }

    /** Names of all jobs with settings in reference.conf. */
    public static List<String> jobs(Config reference) {
        return reference.root().keySet().stream()
                .filter(key -> !TOP_LEVEL.contains(key))
                .sorted()
                .toList();
    }

    private static void checkKeys(ConfigObject user, ConfigObject known, String prefix, List<Fault> faults) {
        for (Map.Entry<String, ConfigValue> entry : user.entrySet()) {
            String key = entry.getKey();
            if (prefix.isEmpty() && TOP_LEVEL.contains(key)) {
                continue;
            }
            ConfigValue expected = known.get(key);
            if (expected == null) {
                Set<String> names = new TreeSet<>(known.keySet());
                if (prefix.isEmpty()) {
                    names.addAll(TOP_LEVEL);
                }
                faults.add(Fault.at(entry.getValue().origin(), NearestKey.unknown(prefix, key, names)));
            } else if (expected.valueType() == ConfigValueType.OBJECT) {
                if (entry.getValue() instanceof ConfigObject object) {
                    checkKeys(object, (ConfigObject) expected, prefix + key + ".", faults);
                } else {
                    faults.add(Fault.at(entry.getValue().origin(), prefix + key + " is not an object { ... }"));
                }
            }
        }
    }

    private static void checkInputs(List<StageConfig> stages, ConfigObject named, List<Fault> faults) {
        for (StageConfig stage : stages) {
            for (String input : stage.inputs()) {
                if (!named.containsKey(input)) {
                    faults.add(Fault.at(
                            named.get(stage.name()).origin(),
                            "stages." + stage.name() + ".inputs: there is no stage " + input
                                    + NearestKey.nearest(input, named.keySet())
                                            .map(near -> ": did you mean " + near + "?")
                                            .orElse("")));
                }
            }
        }
    }

    private static List<StageConfig> inOrder(List<StageConfig> stages) {
        List<StageConfig> waiting = new ArrayList<>(stages);
        waiting.sort(Comparator.comparingInt(StageConfig::line).thenComparing(StageConfig::name));
        Map<String, StageConfig> done = new LinkedHashMap<>();
        while (!waiting.isEmpty()) {
            StageConfig next = waiting.stream()
                    .filter(stage -> done.keySet().containsAll(stage.inputs()))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("the inputs of these stages form a circle: "
                            + waiting.stream().map(StageConfig::name).toList()));
            done.put(next.name(), next);
            waiting.remove(next);
        }
        return new ArrayList<>(done.values());
    }

    private static String where(File file) {
        return file == null ? "configuration" : file.getPath();
    }
}
