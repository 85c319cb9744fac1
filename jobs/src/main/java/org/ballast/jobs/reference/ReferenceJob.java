package org.ballast.jobs.reference;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.ballast.core.config.RunConfig;
import org.ballast.core.config.Settings;
import org.ballast.core.config.StageConfig;
import org.ballast.core.mllm.MemorySettings;
import org.ballast.jobs.Job;
import org.ballast.jobs.ModelSettings;
import org.ballast.jobs.StageContext;
import org.ballast.jobs.StageOutcome;
import org.ballast.jobs.Task;
import org.ballast.jobs.UnitSettings;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.model.ModelSpec;
import org.ballast.spark.reference.ReferenceScoring;
import org.ballast.spark.units.UnitOptions;

/** Scores every completion once, so that preference training needs no second model. */
public final class ReferenceJob implements Job {
    private record Options(List<String> splits, ModelSettings opened, MemorySettings memory, UnitOptions units) {}

    @Override
    public String name() {
        return "reference";
    }

    @Override
    public String summary() {
        return "Computes the log-probs of every completion under the frozen model, once.";
    }

    @Override
    public Task configure(StageConfig stage, RunConfig run) {
        Options options = Settings.read(stage.config(), "stages." + stage.name(), ReferenceJob::read);
        return options.opened().task(context -> run(context, options));
    }

    private static Options read(Settings settings) {
        Settings inputs = settings.section("inputs");
        inputs.stages("data");
        inputs.stage("model");
        if (!inputs.isNull(StageContext.VISION_FEATURES)) {
            inputs.stage(StageContext.VISION_FEATURES);
        }
        return new Options(
                settings.strings("splits"),
                ModelSettings.read(settings),
                MemorySettings.DEFAULT.withBatchTokens(settings.integer("batch-tokens", 1, 10_000_000)),
                UnitSettings.read(settings));
    }

    private static StageOutcome run(StageContext context, Options options) throws Exception {
        ModelSpec model = options.opened().checkpoint(context, "model");
        List<StageFolder> completions = new ArrayList<>(context.inputs("data"));
        completions.addAll(context.inputs("completions"));
        return StageOutcome.of(
                ReferenceScoring.run(
                        context.spark(),
                        context.output(),
                        context.inputs("data"),
                        context.pictures(model),
                        completions,
                        options.splits(),
                        model,
                        options.memory(),
                        options.units()),
                Map.of("model", model.digest()));
    }
}
