package org.ballast.core.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/**
 * One stage: a run of a job under a name, its settings laid over the job's defaults.
 *
 * @param name folder of the stage under the root
 * @param job name of the job
 * @param config settings of the job, complete
 * @param line line of the stage in its file, which orders stages that do not depend on each other
 */
public record StageConfig(String name, String job, Config config, int line) {

    /** Stages that this one reads: every string under {@code inputs}, in order of appearance, without repeats. */
    public List<String> inputs() {
        Set<String> stages = new LinkedHashSet<>();
        if (config.hasPath("inputs")) {
            new TreeMap<>(config.getConfig("inputs").root()).values().forEach(value -> strings(value)
                    .forEach(stages::add));
        }
        return new ArrayList<>(stages);
    }

    /** Names under {@code inputs.<key>}: a single name or a list. */
    public List<String> inputs(String key) {
        return config.hasPath("inputs." + key) ? strings(config.getValue("inputs." + key)) : List.of();
    }

    /** The settings as JSON with sorted keys. */
    public String json() {
        return config.root().render(ConfigRenderOptions.concise());
    }

    static List<String> strings(ConfigValue value) {
        if (value.valueType() == ConfigValueType.LIST) {
            return ((List<?>) value.unwrapped()).stream().map(String::valueOf).toList();
        }
        return value.valueType() == ConfigValueType.NULL ? List.of() : List.of(String.valueOf(value.unwrapped()));
    }
}
