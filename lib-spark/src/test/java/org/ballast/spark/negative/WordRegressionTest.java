package org.ballast.spark.negative;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.spark.ml.classification.LogisticRegression;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.spark.SparkExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SparkExtension.class)
class WordRegressionTest {
    private static final int WORDS = 30;

    private final SparkSession spark;

    WordRegressionTest(SparkSession spark) {
        this.spark = spark;
    }

    /** Words of low numbers stand in right texts more often; some words are in no pair. */
    private static List<WordRegression.Pair> pairs(int count) {
        Random random = new Random(11);
        List<WordRegression.Pair> pairs = new ArrayList<>();
        Map<String, Integer> vocabulary = new HashMap<>();
        IntStream.range(0, WORDS).forEach(i -> vocabulary.put("w" + i, i));
        for (int i = 0; i < count; i++) {
            Map<String, Integer> differences = new HashMap<>();
            for (int j = 0; j < 6; j++) {
                int word = random.nextInt(WORDS - 3);
                differences.put("w" + word, random.nextInt(WORDS) >= word ? 1 + random.nextInt(2) : -1);
            }
            differences.put("of no account", 1);
            pairs.add(WordRegression.Pair.of(differences, vocabulary));
        }
        return pairs;
    }

    /** MLlib minimises the mean over pairs, and needs two classes: half of the pairs turned round. */
    @Test
    void findsTheWeightsThatMllibFinds() {
        List<WordRegression.Pair> pairs = pairs(500);
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < pairs.size(); i++) {
            int sign = i % 2 == 0 ? 1 : -1;
            WordRegression.Pair pair = pairs.get(i);
            double[] counts =
                    IntStream.of(pair.counts()).mapToDouble(n -> sign * n).toArray();
            rows.add(RowFactory.create(i % 2 == 0 ? 1.0 : 0.0, Vectors.sparse(WORDS, pair.places(), counts)));
        }
        StructType schema =
                new StructType().add("label", DataTypes.DoubleType).add("features", SQLDataTypes.VectorType());
        Vector expected = new LogisticRegression()
                .setFamily("binomial")
                .setFitIntercept(false)
                .setStandardization(false)
                .setRegParam(1.0 / pairs.size())
                .setTol(1e-12)
                .fit(spark.createDataFrame(rows, schema))
                .coefficients();

        double[] weights = WordRegression.of(pairs, WORDS).weights();

        assertThat(weights).containsExactly(expected.toArray(), within(1e-3));
        assertThat(weights).endsWith(0, 0, 0);
        assertThat(WordRegression.gradient(pairs, weights)).containsExactly(new double[WORDS], within(0.02));
    }

    @Test
    void derivesItsLoss() {
        List<WordRegression.Pair> pairs = pairs(40);
        double[] weights = new Random(2).doubles(WORDS, -2, 2).toArray();
        double[] gradient = WordRegression.gradient(pairs, weights);

        for (int i = 0; i < WORDS; i++) {
            double[] less = weights.clone();
            double[] more = weights.clone();
            less[i] -= 1e-5;
            more[i] += 1e-5;
            double slope = (WordRegression.loss(pairs, more) - WordRegression.loss(pairs, less)) / 2e-5;
            assertThat(gradient[i]).isCloseTo(slope, within(1e-6));
        }
    }

    @Test
    void staysFiniteFarOut() {
        double[] weights = new double[WORDS];
        weights[0] = 2000;
        List<WordRegression.Pair> pairs = List.of(
                new WordRegression.Pair(new int[] {0}, new int[] {1}),
                new WordRegression.Pair(new int[] {0}, new int[] {-1}));

        assertThat(WordRegression.loss(pairs, weights)).isEqualTo(2_000_000 + 2000);
        assertThat(WordRegression.gradient(pairs, weights)[0]).isEqualTo(2000 + 1);
    }

    @Test
    void picksNeitherWithoutWords() {
        WordRegression empty = WordRegression.of(List.of(), 0);

        assertThat(empty.picks(new WordRegression.Pair(new int[0], new int[0]))).isEqualTo(0.5);
    }
}
