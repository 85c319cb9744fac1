package org.ballast.spark.negative;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.data.RowAccount;
import org.ballast.core.negative.QualityRule;
import org.ballast.spark.examples.PromptWithPicture;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.model.ModelSpec;
import org.ballast.spark.session.Phases;
import org.ballast.spark.session.RequestRate;
import org.ballast.spark.units.UnitRunner;

/** Negatives for the prompts of a data stage: those that are wanted and not there yet. */
public final class NegativeGeneration {
    private final SparkSession spark;
    private final StageFolder output;
    private final List<StageFolder> data;
    private final NegativeOptions options;
    private final ResponseModels models;
    private final long seed;

    /** @param model null where no model of this process is needed */
    public NegativeGeneration(
            SparkSession spark,
            StageFolder output,
            List<StageFolder> data,
            ModelSpec model,
            NegativeOptions options,
            long seed) {
        this.spark = spark;
        this.output = output;
        this.data = data;
        this.options = options;
        NegativeOptions.Servers servers = options.servers().orElse(null);
        ChatAccumulator chat = new ChatAccumulator();
        spark.sparkContext().register(chat, "model servers");
        this.models = new ResponseModels(model, options.batchRows(), servers, chat);
        if (servers != null && servers.perMinute() != null) {
            RequestRate.set(servers.perMinute());
        }
        this.seed = seed;
    }

    /**
     * What was done, and what the stage holds now.
     *
     * @param rows attempts; those of earlier runs are unchanged
     * @param reasons rows of {@code quarantine} for each reason, most frequent first
     * @param figures of the models' work in this run
     */
    public record Result(
            RowAccount rows,
            Map<String, Long> reasons,
            Map<String, Double> figures,
            Dataset<Row> completions,
            Dataset<Row> attempts) {}

    /** Runs; each attempt ends in {@code completions} or in {@code quarantine}. The last phase, {@code store}, is left open. */
    public Result run(Phases phases) {
        phases.begin("plan");
        List<Policy> policies = Policy.of(options, models);
        NegativePlan plan = new NegativePlan(spark, data, options, policies, seed);
        Dataset<Row> everything = plan.everything();
        Dataset<Row> eligible = plan.eligible(everything);
        NegativeTables tables = new NegativeTables(spark, output, everything);
        boolean measured = options.sample() > 0 && models.checkpoint() != null;
        boolean seen = options.weaken().isPresent() || options.checks().margin().isPresent() || measured;
        UnaryOperator<Dataset<Row>> widen =
                seen ? wave -> PromptWithPicture.join(spark, data, wave) : UnaryOperator.identity();
        ModelTimes times = new ModelTimes(spark.sparkContext(), policies);
        UnitRunner runner =
                new UnitRunner(spark, output, Table.COMPLETIONS, AttemptRows.TABLE, options.units(), phases);
        Dataset<Row> open = open(plan, everything, eligible, tables);
        long start = System.nanoTime();
        UnitRunner.Made made =
                runner.work(open, "prompt_id", widen, unit(policies, times, measured), NegativePlan.attempts());
        double seconds = (System.nanoTime() - start) / 1e9;
        Map<String, Long> reasons = UnitRunner.reasons(made.quarantined());
        long quarantined = reasons.values().stream().mapToLong(Long::longValue).sum();
        runner.check(quarantined, made.attempts(), reasons);
        NegativeTables.Stored stored = tables.store(made, Tables.TARGET_FILE_BYTES);
        Map<String, Double> figures = new TreeMap<>(times.figures());
        figures.putAll(models.chat().figures());
        figures.putAll(AttemptFigures.of(stored.attempts(), options.price()));
        if (options.sample() > 0) {
            long piloted = stored.attempts().select("prompt_id").distinct().count();
            figures.putAll(new Forecast(eligible.count(), piloted, seconds, bytes()).figures(figures));
        }
        return new Result(
                new RowAccount(
                        made.attempts() + stored.unchanged(), made.rows().count(), quarantined, stored.unchanged()),
                UnitRunner.reasons(stored.quarantined()),
                figures,
                stored.completions(),
                stored.attempts());
    }

    /** Prompts of which negatives are to be made, with all that the attempts need to know. */
    private Dataset<Row> open(
            NegativePlan plan, Dataset<Row> everything, Dataset<Row> eligible, NegativeTables tables) {
        boolean truthChecked = options.quality().rules().contains(QualityRule.NOT_WRONG);
        Dataset<Row> missing = plan.open(plan.sampled(eligible), tables.prior());
        Dataset<Row> open = plan.withKnown(missing, everything, truthChecked);
        // a pilot and an update look through all responses too, so that their negatives are those of the whole
        return options.retrieve()
                .map(retrieve -> Neighbours.add(
                        open, Neighbours.of(spark, output, new Responses(data, eligible, missing), retrieve.search())))
                .orElse(open);
    }

    private NegativeUnit unit(List<Policy> policies, ModelTimes times, boolean measured) {
        return new NegativeUnit(
                policies,
                models,
                options.weaken().orElse(null),
                options.inject().orElse(null),
                options.retrieve().orElse(null),
                options.swap().orElse(null),
                options.quality(),
                new ModelChecks(
                        options.checks().similarity().orElse(null),
                        options.checks().margin().orElse(null),
                        measured,
                        models.checkpoint()),
                times,
                seed);
    }

    /** Size of the completions, wherever they lie until the commit. */
    private long bytes() {
        Path folder = output.parent().isEmpty()
                ? output.table(Table.COMPLETIONS.name())
                : NegativeTables.staged(output, Table.COMPLETIONS);
        try {
            return output.files().exists(folder)
                    ? output.fileSystem().getContentSummary(folder).getLength()
                    : 0;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot measure " + folder, e);
        }
    }
}
