package org.ballast.spark.negative;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * What it took to make the negatives, by type, over all runs of the stage: {@code wanted.<type>}; {@code yield.<type>}, the share that was accepted, and
 * {@code first-yield.<type>} at the first try; {@code rejected.<type>.<reason>}, texts that were rejected, also those in whose place another was accepted later;
 * {@code prompt-tokens-read.<type>} and {@code tokens-written.<type>} of all tries; {@code cost.<type>} by the price of tokens;
 * {@code margin.<type>.p10}, {@code .p50} and {@code .p90}: lead of the negative over the right response in mean log-prob a token, where the checkpoint was asked.
 */
final class AttemptFigures {
    private static final int[] PERCENTS = {10, 50, 90};

    private AttemptFigures() {}

    static Map<String, Double> of(Dataset<Row> attempts, NegativeOptions.Price price) {
        Map<String, Double> figures = new TreeMap<>();
        Column accepted = col("outcome").equalTo(AttemptRows.ACCEPTED);
        for (Row row : attempts.groupBy("type")
                .agg(
                        count(lit(1)),
                        count(when(accepted, 1)),
                        count(when(accepted.and(size(col("rejected")).equalTo(0)), 1)),
                        sum("prompt_tokens"),
                        sum("completion_tokens"),
                        count("margin"),
                        expr("percentile_approx(margin, array(0.1, 0.5, 0.9))"))
                .collectAsList()) {
            String type = row.getString(0);
            double wanted = row.getLong(1);
            figures.put("wanted." + type, wanted);
            figures.put("yield." + type, row.getLong(2) / wanted);
            figures.put("first-yield." + type, row.getLong(3) / wanted);
            figures.put("prompt-tokens-read." + type, (double) row.getLong(4));
            figures.put("tokens-written." + type, (double) row.getLong(5));
            if (!price.equals(NegativeOptions.Price.NONE)) {
                figures.put(
                        "cost." + type, (row.getLong(4) * price.prompt() + row.getLong(5) * price.completion()) / 1e6);
            }
            if (row.getLong(6) > 0) {
                List<Double> margins = row.getList(7);
                for (int i = 0; i < PERCENTS.length; i++) {
                    figures.put("margin.%s.p%d".formatted(type, PERCENTS[i]), margins.get(i));
                }
            }
        }
        attempts.select(col("type"), explode(col("rejected")).as("reason"))
                .groupBy("type", "reason")
                .count()
                .collectAsList()
                .forEach(row -> figures.put(
                        "rejected.%s.%s".formatted(row.getString(0), row.getString(1)), (double) row.getLong(2)));
        return figures;
    }
}
