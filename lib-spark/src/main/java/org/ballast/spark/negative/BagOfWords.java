package org.ballast.spark.negative;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.ballast.core.text.Words;
import org.ballast.spark.negative.NegativeMetrics.WordTest;

/**
 * Whether words alone tell a negative from its positive: the share of held-out pairs in which the {@link WordRegression} of other pairs picks the positive. Preference
 * training that sees such pairs can learn the words in place of the picture.
 *
 * <p>Pictures are dealt into {@value #FOLDS} folds by hash, and each fold is judged by the weights of the others, so no picture is on both sides; a prompt without a
 * picture is a picture of its own.
 *
 * <p>Bounded: so many pairs, the first by hash, and the {@value #VOCABULARY} words that differ in most of them, ties by the alphabet. That choice sees held-out pairs,
 * but not which side is right. All is done in one task, for hundreds of steps over so few pairs would be as many jobs.
 */
final class BagOfWords {
    static final int FOLDS = 5;
    static final int VOCABULARY = 4096;

    /** Below these there is no figure. */
    static final int FEWEST_PAIRS = 50;

    static final int FEWEST_PICTURES = 5;

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
        return sample(pairs, most, seed)
                .javaRDD()
                .mapPartitions(rows -> test(rows).stream().iterator())
                .collect()
                .stream()
                .findFirst();
    }

    /** Columns {@code picture}, {@code fold}, {@code positive} and {@code negative}; one partition, by hash, whatever the pairs' partitions. */
    static Dataset<Row> sample(Dataset<Row> pairs, int most, long seed) {
        Column id = col("completion_id");
        Column picture = coalesce(concat(lit("image "), col("image_id")), concat(lit("prompt "), col("prompt_id")));
        return pairs.orderBy(xxhash64(lit(seed), lit("sample"), id), id)
                .limit(most)
                .coalesce(1)
                .select(
                        picture.as("picture"),
                        pmod(xxhash64(lit(seed), lit("fold"), picture), lit((long) FOLDS))
                                .cast(DataTypes.IntegerType)
                                .as("fold"),
                        col("positive"),
                        col("negative"));
    }

    private static Optional<WordTest> test(Iterator<Row> rows) {
        Set<String> pictures = new HashSet<>();
        List<Integer> folds = new ArrayList<>();
        List<Map<String, Integer>> differences = new ArrayList<>();
        rows.forEachRemaining(row -> {
            pictures.add(row.getString(0));
            folds.add(row.getInt(1));
            differences.add(differences(row.getString(2), row.getString(3)));
        });
        Set<Integer> different = new TreeSet<>(folds);
        int count = folds.size();
        if (count < FEWEST_PAIRS || pictures.size() < FEWEST_PICTURES || different.size() < 2) {
            return Optional.empty();
        }
        Map<String, Integer> vocabulary = vocabulary(differences);
        List<WordRegression.Pair> pairs = differences.stream()
                .map(words -> WordRegression.Pair.of(words, vocabulary))
                .toList();
        double right = 0;
        for (int fold : different) {
            List<WordRegression.Pair> others = new ArrayList<>();
            List<WordRegression.Pair> held = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                (folds.get(i) == fold ? held : others).add(pairs.get(i));
            }
            WordRegression regression = WordRegression.of(others, vocabulary.size());
            right += held.stream().mapToDouble(regression::picks).sum();
        }
        double accuracy = right / count;
        double error = Math.sqrt(accuracy * (1 - accuracy) / count);
        return Optional.of(new WordTest(count, pictures.size(), vocabulary.size(), accuracy, error));
    }

    /** n(positive) - n(negative) without its zeros. */
    private static Map<String, Integer> differences(String positive, String negative) {
        Map<String, Integer> counts = new HashMap<>();
        Words.of(positive).forEach(word -> counts.merge(word, 1, Integer::sum));
        Words.of(negative).forEach(word -> counts.merge(word, -1, Integer::sum));
        counts.values().removeIf(difference -> difference == 0);
        return counts;
    }

    /** The words that count, each with its place. */
    private static Map<String, Integer> vocabulary(List<Map<String, Integer>> differences) {
        Map<String, Integer> pairs = new HashMap<>();
        differences.forEach(words -> words.keySet().forEach(word -> pairs.merge(word, 1, Integer::sum)));
        Map<String, Integer> places = new HashMap<>();
        pairs.entrySet().stream()
                .sorted(Map.Entry.<String, Integer>comparingByValue()
                        .reversed()
                        .thenComparing(Map.Entry.comparingByKey()))
                .limit(VOCABULARY)
                .forEach(word -> places.put(word.getKey(), places.size()));
        return places;
    }
}
