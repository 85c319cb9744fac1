package org.ballast.jobs.evaluate;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.ballast.core.config.ConfigurationException;
import org.ballast.core.config.RunConfig;
import org.ballast.core.config.Settings;
import org.ballast.core.config.StageConfig;
import org.ballast.jobs.Job;
import org.ballast.jobs.ModelSettings;
import org.ballast.jobs.PairSettings;
import org.ballast.jobs.Task;
import org.ballast.spark.evaluate.EvaluateOptions;

/** Measures models and heads on held-out data and writes {@code metrics.json} and the report. */
public final class EvaluateJob implements Job {
    private static final int MANY = 1_000_000_000;
    private static final int LAST_STEP = 999;

    @Override
    public String name() {
        return "evaluate";
    }

    @Override
    public String summary() {
        return "Measures models and heads on held-out data; writes metrics.json and report/index.html.";
    }

    @Override
    public Task configure(StageConfig stage, RunConfig run) {
        String path = "stages." + stage.name();
        EvaluateOptions options = Settings.read(stage.config(), path, settings -> read(settings, run.seed()));
        ModelSettings opened = Settings.read(stage.config(), path, ModelSettings::read);
        String title = Settings.read(stage.config(), path, settings -> settings.string("title"));
        if (stage.inputs("adapter").isEmpty() && stage.inputs("base").isEmpty()) {
            throw new ConfigurationException(
                    path + ".inputs", "names neither a model (base) nor heads (adapter): there is nothing to evaluate");
        }
        if (!stage.inputs("base").isEmpty()
                && stage.inputs("instruct").isEmpty()
                && stage.inputs("pope").isEmpty()) {
            throw new ConfigurationException(
                    path + ".inputs", "names a model (base), but no rows to measure it on (instruct, pope)");
        }
        return opened.task(context -> new EvaluationRun(options, opened, title, context).run());
    }

    private static void checkInputs(Settings inputs) {
        for (String single : List.of("base", "continued-sft", "bpo", "adapter")) {
            if (!inputs.isNull(single)) {
                inputs.stage(single);
            }
        }
    }

    private static EvaluateOptions read(Settings settings, long seed) {
        checkInputs(settings.section("inputs"));
        Settings weakening = settings.section("weakening");
        Set<String> kinds = new LinkedHashSet<>(settings.strings("caption-kinds"));
        return new EvaluateOptions(
                settings.strings("splits"),
                settings.string("train-split"),
                settings.integer("train-prompts", 0, MANY),
                settings.integer("max-rows-per-split", 2, MANY),
                settings.string("pope-prefix"),
                kinds,
                PairSettings.read(settings, seed),
                settings.number("beta", 1e-9, 1e6),
                settings.integer("max-tokens", 1, MANY),
                settings.integer("pope-tokens", 1, MANY),
                settings.integer("unit-rows", 1, MANY),
                settings.integer("batch-size", 1, MANY),
                new EvaluateOptions.Weakening(
                        weakening.string("split"), weakening.integer("rows", 1, MANY), weakening.integers("steps")),
                settings.integer("examples", 0, 10_000),
                settings.integer("example-step", 0, LAST_STEP),
                seed);
    }
}
