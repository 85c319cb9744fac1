package org.ballast.spark.negative;

import static org.apache.spark.sql.functions.col;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.data.RowAccount;
import org.ballast.core.negative.QualityRule;
import org.ballast.core.negative.RetrievedNegative.Candidate;
import org.ballast.spark.examples.PromptWithPicture;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.StageInputException;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.model.ModelSpec;
import org.ballast.spark.units.UnitRunner;

/** Negatives for the prompts of a data stage: those that are wanted and not there yet. */
public final class NegativeGeneration {
    /** Responses up to which a retrieved negative is looked for by brute force. */
    static final long MOST_CANDIDATES = 100_000;

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
        this.models = new ResponseModels(model, options.batchRows());
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

    /** Runs; each attempt ends in {@code completions} or in {@code quarantine}. */
    public Result run() {
        List<Policy> policies = Policy.of(options, models);
        NegativePlan plan = new NegativePlan(spark, data, options, policies, seed);
        Dataset<Row> everything = plan.everything();
        Dataset<Row> chosen = plan.chosen(everything);
        NegativeTables tables = new NegativeTables(spark, output, everything);
        boolean truthChecked = options.quality().rules().contains(QualityRule.NOT_WRONG);
        Dataset<Row> open = plan.withKnown(plan.open(chosen, tables.prior()), everything, truthChecked);
        boolean seen = options.weaken().isPresent() || options.checks().margin().isPresent();
        UnaryOperator<Dataset<Row>> widen =
                seen ? wave -> PromptWithPicture.join(spark, data, wave) : UnaryOperator.identity();
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        ModelTimes times = new ModelTimes(spark.sparkContext(), policies);
        Broadcast<ArrayList<Candidate>> candidates = options.retrieve()
                .map(retrieve -> context.broadcast(candidates(chosen, retrieve.split())))
                .orElse(null);
        try {
            UnitRunner runner = new UnitRunner(spark, output, Table.COMPLETIONS, AttemptRows.TABLE, options.units());
            UnitRunner.Made made =
                    runner.work(open, "prompt_id", widen, unit(policies, times, candidates), NegativePlan.attempts());
            long quarantined = made.quarantined().count();
            runner.check(quarantined, made.attempts(), UnitRunner.reasons(made.quarantined()));
            NegativeTables.Stored stored = tables.store(made, Tables.TARGET_FILE_BYTES);
            return new Result(
                    new RowAccount(
                            made.attempts() + stored.unchanged(), made.rows().count(), quarantined, stored.unchanged()),
                    UnitRunner.reasons(stored.quarantined()),
                    times.figures(),
                    stored.completions(),
                    stored.attempts());
        } finally {
            if (candidates != null) {
                candidates.destroy();
            }
        }
    }

    private NegativeUnit unit(List<Policy> policies, ModelTimes times, Broadcast<ArrayList<Candidate>> candidates) {
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
                        models.checkpoint()),
                times,
                candidates,
                seed);
    }

    /** Every response with its embedding, computed on the executors, in the order of the prompts' ids. */
    private static ArrayList<Candidate> candidates(Dataset<Row> rows, String split) {
        Dataset<Row> responses = rows.filter(
                        col("image_id").isNotNull().and(col("split").equalTo(split)))
                .select("prompt_id", "image_id", "kind", "response");
        long count = responses.count();
        if (count == 0) {
            throw new StageInputException("retrieve.split is " + split + ", but no prompt with a picture is in it");
        }
        if (count > MOST_CANDIDATES) {
            throw new StageInputException("retrieve looks through all responses and is made for " + MOST_CANDIDATES
                    + " of them, not " + count + ": narrow splits or kinds, or switch retrieve off");
        }
        ArrayList<Candidate> candidates = new ArrayList<>(
                responses.javaRDD().mapPartitions(Embeddings::of).collect());
        candidates.sort(Comparator.comparing(Candidate::id));
        return candidates;
    }
}
