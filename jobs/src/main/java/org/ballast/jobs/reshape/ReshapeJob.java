package org.ballast.jobs.reshape;

import java.util.Map;
import java.util.TreeMap;
import org.ballast.core.config.RunConfig;
import org.ballast.core.config.Settings;
import org.ballast.core.config.StageConfig;
import org.ballast.jobs.Job;
import org.ballast.jobs.ShapeSettings;
import org.ballast.jobs.StageContext;
import org.ballast.jobs.StageOutcome;
import org.ballast.jobs.Task;
import org.ballast.spark.shape.Reshape;
import org.ballast.spark.shape.ReshapeOptions;

/** Stored data sets in other splits and tails. */
public final class ReshapeJob implements Job {
    @Override
    public String name() {
        return "reshape";
    }

    @Override
    public String summary() {
        return "Splits stored data anew, cuts classes to a long tail and describes them; pictures are not copied.";
    }

    @Override
    public Task configure(StageConfig stage, RunConfig run) {
        ReshapeOptions options = Settings.read(stage.config(), "stages." + stage.name(), ReshapeJob::read);
        return context -> outcome(context, options);
    }

    private static ReshapeOptions read(Settings settings) {
        settings.section("inputs").stages("data");
        return new ReshapeOptions(
                ShapeSettings.read(settings),
                settings.number("max-failure-rate", 0, 1),
                settings.wholeNumber("target-file-bytes", 1, Long.MAX_VALUE));
    }

    private static StageOutcome outcome(StageContext context, ReshapeOptions options) {
        Reshape.Result result = Reshape.run(
                context.spark(), context.output(), context.inputs("data"), context.inputs("previous"), options);
        Map<String, Double> metrics = new TreeMap<>(result.figures());
        result.tables().forEach((table, rows) -> metrics.put("rows." + table, (double) rows));
        return new StageOutcome(result.rows(), metrics, Map.of());
    }
}
