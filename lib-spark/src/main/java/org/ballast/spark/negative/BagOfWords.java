package org.ballast.spark.negative;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.countDistinct;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.map_keys;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.spark.ml.classification.LogisticRegression;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.ballast.core.text.Words;
import org.ballast.spark.negative.NegativeMetrics.WordTest;
import scala.collection.JavaConverters;

/**
 * Whether words alone tell a negative from its positive: the share of held-out pairs in which P(a is right | pair) = 1 / (1 + exp(-w . (n(a) - n(b)))), n the counts of
 * words, picks the positive. Preference training that sees such pairs can learn the words in place of the picture.
 *
 * <p>w is MLlib's logistic regression on the differences n(positive) - n(negative), without an intercept, for neither side stands first, and with a Gaussian prior of
 * variance 1 on each weight (L2 penalty 1 / pairs on the mean loss). The sign of a half of the differences is turned, by hash: that
 * leaves the loss as it is and gives MLlib its two classes. Pictures are dealt into {@value #FOLDS} folds by hash, and each fold is judged by the weights of the others,
 * so no picture is on both sides; a prompt without a picture is a picture of its own.
 *
 * <p>Bounded: so many pairs, the first by hash, lie in one partition (sums then have one order, whatever the pairs' partitions), and the words are the
 * {@value #VOCABULARY} that differ in most pairs, ties by the alphabet. That choice sees held-out pairs, but not which side is right.
 */
final class BagOfWords {
    static final int FOLDS = 5;
    static final int VOCABULARY = 4096;

    /** Below these there is no figure. */
    static final int FEWEST_PAIRS = 50;

    static final int FEWEST_PICTURES = 5;

    private static final int ITERATIONS = 50;

    private BagOfWords() {}

    /**
     * Tests pairs.
     *
     * @param pairs columns {@code completion_id}, {@code prompt_id}, {@code image_id}, {@code positive} and {@code negative}
     * @param most pairs that are tested
     * @return empty for fewer than {@value #FEWEST_PAIRS} pairs or {@value #FEWEST_PICTURES} pictures, and when all pictures are in one fold
     */
    static Optional<WordTest> of(Dataset<Row> pairs, int most, long seed) {
        if (most < FEWEST_PAIRS) {
            return Optional.empty();
        }
        Dataset<Row> sample = sample(pairs, most, seed).persist();
        try {
            Map<Integer, Long> folds = new TreeMap<>();
            long count = 0;
            long pictures = 0;
            for (Row row : sample.groupBy("fold")
                    .agg(count(lit(1)), countDistinct("picture"))
                    .collectAsList()) {
                folds.put(row.getInt(0), row.getLong(1));
                count += row.getLong(1);
                pictures += row.getLong(2);
            }
            if (count < FEWEST_PAIRS || pictures < FEWEST_PICTURES || folds.size() < 2) {
                return Optional.empty();
            }
            List<String> vocabulary = vocabulary(sample);
            double right = vocabulary.isEmpty() ? count / 2.0 : right(sample, folds, count, vocabulary);
            double accuracy = right / count;
            double error = Math.sqrt(accuracy * (1 - accuracy) / count);
            return Optional.of(new WordTest(count, pictures, vocabulary.size(), accuracy, error));
        } finally {
            sample.unpersist();
        }
    }

    /** Columns {@code picture}, {@code fold}, {@code label} and {@code words}, a map of differences that are not 0; one partition, by hash. */
    static Dataset<Row> sample(Dataset<Row> pairs, int most, long seed) {
        Column id = col("completion_id");
        Column picture = coalesce(concat(lit("image "), col("image_id")), concat(lit("prompt "), col("prompt_id")));
        Column turned = pmod(xxhash64(lit(seed), lit("side"), id), lit(2L));
        return pairs.orderBy(xxhash64(lit(seed), lit("sample"), id), id)
                .limit(most)
                .coalesce(1)
                .select(
                        picture.as("picture"),
                        pmod(xxhash64(lit(seed), lit("fold"), picture), lit((long) FOLDS))
                                .cast(DataTypes.IntegerType)
                                .as("fold"),
                        turned.cast(DataTypes.DoubleType).as("label"),
                        udf(new Differences(), Differences.TYPE)
                                .apply(col("positive"), col("negative"))
                                .as("words"));
    }

    private static List<String> vocabulary(Dataset<Row> sample) {
        return sample
                .select(explode(map_keys(col("words"))).as("word"))
                .groupBy("word")
                .agg(count(lit(1)).as("pairs"))
                .orderBy(col("pairs").desc(), col("word"))
                .limit(VOCABULARY)
                .collectAsList()
                .stream()
                .map(row -> row.getString(0))
                .toList();
    }

    /** Pairs whose positive is picked by the weights of the other folds; a tie is half. */
    private static double right(Dataset<Row> sample, Map<Integer, Long> folds, long count, List<String> vocabulary) {
        Column features =
                udf(new Features(vocabulary), SQLDataTypes.VectorType()).apply(col("words"), col("label"));
        Dataset<Row> vectors = sample.select(col("fold"), col("label"), features.as("features"))
                .persist();
        try {
            double right = 0;
            for (Map.Entry<Integer, Long> fold : folds.entrySet()) {
                Dataset<Row> others = vectors.filter(col("fold").notEqual(lit(fold.getKey())));
                Dataset<Row> held = vectors.filter(col("fold").equalTo(lit(fold.getKey())));
                Vector weights = weights(others, count - fold.getValue());
                Column picked = udf(new Picked(weights), DataTypes.DoubleType).apply(col("features"), col("label"));
                right += held.agg(sum(picked)).head().getDouble(0);
            }
            return right;
        } finally {
            vectors.unpersist();
        }
    }

    private static Vector weights(Dataset<Row> vectors, long count) {
        return new LogisticRegression()
                .setFamily("binomial")
                .setFitIntercept(false)
                // the prior is on the weights of counts: scaled to unit variance, rare words would be let grow
                .setStandardization(false)
                .setElasticNetParam(0)
                .setRegParam(1.0 / count)
                .setMaxIter(ITERATIONS)
                .fit(vectors)
                .coefficients();
    }

    /** n(positive) - n(negative) without its zeros. */
    private record Differences() implements UDF2<String, String, Map<String, Integer>> {
        private static final long serialVersionUID = 1L;
        static final DataType TYPE = DataTypes.createMapType(DataTypes.StringType, DataTypes.IntegerType, false);

        @Override
        public Map<String, Integer> call(String positive, String negative) {
            Map<String, Integer> counts = new HashMap<>();
            Words.of(positive).forEach(word -> counts.merge(word, 1, Integer::sum));
            Words.of(negative).forEach(word -> counts.merge(word, -1, Integer::sum));
            counts.values().removeIf(difference -> difference == 0);
            return counts;
        }
    }

    /** Differences in the order of the vocabulary, turned where the label is 0. */
    private record Features(Map<String, Integer> places)
            implements UDF2<scala.collection.Map<String, Integer>, Double, Vector> {
        private static final long serialVersionUID = 1L;

        Features(List<String> vocabulary) {
            this(new HashMap<>());
            vocabulary.forEach(word -> places.put(word, places.size()));
        }

        @Override
        public Vector call(scala.collection.Map<String, Integer> words, Double label) {
            double sign = label > 0 ? 1 : -1;
            TreeMap<Integer, Double> entries = new TreeMap<>();
            JavaConverters.mapAsJavaMap(words).forEach((word, difference) -> {
                Integer place = places.get(word);
                if (place != null) {
                    entries.put(place, sign * difference);
                }
            });
            return Vectors.sparse(
                    places.size(),
                    entries.keySet().stream().mapToInt(Integer::intValue).toArray(),
                    entries.values().stream().mapToDouble(Double::doubleValue).toArray());
        }
    }

    /** 1 for a pair on the right side of the weights, 0.5 for one on neither. */
    private record Picked(Vector weights) implements UDF2<Vector, Double, Double> {
        private static final long serialVersionUID = 1L;

        @Override
        public Double call(Vector features, Double label) {
            double logit = features.dot(weights);
            return logit == 0 ? 0.5 : logit > 0 == label > 0 ? 1.0 : 0.0;
        }
    }
}
