package org.ballast.spark.negative;

import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.countDistinct;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.lower;
import static org.apache.spark.sql.functions.regexp_extract_all;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.sum;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.ballast.core.data.CompletionType;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;

/**
 * What there is of negatives, by type: {@code accepted.<type>} rows; {@code tokens.<type>} that the model wrote; {@code words.<type>} a
 * response on average, and {@code words-of-positive.<type>} of the right responses to the same prompts; {@code length-ratio.<type>.p10},
 * {@code .p50} and {@code .p90}, words of a negative over those of its positive; {@code distinct-words.<type>}, different words. A word is a run of letters and
 * digits, or one Han character.
 */
public final class NegativeAccounts {
    private static final double[] SHARES = {0.1, 0.5, 0.9};

    private NegativeAccounts() {}

    /**
     * Figures for the manifest.
     *
     * @param completions the negatives
     * @param data stages with the right responses
     */
    public static Map<String, Double> of(Dataset<Row> completions, List<StageFolder> data) {
        Dataset<Row> positives = Tables.read(completions.sparkSession(), data, Table.COMPLETIONS)
                .filter(col("type").equalTo(CompletionType.GROUND_TRUTH.stored()))
                .select(col("prompt_id"), size(words(col("response"))).as("right"));
        Dataset<Row> negatives = completions.select(
                col("prompt_id"),
                col("type"),
                col("completion_tokens"),
                words(lower(col("response"))).as("said"));
        Dataset<Row> pairs = negatives.withColumn("wrong", size(col("said"))).join(positives, "prompt_id");
        Map<String, Double> figures = new TreeMap<>();
        for (Row row : pairs.groupBy("type")
                .agg(
                        count(lit(1)),
                        coalesce(sum("completion_tokens"), lit(0L)),
                        avg("wrong"),
                        avg("right"),
                        expr("percentile_approx(wrong / greatest(right, 1), array(0.1, 0.5, 0.9))"))
                .collectAsList()) {
            String type = row.getString(0);
            figures.put("accepted." + type, (double) row.getLong(1));
            figures.put("tokens." + type, (double) row.getLong(2));
            figures.put("words." + type, row.getDouble(3));
            figures.put("words-of-positive." + type, row.getDouble(4));
            List<Double> ratios = row.getList(5);
            for (int i = 0; i < SHARES.length; i++) {
                figures.put("length-ratio.%s.p%d".formatted(type, Math.round(100 * SHARES[i])), ratios.get(i));
            }
        }
        negatives
                .select(col("type"), explode(col("said")).as("word"))
                .groupBy("type")
                .agg(countDistinct("word"))
                .collectAsList()
                .forEach(row -> figures.put("distinct-words." + row.getString(0), (double) row.getLong(1)));
        return figures;
    }

    private static Column words(Column text) {
        return regexp_extract_all(text, lit("(\\p{IsHan}|[\\p{L}\\p{N}&&[^\\p{IsHan}]]+)"), lit(1));
    }
}
