package org.ballast.spark.negative;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.countDistinct;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.udf;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;
import org.ballast.core.text.Words;
import org.ballast.spark.negative.NegativeMetrics.Diversity;

/** Lengths and diversity of positives and negatives by type. */
final class TextStatistics {
    private static final String POSITIVE = "positive";
    private static final String NEGATIVE = "negative";

    /** Responses of one side and type. */
    private record Side(String type, String side) {}

    /** All and different ones. */
    private record Grams(long all, long distinct) {
        Double share() {
            return all == 0 ? null : (double) distinct / all;
        }
    }

    private static final Grams NONE = new Grams(0, 0);

    private final Map<Side, long[]> lengths = new HashMap<>();
    private final Map<Side, Grams> words = new HashMap<>();
    private final Map<Side, Grams> wordPairs = new HashMap<>();

    private TextStatistics() {}

    /**
     * Reads pairs twice.
     *
     * @param pairs columns {@code type}, {@code positive}, {@code negative} and their numbers of words, {@code right} and {@code wrong}
     */
    static TextStatistics of(Dataset<Row> pairs) {
        TextStatistics statistics = new TextStatistics();
        Column bin = udf((UDF1<Integer, Integer>) LengthHistogram::bin, DataTypes.IntegerType)
                .apply(col("text.words"));
        for (Row row :
                sides(pairs).groupBy(col("type"), col("text.side"), bin).count().collectAsList()) {
            statistics.lengths.computeIfAbsent(side(row), key -> new long[LengthHistogram.BINS.size()])[row.getInt(2)] =
                    row.getLong(3);
        }
        for (Row row : sides(pairs)
                .select(
                        col("type"),
                        col("text.side"),
                        explode(grams(col("text.text"))).as("gram"))
                .groupBy(col("type"), col("side"), col("gram").contains(" ").as("pair"))
                .agg(count(lit(1)), countDistinct("gram"))
                .collectAsList()) {
            (row.getBoolean(2) ? statistics.wordPairs : statistics.words)
                    .put(side(row), new Grams(row.getLong(3), row.getLong(4)));
        }
        return statistics;
    }

    private static Side side(Row row) {
        return new Side(row.getString(0), row.getString(1));
    }

    /** Two rows a pair: type and {@code text}, a struct of side, text and words. */
    private static Dataset<Row> sides(Dataset<Row> pairs) {
        return pairs.select(
                col("type"),
                explode(array(
                                struct(
                                        lit(POSITIVE).as("side"),
                                        col(POSITIVE).as("text"),
                                        col("right").as("words")),
                                struct(
                                        lit(NEGATIVE).as("side"),
                                        col(NEGATIVE).as("text"),
                                        col("wrong").as("words"))))
                        .as("text"));
    }

    /** {@link Words} of a text column. */
    static Column words(Column text) {
        return udf(
                        (UDF1<String, String[]>) one -> Words.of(one).toArray(String[]::new),
                        DataTypes.createArrayType(DataTypes.StringType, false))
                .apply(text);
    }

    /** The words of a text, and each two that follow each other, with a space between them. */
    private static Column grams(Column text) {
        return udf(
                        (UDF1<String, String[]>) TextStatistics::grams,
                        DataTypes.createArrayType(DataTypes.StringType, false))
                .apply(text);
    }

    private static String[] grams(String text) {
        List<String> words = Words.of(text);
        List<String> grams = new ArrayList<>(words);
        for (int i = 1; i < words.size(); i++) {
            grams.add(words.get(i - 1) + " " + words.get(i));
        }
        return grams.toArray(String[]::new);
    }

    LengthHistogram lengths(String type) {
        return LengthHistogram.of(lengths.get(new Side(type, POSITIVE)), lengths.get(new Side(type, NEGATIVE)));
    }

    Diversity positives(String type) {
        return diversity(new Side(type, POSITIVE));
    }

    Diversity negatives(String type) {
        return diversity(new Side(type, NEGATIVE));
    }

    private Diversity diversity(Side side) {
        Grams one = words.getOrDefault(side, NONE);
        Grams two = wordPairs.getOrDefault(side, NONE);
        return new Diversity(one.all, one.distinct, one.share(), two.share());
    }
}
