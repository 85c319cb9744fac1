package org.ballast.spark.negative;

import java.io.Serializable;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What there is of negatives: the content of a negatives stage's {@code metrics.json}, keys as the components are named. A figure that is not defined (no word to count,
 * too few pairs to test) is {@code null}, never NaN.
 *
 * @param version of this layout, {@value #VERSION}
 * @param conventions how figures are to be read, by topic
 * @param types by type of completion, in order of their names
 * @param bagOfWords the test on pairs of all types; null when they are too few
 */
public record NegativeMetrics(
        int version, Map<String, String> conventions, Map<String, TypeMetrics> types, WordTest bagOfWords) {
    public static final int VERSION = 1;

    /** The conventions in force, by topic. */
    static final Map<String, String> CONVENTIONS = conventionsByTopic();

    private static Map<String, String> conventionsByTopic() {
        Map<String, String> byTopic = new TreeMap<>();
        byTopic.put("word", "a run of letters and digits, in lower case; one Han character");
        byTopic.put("positive", "the right response (gt) to the negative's prompt, the first by id");
        byTopic.put(
                "distinct", "different words (word pairs) over all words (word pairs) of a type; falls with more rows");
        byTopic.put(
                "bagOfWords",
                "accuracy of a logistic regression on word counts that picks the positive of held-out pairs,"
                        + " cross-validated by picture; 0.5: words do not tell which is which");
        return byTopic;
    }

    public NegativeMetrics {
        if (version != VERSION) {
            throw new IllegalArgumentException(
                    "metrics of negatives of layout " + version + ", this code reads " + VERSION);
        }
        conventions = ordered(conventions);
        types = ordered(types);
    }

    /**
     * Negatives of one type beside their positives.
     *
     * @param accepted rows
     * @param promptTokens of all rows; 0 where they were not counted
     * @param completionTokens that a model wrote; 0 for what no model wrote
     * @param words a negative on average
     * @param wordsOfPositive likewise of the positives
     * @param longer share with more words than the positive
     * @param sameLength share with as many
     * @param lengthRatio words of a negative over those of its positive, at least 1
     * @param diversity of the negatives
     * @param diversityOfPositives of as many positives
     * @param lengths both in bins
     * @param sources rows by what wrote them and how it ended
     * @param bagOfWords whether words alone tell negative and positive apart; null when pairs are too few
     * @param weakening by diffusion step, in its order; empty where no picture was weakened
     * @param examples some rows, chosen by hash
     */
    public record TypeMetrics(
            long accepted,
            long promptTokens,
            long completionTokens,
            double words,
            double wordsOfPositive,
            double longer,
            double sameLength,
            LengthRatio lengthRatio,
            Diversity diversity,
            Diversity diversityOfPositives,
            LengthHistogram lengths,
            List<Source> sources,
            WordTest bagOfWords,
            List<WeakenedPoint> weakening,
            List<Example> examples) {
        public TypeMetrics {
            sources = List.copyOf(sources);
            weakening = List.copyOf(weakening);
            examples = List.copyOf(examples);
        }
    }

    /** Percentiles, of a ratio. */
    public record LengthRatio(double p10, double p50, double p90) {}

    /**
     * How varied texts are (Li et al. 2016, "A Diversity-Promoting Objective Function", section 5.1): over all of them together, so figures
     * of the same number of texts can be compared, others cannot.
     *
     * @param words of all texts
     * @param distinctWords different ones
     * @param distinct1 distinctWords / words; null without words
     * @param distinct2 different over all pairs of words that follow each other in a text; null without pairs
     */
    public record Diversity(long words, long distinctWords, Double distinct1, Double distinct2) {}

    /**
     * Rows of one origin.
     *
     * @param model as in the table
     * @param finishReason as in the table
     */
    public record Source(String model, String finishReason, long rows) {}

    /**
     * Answers to pictures that were noised to about the same diffusion step: a point of the weakening curve, which falls from the step on at which the picture says less.
     *
     * @param from least step
     * @param to behind the last step
     * @param accepted answers; those that repeat the positive are not among them
     * @param kept mean share of a positive's different words of content that stand in its negative; null where no positive has any
     */
    public record WeakenedPoint(int from, int to, long accepted, Double kept) {}

    /**
     * The bag-of-words test, {@link BagOfWords}.
     *
     * @param pairs tested, each once
     * @param pictures they are about
     * @param vocabulary words that count
     * @param accuracy share of held-out pairs whose positive is picked, a tie is half; 0.5 means that words do not tell
     * @param standardError sqrt(accuracy (1 - accuracy) / pairs): a lower bound, for pairs of one picture are alike
     */
    public record WordTest(long pairs, long pictures, int vocabulary, double accuracy, double standardError)
            implements Serializable {}

    /**
     * One negative to look at.
     *
     * @param imageId picture of the prompt, null for none
     */
    public record Example(
            String completionId, String promptId, String imageId, String prompt, String positive, String negative) {}

    /**
     * The figures that stand in the manifest: {@code <figure>.<type>}, and {@code bag-of-words.all} for the mix.
     */
    public Map<String, Double> figures() {
        Map<String, Double> figures = new TreeMap<>();
        types.forEach((type, metrics) -> {
            figures.put("accepted." + type, (double) metrics.accepted);
            figures.put("tokens." + type, (double) metrics.completionTokens);
            figures.put("prompt-tokens." + type, (double) metrics.promptTokens);
            figures.put("words." + type, metrics.words);
            figures.put("words-of-positive." + type, metrics.wordsOfPositive);
            figures.put("longer." + type, metrics.longer);
            figures.put("length-ratio." + type + ".p10", metrics.lengthRatio.p10);
            figures.put("length-ratio." + type + ".p50", metrics.lengthRatio.p50);
            figures.put("length-ratio." + type + ".p90", metrics.lengthRatio.p90);
            figures.put("distinct-words." + type, (double) metrics.diversity.distinctWords);
            putIfDefined(figures, "distinct-1." + type, metrics.diversity.distinct1);
            putIfDefined(figures, "distinct-2." + type, metrics.diversity.distinct2);
            putIfDefined(figures, "bag-of-words." + type, accuracy(metrics.bagOfWords));
        });
        putIfDefined(figures, "bag-of-words.all", accuracy(bagOfWords));
        return figures;
    }

    private static Double accuracy(WordTest test) {
        return test == null ? null : test.accuracy;
    }

    private static void putIfDefined(Map<String, Double> figures, String name, Double value) {
        if (value != null) {
            figures.put(name, value);
        }
    }

    private static <V> Map<String, V> ordered(Map<String, V> map) {
        return Collections.unmodifiableMap(new LinkedHashMap<>(map));
    }
}
