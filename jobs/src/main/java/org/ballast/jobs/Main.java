package org.ballast.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.ballast.core.config.ConfigurationException;
import org.ballast.core.config.RunConfig;
import org.ballast.jobs.report.SeedSpread;
import org.ballast.spark.evaluate.Metrics;
import org.ballast.spark.evaluate.MetricsFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * The command line: one subcommand a job, whose options are the keys of {@code reference.conf}, and {@code pipeline}.
 * Exit codes: 0 done, 1 the job failed, 2 usage or configuration. The last line of standard output is the Result as one
 * JSON object.
 */
public final class Main {
    static final int DONE = 0;
    static final int FAILED = 1;
    static final int USAGE = 2;

    private static final String SPREAD = "spread";

    private static final Logger LOG = LoggerFactory.getLogger(Main.class);

    private Main() {}

    public static void main(String[] arguments) {
        System.exit(run(arguments));
    }

    static int run(String... arguments) {
        Config reference = RunConfig.reference();
        CommandLine commands = new CommandLine(root(reference));
        commands.setUsageHelpWidth(120);
        try {
            ParseResult parsed = commands.parseArgs(arguments);
            Integer help = CommandLine.executeHelpRequest(parsed);
            if (help != null) {
                return help;
            }
            if (!parsed.hasSubcommand()) {
                throw new ParameterException(commands, "which job? " + String.join(", ", Pipeline.names()));
            }
            ParseResult command = parsed.subcommand();
            return command.commandSpec().name().equals(SPREAD) ? spread(command) : execute(command);
        } catch (ParameterException e) {
            System.err.println("ballast: " + e.getMessage());
            System.err.println("ballast: see bin/submit.sh --help");
            return USAGE;
        }
    }

    private static int spread(ParseResult command) {
        List<Metrics> runs = new ArrayList<>();
        List<File> files = command.matchedPositionalValue(0, List.<File>of());
        for (File file : files) {
            try {
                runs.add(MetricsFile.read(Files.readString(file.toPath()), file.getPath()));
            } catch (IOException e) {
                System.err.println("ballast: cannot read " + file + ": " + e.getMessage());
                return USAGE;
            }
        }
        System.out.println(SeedSpread.text(runs));
        return DONE;
    }

    private static int execute(ParseResult job) {
        try {
            File file = job.matchedOptionValue("--conf", null);
            Map<String, String> overrides =
                    new LinkedHashMap<>(job.matchedOptionValue("--set", Map.<String, String>of()));
            String stage = job.matchedOptionValue("--stage", null);
            String name = job.commandSpec().name();
            Map<String, String> options = new TreeMap<>();
            for (OptionSpec option : job.matchedOptions()) {
                if (option.userObject() instanceof SettingKey key) {
                    options.put(key.path(), String.valueOf((Object) option.getValue()));
                }
            }
            Pipeline pipeline =
                    Pipeline.of(name, stage, file, overrides, options, job.matchedOptionValue("--force", false));
            Map<String, Object> result = pipeline.run();
            System.out.println(new ObjectMapper().writeValueAsString(result));
            return DONE;
        } catch (ConfigurationException e) {
            System.err.println("ballast: the configuration cannot be used:");
            e.getMessage().lines().forEach(line -> System.err.println("  " + line));
            return USAGE;
        } catch (StageFailure e) {
            LOG.debug("stage failed", e);
            System.err.println("ballast: " + e.getMessage());
            return FAILED;
        } catch (Exception e) {
            LOG.error("the job failed", e);
            return FAILED;
        }
    }

    /** Marks an option that stands for a key of the job's settings. */
    private record SettingKey(String path) {}

    private static CommandSpec root(Config reference) {
        CommandSpec root = CommandSpec.create().name("bin/submit.sh");
        root.mixinStandardHelpOptions(true);
        root.version("Ballast " + CodeVersion.current());
        root.usageMessage()
                .description("Builds multimodal preference data and trains the adapters that keep an MLLM honest.")
                .footer(
                        "",
                        "Each job: bin/submit.sh <job> [--stage NAME] [--conf FILE] [--set key=value]... [--master URL]"
                                + " [-- spark-submit options]",
                        "Exit codes: 0 done, 1 the job failed, 2 usage or configuration.");
        root.addSubcommand(
                "pipeline", subcommand("pipeline", "All stages of a configuration file, in order, where out of date."));
        CommandSpec spread = CommandSpec.create().name(SPREAD).mixinStandardHelpOptions(true);
        spread.usageMessage()
                .description(
                        "Mean and spread of several evaluations' metrics.json, of runs that differ in their seed.");
        spread.addPositional(PositionalParamSpec.builder()
                .type(List.class)
                .auxiliaryTypes(File.class)
                .arity("2..*")
                .paramLabel("metrics.json")
                .build());
        root.addSubcommand(SPREAD, spread);
        for (Job job : Pipeline.jobs()) {
            CommandSpec command = subcommand(job.name(), job.summary());
            settings(reference.getObject(job.name()), "")
                    .forEach((path, value) -> command.addOption(option(path, value)));
            root.addSubcommand(job.name(), command);
        }
        return root;
    }

    private static CommandSpec subcommand(String name, String summary) {
        CommandSpec command = CommandSpec.create().name(name);
        command.mixinStandardHelpOptions(true);
        command.usageMessage().description(summary);
        command.addOption(OptionSpec.builder("--conf")
                .type(File.class)
                .paramLabel("FILE")
                .description("Configuration file (HOCON).")
                .build());
        command.addOption(OptionSpec.builder("--stage")
                .type(String.class)
                .paramLabel("NAME")
                .description("The one stage to run; default: the job's own where the file has a single one.")
                .build());
        command.addOption(OptionSpec.builder("--set")
                .type(Map.class)
                .auxiliaryTypes(String.class, String.class)
                .paramLabel("key=value")
                .description("Sets any key by its full path, for example stages.dpo.dpo.beta=0.2; may be repeated.")
                .build());
        command.addOption(OptionSpec.builder("--force")
                .type(boolean.class)
                .arity("0")
                .description("Runs again what is up to date, and discards another configuration's unfinished run.")
                .build());
        return command;
    }

    private static OptionSpec option(String path, ConfigValue value) {
        List<String> description = new ArrayList<>();
        value.origin().comments().forEach(line -> description.add(escape(line.trim())));
        description.add("Default: "
                + (value.valueType() == ConfigValueType.NULL
                        ? "none"
                        : escape(value.render(ConfigRenderOptions.concise()))));
        return OptionSpec.builder("--" + path)
                .type(String.class)
                .paramLabel("<" + value.valueType().name().toLowerCase(Locale.ROOT) + ">")
                .description(description.toArray(String[]::new))
                .userObject(new SettingKey(path))
                .build();
    }

    private static String escape(String text) {
        return text.replace("%", "%%").replace("@|", "@ |");
    }

    private static Map<String, ConfigValue> settings(ConfigObject object, String prefix) {
        Map<String, ConfigValue> leaves = new TreeMap<>();
        object.forEach((key, value) -> {
            if (value instanceof ConfigObject inner) {
                leaves.putAll(settings(inner, prefix + key + "."));
            } else {
                leaves.put(prefix + key, value);
            }
        });
        return leaves;
    }
}
