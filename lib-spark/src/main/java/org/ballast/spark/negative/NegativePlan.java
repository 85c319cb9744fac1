package org.ballast.spark.negative;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.array_compact;
import static org.apache.spark.sql.functions.array_contains;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_set;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.concat_ws;
import static org.apache.spark.sql.functions.conv;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.greatest;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.round;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.sha2;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.sort_array;
import static org.apache.spark.sql.functions.substring;
import static org.apache.spark.sql.functions.to_json;
import static org.apache.spark.sql.functions.when;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.types.DataTypes;
import org.ballast.core.data.CompletionType;
import org.ballast.spark.examples.PromptWithPicture;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;

/** Which negatives are wanted of which prompts, and which of them are there already. */
final class NegativePlan {
    /** Column: the negatives that are to be made, as {@link #missing} names them. */
    static final String MISSING = "missing";
    /** Column: digest of what a prompt's negatives hang on. */
    static final String CONTENT = "content";
    /** Column: statements that are true of the prompt's picture. */
    static final String KNOWN = "known";

    private static final String DONE = "done";

    private final SparkSession spark;
    private final List<StageFolder> data;
    private final NegativeOptions options;
    private final List<Policy> policies;
    private final long seed;

    NegativePlan(
            SparkSession spark, List<StageFolder> data, NegativeOptions options, List<Policy> policies, long seed) {
        this.spark = spark;
        this.data = data;
        this.options = options;
        this.policies = policies;
        this.seed = seed;
    }

    /** Name of one negative of a prompt. */
    static String missing(Policy policy, int sample) {
        return policy.name() + ":" + sample;
    }

    /** All prompts of the data with their right response and the digest of both. */
    Dataset<Row> everything() {
        Dataset<Row> truth = Tables.read(spark, data, Table.COMPLETIONS)
                .filter(col("type").equalTo(CompletionType.GROUND_TRUTH.stored()))
                .select(col("prompt_id"), col("response"));
        Dataset<Row> all = Tables.read(spark, data, Table.PROMPTS).join(truth, "prompt_id");
        Column history = coalesce(to_json(col("history")), lit(""));
        Column content = sha2(
                concat_ws("\u0000", col("prompt"), history, coalesce(col("image_id"), lit("")), col("response")), 256);
        return all.withColumn(CONTENT, content);
    }

    /** Those of the splits and kinds that the options name. */
    Dataset<Row> eligible(Dataset<Row> everything) {
        // for its message where there are none
        PromptWithPicture.prompts(spark, data, options.splits(), options.kinds());
        return everything.filter(PromptWithPicture.wanted(options.splits(), options.kinds()));
    }

    /** Those of {@link NegativeOptions#sample()}: each kind of each split with its share, and one prompt at least. */
    Dataset<Row> sampled(Dataset<Row> rows) {
        if (options.sample() == 0) {
            return rows;
        }
        Column[] stratum = {col("split"), col("kind")};
        long all = rows.count();
        Column place = row_number().over(Window.partitionBy(stratum).orderBy(draw("sample"), col("prompt_id")));
        Column wanted = count(lit(1))
                .over(Window.partitionBy(stratum))
                .multiply((double) options.sample() / Math.max(all, options.sample()));
        return rows.withColumn("place", place)
                .withColumn("wanted", wanted)
                .filter(col("place").leq(greatest(lit(1.0), round(col("wanted")))))
                .drop("place", "wanted");
    }

    /**
     * Adds {@value #MISSING}, and leaves out prompts that want nothing.
     *
     * @param prior attempts of earlier runs, or null
     */
    Dataset<Row> open(Dataset<Row> chosen, Dataset<Row> prior) {
        Column none = array().cast(DataTypes.createArrayType(DataTypes.StringType));
        Dataset<Row> rows = chosen.withColumn(DONE, none);
        if (prior != null) {
            Dataset<Row> done = prior.groupBy("prompt_id")
                    .agg(collect_set(key(col("policy"), col("sample").cast(DataTypes.StringType), col(CONTENT)))
                            .as(DONE));
            rows = chosen.join(done, new String[] {"prompt_id"}, "left").withColumn(DONE, coalesce(col(DONE), none));
        }
        List<Column> wanted = new ArrayList<>();
        for (Policy policy : policies) {
            Column share = policy.share().part() == 1
                    ? lit(true)
                    : draw(policy.name()).lt(policy.share().part());
            for (int sample = 0; sample < policy.share().samples(); sample++) {
                Column key = key(lit(policy.digest()), lit(Integer.toString(sample)), col(CONTENT));
                wanted.add(when(share.and(not(array_contains(col(DONE), key))), lit(missing(policy, sample))));
            }
        }
        return rows.withColumn(MISSING, array_compact(array(wanted.toArray(Column[]::new))))
                .filter(size(col(MISSING)).gt(0))
                .drop(DONE);
    }

    private static Column key(Column policy, Column sample, Column content) {
        return concat(policy, lit(" "), sample, lit(" "), content);
    }

    /** A number in [0, 1) that hangs on seed, stream and prompt alone. */
    private Column draw(String stream) {
        Column digest = sha2(concat(lit(seed + "\u0000" + stream + "\u0000"), col("prompt_id")), 256);
        return conv(substring(digest, 1, 12), 16, 10).cast(DataTypes.DoubleType).divide(Math.pow(2, 48));
    }

    /** Attempts on a row of {@link #open}. */
    static Column attempts() {
        return size(col(MISSING));
    }

    /**
     * Adds {@value #KNOWN}: right responses to the same prompt about the same picture, and the names of its classes.
     *
     * @param wanted false: null for all
     */
    Dataset<Row> withKnown(Dataset<Row> rows, Dataset<Row> everything, boolean wanted) {
        if (!wanted) {
            return rows.withColumn(KNOWN, lit(null).cast(DataTypes.createArrayType(DataTypes.StringType)));
        }
        Dataset<Row> said = everything.filter(col("image_id").isNotNull()).select("image_id", "prompt", "response");
        Dataset<Row> known = rows.filter(col("image_id").isNotNull())
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
                    rows.select("prompt_id", "image_id").join(names, "image_id").select("prompt_id", "label_name"));
        }
        return rows.join(
                known.groupBy("prompt_id")
                        .agg(sort_array(collect_set("response")).as(KNOWN)),
                new String[] {"prompt_id"},
                "left");
    }
}
