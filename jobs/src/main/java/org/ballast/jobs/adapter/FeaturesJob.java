package org.ballast.jobs.adapter;

import java.util.Map;
import org.ballast.core.config.RunConfig;
import org.ballast.core.config.Settings;
import org.ballast.core.config.StageConfig;
import org.ballast.jobs.Job;
import org.ballast.jobs.ModelSettings;
import org.ballast.jobs.StageContext;
import org.ballast.jobs.StageOutcome;
import org.ballast.jobs.Task;
import org.ballast.jobs.UnitSettings;
import org.ballast.spark.feature.FeatureExtraction;
import org.ballast.spark.feature.FeatureKind;
import org.ballast.spark.model.ModelSpec;
import org.ballast.spark.units.UnitOptions;

/** Vision features of the pictures: pooled for heads, or token by token in the place of the pictures. */
public final class FeaturesJob implements Job {
    private record Options(FeatureKind kind, ModelSettings opened, int batchRows, UnitOptions units) {}

    @Override
    public String name() {
        return "features";
    }

    @Override
    public String summary() {
        return "Computes the vision tower's features of every picture, pooled or token by token.";
    }

    @Override
    public Task configure(StageConfig stage, RunConfig run) {
        Options options = Settings.read(stage.config(), "stages." + stage.name(), FeaturesJob::read);
        return options.opened().task(context -> run(context, options));
    }

    private static Options read(Settings settings) {
        Settings inputs = settings.section("inputs");
        inputs.stages("data");
        inputs.stage("model");
        return new Options(
                settings.choice("kind", FeatureKind.class),
                ModelSettings.read(settings),
                UnitSettings.batchSize(settings),
                UnitSettings.read(settings));
    }

    private static StageOutcome run(StageContext context, Options options) throws Exception {
        ModelSpec model = options.opened().checkpoint(context, "model");
        return StageOutcome.of(
                FeatureExtraction.run(
                        context.spark(),
                        context.output(),
                        context.inputs("data"),
                        model,
                        options.kind(),
                        options.batchRows(),
                        options.units()),
                Map.of("model", model.digest()));
    }
}
