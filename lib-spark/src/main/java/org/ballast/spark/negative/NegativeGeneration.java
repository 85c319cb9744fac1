package org.ballast.spark.negative;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_set;
import static org.apache.spark.sql.functions.sort_array;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.data.CompletionType;
import org.ballast.core.negative.QualityRule;
import org.ballast.core.negative.RetrievedNegative.Candidate;
import org.ballast.core.text.SentenceEncoder;
import org.ballast.spark.examples.PromptWithPicture;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.StageInputException;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.model.ModelSpec;
import org.ballast.spark.train.ExecutorCache;
import org.ballast.spark.units.UnitRunner;

/** Negatives for the prompts of a data stage, one attempt a policy on each. */
public final class NegativeGeneration {
    /** Responses up to which a retrieved negative is looked for by brute force. */
    static final long MOST_CANDIDATES = 100_000;

    /** Column of a prompt's row: statements that are true of its picture. */
    static final String KNOWN = "known";

    private static final ExecutorCache<SentenceEncoder> ENCODERS = new ExecutorCache<>(1);

    private NegativeGeneration() {}

    /**
     * Runs; each prompt's attempts end in {@code completions} or in {@code quarantine}.
     *
     * @param model null where no picture is weakened
     */
    public static UnitRunner.Outcome run(
            SparkSession spark,
            StageFolder output,
            List<StageFolder> data,
            ModelSpec model,
            NegativeOptions options,
            long seed) {
        Dataset<Row> truth = Tables.read(spark, data, Table.COMPLETIONS)
                .filter(col("type").equalTo(CompletionType.GROUND_TRUTH.stored()))
                .select(col("prompt_id"), col("response"));
        Dataset<Row> rows = PromptWithPicture.prompts(spark, data, options.splits(), options.kinds())
                .join(truth, "prompt_id");
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        boolean truthChecked = options.quality().rules().contains(QualityRule.NOT_WRONG);
        Broadcast<ArrayList<Candidate>> candidates = options.retrieveFrom()
                .map(split -> context.broadcast(candidates(rows, split)))
                .orElse(null);
        try {
            return new UnitRunner(spark, output, Table.COMPLETIONS, options.units())
                    .run(
                            rows,
                            "prompt_id",
                            wave -> PromptWithPicture.join(
                                    spark, data, truthChecked ? withKnown(spark, data, wave, rows) : wave),
                            new NegativeUnit(
                                    model,
                                    options.weaken().orElse(null),
                                    options.quality(),
                                    options.swap().orElse(null),
                                    options.batchRows(),
                                    candidates,
                                    seed),
                            options.policies(),
                            Tables.TARGET_FILE_BYTES);
        } finally {
            if (candidates != null) {
                candidates.destroy();
            }
        }
    }

    /**
     * Adds what is known of each row's picture: right responses to the same prompt about it, and the names of its classes.
     *
     * @param all prompts with their right responses
     */
    private static Dataset<Row> withKnown(
            SparkSession spark, List<StageFolder> data, Dataset<Row> wave, Dataset<Row> all) {
        Dataset<Row> said = all.filter(col("image_id").isNotNull()).select("image_id", "prompt", "response");
        Dataset<Row> known = wave.filter(col("image_id").isNotNull())
                .select("prompt_id", "image_id", "prompt")
                .join(said, new String[] {"image_id", "prompt"})
                .select("prompt_id", "response");
        List<StageFolder> labelled =
                data.stream().filter(stage -> stage.has(Table.SAMPLES.name())).toList();
        if (!labelled.isEmpty()) {
            Dataset<Row> names = Tables.read(spark, labelled, Table.SAMPLES)
                    .filter(col("label_name").isNotNull())
                    .select("image_id", "label_name");
            known = known.union(
                    wave.select("prompt_id", "image_id").join(names, "image_id").select("prompt_id", "label_name"));
        }
        return wave.join(
                known.groupBy("prompt_id")
                        .agg(sort_array(collect_set("response")).as(KNOWN)),
                new String[] {"prompt_id"},
                "left");
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
                responses.javaRDD().mapPartitions(NegativeGeneration::embedded).collect());
        candidates.sort(Comparator.comparing(Candidate::id));
        return candidates;
    }

    private static Iterator<Candidate> embedded(Iterator<Row> rows) {
        List<Candidate> candidates = new ArrayList<>();
        // the sample's responses repeat; so do short answers everywhere
        Map<String, float[]> known = new HashMap<>();
        try (var lease = sentenceEncoder()) {
            SentenceEncoder encoder = lease.value();
            rows.forEachRemaining(row -> {
                String response = row.getAs("response");
                candidates.add(new Candidate(
                        row.getAs("prompt_id"),
                        row.getAs("image_id"),
                        row.getAs("kind"),
                        response,
                        known.computeIfAbsent(response, encoder::encode)));
            });
        }
        return candidates.iterator();
    }

    /** This JVM's sentence encoder. */
    static ExecutorCache<SentenceEncoder>.Lease sentenceEncoder() {
        return ENCODERS.lease("", () -> {
            try {
                return new SentenceEncoder();
            } catch (IOException e) {
                throw new UncheckedIOException("cannot open the sentence encoder", e);
            }
        });
    }
}
