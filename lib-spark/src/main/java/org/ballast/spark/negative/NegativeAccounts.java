package org.ballast.spark.negative;

import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.floor;
import static org.apache.spark.sql.functions.get_json_object;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.storage.StorageLevel;
import org.ballast.core.data.CompletionType;
import org.ballast.core.negative.ContentWords;
import org.ballast.spark.io.MetricsJson;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.negative.NegativeMetrics.Example;
import org.ballast.spark.negative.NegativeMetrics.LengthRatio;
import org.ballast.spark.negative.NegativeMetrics.Source;
import org.ballast.spark.negative.NegativeMetrics.TypeMetrics;
import org.ballast.spark.negative.NegativeMetrics.WeakenedPoint;
import org.ballast.spark.negative.NegativeMetrics.WordTest;

/** Measures a stage's negatives beside the right responses to the same prompts. What comes to the driver is as large as types, bins, models and examples are many. */
public final class NegativeAccounts {
    private static final Column TYPE = col("type");
    /** Diffusion steps a point of the weakening curve. */
    private static final int STEPS = 100;

    private final Dataset<Row> pairs;
    private final AccountOptions options;

    private NegativeAccounts(Dataset<Row> pairs, AccountOptions options) {
        this.pairs = pairs;
        this.options = options;
    }

    /**
     * Writes {@code metrics.json} into the stage's folder, in an update with its commit.
     *
     * @param completions the negatives, all that the stage holds
     * @param data stages with the prompts and the right responses
     * @return the figures for the manifest, {@link NegativeMetrics#figures}
     */
    public static Map<String, Double> write(
            Dataset<Row> completions, List<StageFolder> data, StageFolder output, AccountOptions options) {
        SparkSession spark = completions.sparkSession();
        Dataset<Row> pairs = pairs(
                        completions,
                        Tables.read(spark, data, Table.PROMPTS),
                        Tables.read(spark, data, Table.COMPLETIONS))
                .persist(StorageLevel.MEMORY_AND_DISK());
        try {
            NegativeMetrics metrics = of(pairs, options);
            output.writeBeside(MetricsJson.NAME, MetricsJson.write(metrics));
            return metrics.figures();
        } finally {
            pairs.unpersist();
        }
    }

    /** Negatives with prompt and positive: of several right responses to a prompt the first by id. */
    static Dataset<Row> pairs(Dataset<Row> negatives, Dataset<Row> prompts, Dataset<Row> data) {
        Dataset<Row> positives = data.filter(TYPE.equalTo(CompletionType.GROUND_TRUTH.stored()))
                .groupBy("prompt_id")
                .agg(expr("min_by(response, completion_id)").as("positive"));
        return negatives
                .withColumnRenamed("response", "negative")
                .join(positives, "prompt_id")
                .join(prompts.select("prompt_id", "image_id", "prompt"), "prompt_id")
                .select(
                        TYPE,
                        col("completion_id"),
                        col("prompt_id"),
                        col("image_id"),
                        col("prompt"),
                        col("positive"),
                        col("negative"),
                        col("model"),
                        col("finish_reason"),
                        get_json_object(col("parameters"), "$.step")
                                .cast(DataTypes.IntegerType)
                                .as("step"),
                        col("prompt_tokens").cast("long"),
                        col("completion_tokens").cast("long"),
                        size(TextStatistics.words(col("positive"))).as("right"),
                        size(TextStatistics.words(col("negative"))).as("wrong"));
    }

    /** Measures pairs, which are read several times. */
    static NegativeMetrics of(Dataset<Row> pairs, AccountOptions options) {
        return new NegativeAccounts(pairs, options).measure();
    }

    private NegativeMetrics measure() {
        TextStatistics texts = TextStatistics.of(pairs);
        Map<String, List<Source>> sources = sources();
        Map<String, List<WeakenedPoint>> weakening = weakening();
        Map<String, TypeMetrics> types = new TreeMap<>();
        for (Row row : pairs.groupBy(TYPE)
                .agg(
                        count(lit(1)),
                        coalesce(sum("prompt_tokens"), lit(0L)),
                        coalesce(sum("completion_tokens"), lit(0L)),
                        avg("wrong"),
                        avg("right"),
                        avg(col("wrong").gt(col("right")).cast("int")),
                        avg(col("wrong").equalTo(col("right")).cast("int")),
                        expr("percentile_approx(wrong / greatest(right, 1), array(0.1, 0.5, 0.9))"))
                .collectAsList()) {
            String type = row.getString(0);
            List<Double> ratios = row.getList(8);
            types.put(
                    type,
                    new TypeMetrics(
                            row.getLong(1),
                            row.getLong(2),
                            row.getLong(3),
                            row.getDouble(4),
                            row.getDouble(5),
                            row.getDouble(6),
                            row.getDouble(7),
                            new LengthRatio(ratios.get(0), ratios.get(1), ratios.get(2)),
                            texts.negatives(type),
                            texts.positives(type),
                            texts.lengths(type),
                            sources.get(type),
                            BagOfWords.of(ofType(type), options.bagOfWordsPairs(), options.seed())
                                    .orElse(null),
                            weakening.getOrDefault(type, List.of()),
                            examples(type)));
        }
        WordTest ofAll = types.size() == 1
                ? types.values().iterator().next().bagOfWords()
                : BagOfWords.of(pairs, options.bagOfWordsPairs(), options.seed())
                        .orElse(null);
        return new NegativeMetrics(NegativeMetrics.VERSION, NegativeMetrics.CONVENTIONS, types, ofAll);
    }

    private Dataset<Row> ofType(String type) {
        return pairs.filter(TYPE.equalTo(lit(type)));
    }

    private Map<String, List<Source>> sources() {
        Map<String, List<Source>> sources = new TreeMap<>();
        for (Row row : pairs.groupBy("type", "model", "finish_reason")
                .count()
                .orderBy("type", "model", "finish_reason")
                .collectAsList()) {
            sources.computeIfAbsent(row.getString(0), type -> new ArrayList<>())
                    .add(new Source(row.getString(1), row.getString(2), row.getLong(3)));
        }
        return sources;
    }

    private Map<String, List<WeakenedPoint>> weakening() {
        Map<String, List<WeakenedPoint>> points = new TreeMap<>();
        Column kept = udf((UDF2<String, String, Double>) NegativeAccounts::kept, DataTypes.DoubleType)
                .apply(col("positive"), col("negative"));
        for (Row row : pairs.filter(col("step").isNotNull())
                .groupBy(
                        TYPE,
                        floor(col("step").divide(STEPS))
                                .cast(DataTypes.IntegerType)
                                .as("bin"))
                .agg(count(lit(1)), avg(kept))
                .orderBy("type", "bin")
                .collectAsList()) {
            int from = row.getInt(1) * STEPS;
            points.computeIfAbsent(row.getString(0), type -> new ArrayList<>())
                    .add(new WeakenedPoint(
                            from, from + STEPS, row.getLong(2), row.isNullAt(3) ? null : row.getDouble(3)));
        }
        return points;
    }

    /** Share of the different words of content of a text that stand in another; null where it has none. */
    private static Double kept(String positive, String negative) {
        Set<String> words = new HashSet<>(ContentWords.of(positive));
        int all = words.size();
        words.retainAll(new HashSet<>(ContentWords.of(negative)));
        return all == 0 ? null : (double) words.size() / all;
    }

    private List<Example> examples(String type) {
        return ofType(type)
                .orderBy(xxhash64(lit(options.seed()), lit("example"), col("completion_id")), col("completion_id"))
                .limit(options.examples())
                .select("completion_id", "prompt_id", "image_id", "prompt", "positive", "negative")
                .collectAsList()
                .stream()
                .map(row -> new Example(
                        row.getString(0),
                        row.getString(1),
                        row.getString(2),
                        row.getString(3),
                        row.getString(4),
                        row.getString(5)))
                .toList();
    }
}
