package org.ballast.spark.shape;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Sha256;
import org.ballast.core.longtail.LongTailRule;
import org.ballast.core.longtail.LongTailSizes;
import org.ballast.spark.io.Table;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cuts the classes of a split to a tail. In each class the samples with the smallest {@code sha256(seed, "long-tail", key)}
 * stay: which ones hangs on nothing else, so a smaller tail is part of a larger one. Rows of {@code samples} and of
 * {@code prompts} are tails of their own.
 */
final class LongTailing {
    private static final Logger LOG = LoggerFactory.getLogger(LongTailing.class);
    private static final String STREAM = "long-tail";
    private static final String DIGEST = "__digest";
    private static final String CUT = "__cut";
    private static final StructType CUTS = new StructType()
            .add("__sample", DataTypes.BooleanType)
            .add("__label", DataTypes.IntegerType)
            .add(CUT, DataTypes.StringType);
    private static final StructType KEPT = new StructType()
            .add(ShapeColumns.SAMPLE, DataTypes.BooleanType)
            .add(ShapeColumns.LABEL, DataTypes.IntegerType)
            .add("kept", DataTypes.LongType);

    private LongTailing() {}

    /**
     * Resamples.
     *
     * @param rows read several times, so they must come from storage; with {@code reason}
     */
    static Shaped resample(Dataset<Row> rows, LongTailRule rule) {
        Column mine = col(ShapeColumns.REASON)
                .isNull()
                .and(col(ShapeColumns.SPLIT).equalTo(rule.split()))
                .and(col(ShapeColumns.LABEL).isNotNull())
                .and(not(ShapeColumns.outOfDistribution(rows)));
        Map<String, Double> figures = new TreeMap<>();
        List<Row> kept = kept(rows.filter(mine), rule, figures);
        if (kept.isEmpty()) {
            return new Shaped(rows, figures);
        }
        Column digest = udf(new Digest(rule.seed()), DataTypes.StringType).apply(col(ShapeColumns.KEY));
        Dataset<Row> cuts = broadcast(rows.sparkSession().createDataFrame(cuts(rows.filter(mine), digest, kept), CUTS));
        Column over = mine.and(coalesce(digest.gt(col(CUT)), lit(false)));
        Column sameClass = col(ShapeColumns.SAMPLE)
                .equalTo(col("__sample"))
                .and(col(ShapeColumns.LABEL).equalTo(col("__label")));
        Dataset<Row> cut = rows.join(cuts, sameClass, "left")
                .withColumn(ShapeColumns.SPLIT, when(over, lit(rule.leftOut())).otherwise(col(ShapeColumns.SPLIT)))
                .select(ShapeColumns.columns(rows));
        return new Shaped(cut, figures);
    }

    /** Classes that lose samples, with how many they keep; adds what is to be told of the tail to {@code figures}. */
    private static List<Row> kept(Dataset<Row> mine, LongTailRule rule, Map<String, Double> figures) {
        Map<Boolean, Map<Integer, Long>> counts = new TreeMap<>();
        for (Row row :
                mine.groupBy(ShapeColumns.SAMPLE, ShapeColumns.LABEL).count().collectAsList()) {
            counts.computeIfAbsent(row.getBoolean(0), sample -> new TreeMap<>()).put(row.getInt(1), row.getLong(2));
        }
        if (counts.isEmpty()) {
            LOG.warn("long tail: no row of split {} has a label, nothing is cut", rule.split());
        }
        List<Row> cut = new ArrayList<>();
        counts.forEach((sample, byLabel) -> {
            LongTailSizes sizes = LongTailSizes.of(rule, byLabel);
            SortedMap<Integer, Long> kept = sizes.kept();
            long left = 0;
            for (Map.Entry<Integer, Long> entry : byLabel.entrySet()) {
                long stays = kept.get(entry.getKey());
                left += entry.getValue() - stays;
                if (stays < entry.getValue()) {
                    cut.add(RowFactory.create(sample, entry.getKey(), stays));
                }
            }
            String table = sample ? Table.SAMPLES.name() : Table.PROMPTS.name();
            figures.put("long-tail.largest." + table, (double) sizes.largest());
            figures.put("long-tail.left-out." + table, (double) left);
            figures.put("long-tail.short-classes." + table, (double) sizes.shortClasses());
        });
        return cut;
    }

    /** The largest digest that stays, by class. */
    private static List<Row> cuts(Dataset<Row> mine, Column digest, List<Row> kept) {
        Dataset<Row> wanted = broadcast(mine.sparkSession().createDataFrame(kept, KEPT));
        return mine.select(col(ShapeColumns.SAMPLE), col(ShapeColumns.LABEL), col(ShapeColumns.KEY), digest.as(DIGEST))
                .join(wanted, new String[] {ShapeColumns.SAMPLE, ShapeColumns.LABEL})
                .withColumn(
                        "rank",
                        row_number()
                                .over(Window.partitionBy(ShapeColumns.SAMPLE, ShapeColumns.LABEL)
                                        .orderBy(col(DIGEST), col(ShapeColumns.KEY))))
                .filter(col("rank").equalTo(col("kept")))
                .select(ShapeColumns.SAMPLE, ShapeColumns.LABEL, DIGEST)
                .collectAsList();
    }

    private record Digest(long seed) implements UDF1<String, String> {
        private static final long serialVersionUID = 1L;

        @Override
        public String call(String key) {
            return Sha256.of(Long.toString(seed), STREAM, key);
        }
    }
}
