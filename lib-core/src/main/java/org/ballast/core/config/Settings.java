package org.ballast.core.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A subtree of the configuration on its way to a typed record. A value that is missing, of the wrong type or out of range
 * is noted as a {@link Fault} and a harmless value is returned in its place, so that one reading finds all faults;
 * {@link #read} throws them together and never hands out a record made from such values.
 */
public final class Settings {
    private final Config config;
    private final String path;
    private final List<Fault> faults;

    private Settings(Config config, String path, List<Fault> faults) {
        this.config = config;
        this.path = path;
        this.faults = faults;
    }

    /**
     * Reads a record.
     *
     * @param path where the subtree stands, for messages: {@code stages.dpo}
     * @throws ConfigurationException with every fault that the reader met
     */
    public static <T> T read(Config config, String path, Function<Settings, T> reader) {
        List<Fault> faults = new ArrayList<>();
        T value = null;
        try {
            value = reader.apply(new Settings(config, path, faults));
        } catch (IllegalArgumentException e) {
            // a record refused its arguments: if a value was already found faulty, that is the cause
            if (faults.isEmpty()) {
                faults.add(Fault.at(config.origin(), path + ": " + e.getMessage()));
            }
        }
        if (!faults.isEmpty()) {
            throw new ConfigurationException(faults);
        }
        return value;
    }

    public String string(String key) {
        return value(key, "", "a string", config::getString);
    }

    /** Empty where the key is null or absent. */
    public Optional<String> optionalString(String key) {
        return isNull(key) ? Optional.empty() : Optional.of(string(key));
    }

    public boolean flag(String key) {
        return value(key, false, "true or false", config::getBoolean);
    }

    /** A whole number in [min, max]. */
    public int integer(String key, int min, int max) {
        return (int) wholeNumber(key, min, max);
    }

    /** A whole number in [min, max]. */
    public long wholeNumber(String key, long min, long max) {
        Double exact = value(key, (double) min, "a whole number", config::getDouble);
        if (exact != Math.rint(exact)) {
            fault(key, "is " + exact + ", not a whole number");
            return min;
        }
        long value = value(key, min, "a whole number", config::getLong);
        if (value < min || value > max) {
            fault(key, "is " + value + ", not in " + min + " .. " + max);
            return min;
        }
        return value;
    }

    /** A number in [min, max]. */
    public double number(String key, double min, double max) {
        double value = value(key, min, "a number", config::getDouble);
        if (!(value >= min && value <= max)) {
            fault(key, "is " + value + ", not in " + min + " .. " + max);
            return min;
        }
        return value;
    }

    /** One of an enum's constants, written in lower case with hyphens. */
    public <E extends Enum<E>> E choice(String key, Class<E> type) {
        E[] all = type.getEnumConstants();
        String wanted = string(key);
        for (E one : all) {
            if (written(one).equals(wanted)) {
                return one;
            }
        }
        fault(
                key,
                "is '" + wanted + "', not one of "
                        + Arrays.stream(all).map(Settings::written).collect(Collectors.joining(", ")));
        return all[0];
    }

    /**
     * Some of an enum's constants, in the order of the list.
     *
     * @param name as the list writes a constant
     */
    public <E extends Enum<E>> List<E> choices(String key, Class<E> type, Function<E, String> name) {
        E[] all = type.getEnumConstants();
        List<E> chosen = new ArrayList<>();
        for (String wanted : strings(key)) {
            Arrays.stream(all)
                    .filter(one -> name.apply(one).equals(wanted))
                    .findFirst()
                    .ifPresentOrElse(
                            chosen::add,
                            () -> fault(
                                    key,
                                    "names '" + wanted + "', not one of "
                                            + Arrays.stream(all).map(name).collect(Collectors.joining(", "))));
        }
        return chosen;
    }

    public List<String> strings(String key) {
        return value(key, List.of(), "a list of strings", config::getStringList);
    }

    /** Stages under a key of {@code inputs}, a name or a list of names; at least one. */
    public List<String> stages(String key) {
        List<String> stages = isNull(key) ? List.of() : StageConfig.strings(config.getValue(key));
        if (stages.isEmpty()) {
            fault(key, "names no stage: the folder of one is read there");
        }
        return stages;
    }

    /** The stage under a key of {@code inputs}; exactly one. */
    public String stage(String key) {
        List<String> stages = stages(key);
        if (stages.size() > 1) {
            fault(key, "names " + stages + ", but one stage is read there");
        }
        return stages.isEmpty() ? "" : stages.get(0);
    }

    /** A string, or a list of strings. */
    public List<String> stringOrStrings(String key) {
        return !isNull(key) && config.getValue(key).valueType() == ConfigValueType.LIST
                ? strings(key)
                : List.of(string(key));
    }

    public List<Integer> integers(String key) {
        return value(key, List.of(), "a list of whole numbers", config::getIntList);
    }

    /** A whole number in [min, max], or a list of two, the least and the most. */
    public int[] range(String key, int min, int max) {
        if (isNull(key) || config.getValue(key).valueType() != ConfigValueType.LIST) {
            int only = integer(key, min, max);
            return new int[] {only, only};
        }
        List<Integer> ends = integers(key);
        if (ends.size() != 2 || ends.get(0) < min || ends.get(1) > max || ends.get(0) > ends.get(1)) {
            fault(key, "is " + ends + ", not a number or [least, most] in " + min + " .. " + max);
            return new int[] {min, min};
        }
        return new int[] {ends.get(0), ends.get(1)};
    }

    public List<Double> numbers(String key) {
        return value(key, List.of(), "a list of numbers", config::getDoubleList);
    }

    /** The subtree under a key, with its faults going to the same list. */
    public Settings section(String key) {
        Config empty = config.root().withOnlyKey("").toConfig();
        return new Settings(value(key, empty, "an object { ... }", config::getConfig), path + "." + key, faults);
    }

    /** The objects of a list. */
    public List<Settings> sections(String key) {
        ConfigList list = value(key, null, "a list of objects", config::getList);
        List<Settings> sections = new ArrayList<>();
        for (int i = 0; list != null && i < list.size(); i++) {
            if (list.get(i) instanceof ConfigObject object) {
                sections.add(new Settings(object.toConfig(), path + "." + key + "[" + i + "]", faults));
            } else {
                faults.add(Fault.at(list.get(i).origin(), path + "." + key + "[" + i + "] is not an object"));
            }
        }
        return sections;
    }

    /** Keys of the subtree. */
    public List<String> keys() {
        return config.root().keySet().stream().sorted().toList();
    }

    /** Refuses keys of an object in a list, where reference.conf cannot name them. */
    public void onlyKeys(String... known) {
        for (String key : keys()) {
            if (!Arrays.asList(known).contains(key)) {
                faults.add(Fault.at(
                        config.root().get(key).origin(), NearestKey.unknown(path + ".", key, Arrays.asList(known))));
            }
        }
    }

    public boolean isNull(String key) {
        return !config.hasPath(key);
    }

    /** Notes a fault of this key that a reader found by itself. */
    public void fault(String key, String message) {
        ConfigOrigin origin = config.origin();
        if (config.hasPathOrNull(key)) {
            ConfigValue value = config.root();
            for (String part : key.split("\\.")) {
                value = ((ConfigObject) value).get(part);
            }
            origin = value.origin();
        }
        faults.add(Fault.at(origin, path + "." + key + " " + message));
    }

    /** How an enum's constant is written in a configuration. */
    public static String written(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private <T> T value(String key, T otherwise, String expected, Function<String, T> getter) {
        try {
            return getter.apply(key);
        } catch (ConfigException.Missing e) {
            fault(key, "is missing: " + expected + " is needed");
        } catch (ConfigException.WrongType | ConfigException.BadValue e) {
            ConfigValue value = config.getValue(key);
            String shown = value.valueType() == ConfigValueType.OBJECT || value.valueType() == ConfigValueType.LIST
                    ? value.valueType().name().toLowerCase(Locale.ROOT)
                    : String.valueOf(value.unwrapped());
            fault(key, "is '" + shown + "', not " + expected);
        }
        return otherwise;
    }
}
