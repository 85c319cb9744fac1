package org.ballast.jobs.shard;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.ballast.core.config.ConfigurationException;
import org.ballast.core.config.StageConfig;
import org.ballast.core.data.Sha256;
import org.ballast.jobs.StageContext;
import org.ballast.jobs.StageFailure;
import org.ballast.jobs.StageOutcome;
import org.ballast.jobs.Task;
import org.ballast.spark.shard.AnnotationException;
import org.ballast.spark.shard.ShardInputException;
import org.ballast.spark.shard.ShardOptions;
import org.ballast.spark.shard.ShardPlan;
import org.ballast.spark.shard.ShardPlanner;
import org.ballast.spark.shard.ShardResult;
import org.ballast.spark.shard.ShardRunner;

/** A stage of {@code shard}: inputs that grew since the last run update its output. */
final class ShardTask implements Task {
    private final StageConfig stage;
    private final ShardOptions options;
    /** Planning reads every annotation file and lists every folder of pictures: once for digest and run. */
    private ShardPlan plan;

    ShardTask(StageConfig stage, ShardOptions options) {
        this.stage = stage;
        this.options = options;
    }

    @Override
    public Map<String, String> externalInputs(Configuration hadoop) {
        Map<String, String> digests = new TreeMap<>(plan(hadoop).digests());
        digests.put("sources", sources(options));
        return digests;
    }

    @Override
    public boolean updates() {
        return true;
    }

    @Override
    public Set<String> outsideSettings() {
        return Set.of("sources", "images", "classes", "window", "max-failure-rate");
    }

    @Override
    public StageOutcome run(StageContext context) {
        ShardPlan planned = plan(context.spark().sparkContext().hadoopConfiguration());
        try {
            return outcome(ShardRunner.run(context.spark(), planned, context.output()));
        } catch (AnnotationException e) {
            throw new StageFailure("stage " + stage.name() + ": " + e.getMessage(), e);
        }
    }

    private ShardPlan plan(Configuration hadoop) {
        if (plan == null) {
            try {
                plan = ShardPlanner.plan(hadoop, options);
            } catch (ShardInputException e) {
                throw new ConfigurationException("stages." + stage.name(), e.getMessage());
            }
        }
        return plan;
    }

    /** What is read how, whatever its order; not what it holds. */
    private static String sources(ShardOptions options) {
        return Sha256.of(options.inputs().stream()
                .map(input -> String.join(
                        "\n",
                        input.format().stored(),
                        input.annotations(),
                        String.valueOf(input.images()),
                        String.valueOf(input.split()),
                        input.domain().stored(),
                        input.source(),
                        input.idPrefix(),
                        String.valueOf(input.kind()),
                        String.valueOf(input.kindPattern()),
                        String.valueOf(input.gives())))
                .sorted()
                .toArray(String[]::new));
    }

    private static StageOutcome outcome(ShardResult result) {
        Map<String, Double> metrics = new TreeMap<>();
        metrics.put("annotation-rows", (double) result.annotationRows());
        result.tables().forEach((table, rows) -> metrics.put("rows." + table, (double) rows));
        result.changes().forEach((change, rows) -> metrics.put(change, (double) rows));
        result.reasons().forEach((reason, rows) -> metrics.put("quarantined." + reason, (double) rows));
        metrics.putAll(result.figures());
        return new StageOutcome(result.rows(), metrics, Map.of(), result.durationsMillis());
    }
}
