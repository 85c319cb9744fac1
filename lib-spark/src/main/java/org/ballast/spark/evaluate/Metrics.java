package org.ballast.spark.evaluate;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Everything that an evaluation measures: the content of {@code metrics.json}, keys as the components are named.
 *
 * <p>Log-probabilities are natural logarithms and include the end token. A figure that is not defined (no answer was
 * "yes", a model without a reference) is {@code null}, never NaN. Maps keep their order: models from the base on,
 * splits as configured.
 *
 * @param version of this layout, {@value #VERSION}
 * @param conventions how figures are to be read, by topic
 * @param models by name; the first one is the base, against which implicit rewards are taken
 * @param paired differences between two models over the same rows
 * @param weakening log-probability against the diffusion step, of the base; null when it was not asked for
 * @param adapter drift-adapter heads; null when there are none
 */
public record Metrics(
        int version,
        Map<String, String> conventions,
        Map<String, ModelMetrics> models,
        List<PairedDifference> paired,
        WeakeningCurve weakening,
        AdapterMetrics adapter) {

    public static final int VERSION = 1;

    /** The conventions in force, by topic; they stand in every output. */
    public static final Map<String, String> CONVENTIONS = conventionsByTopic();

    private static Map<String, String> conventionsByTopic() {
        Map<String, String> byTopic = new LinkedHashMap<>();
        byTopic.put("ood", "out-of-distribution is the positive class; a higher score means more out-of-distribution");
        byTopic.put("accuracy", "pooled over the samples of a split; the mean over classes is given beside it");
        byTopic.put("classes", "many: more than 100 training images, medium: 20 to 100, few: fewer than 20");
        byTopic.put("logProb", "natural logarithm, end token included, summed over a response unless said per token");
        byTopic.put("spread", "standard deviation over seeds; standard error over rows");
        return ordered(byTopic);
    }

    public Metrics {
        if (version != VERSION) {
            throw new IllegalArgumentException("metrics of layout " + version + ", this code reads " + VERSION);
        }
        conventions = ordered(conventions);
        models = ordered(models);
        paired = List.copyOf(paired);
    }

    /**
     * One model on all splits.
     *
     * @param checkpoint digest of the checkpoint
     * @param adapter digest of the adapter on it, null for none
     * @param splits by name
     */
    public record ModelMetrics(String checkpoint, String adapter, Map<String, SplitMetrics> splits) {
        public ModelMetrics {
            Objects.requireNonNull(checkpoint, "checkpoint");
            splits = ordered(splits);
        }
    }

    /**
     * One model on one split; a part that the split has no rows for is null or empty.
     *
     * @param picture what the picture is worth
     * @param captions greedy answers to descriptive prompts
     * @param pope by kind: random, popular, adversarial
     * @param preference by type of the rejected response; "all" holds every pair
     */
    public record SplitMetrics(
            PictureGap picture,
            CaptionMetrics captions,
            Map<String, PopeMetrics> pope,
            Map<String, PreferenceMetrics> preference) {
        public SplitMetrics {
            pope = ordered(pope);
            preference = ordered(preference);
        }
    }

    /**
     * Log-probability a token of the reference response, with its own picture and with that of another row.
     *
     * @param rows responses
     * @param tokens response tokens over all rows
     * @param logProbTrue mean over tokens with the true picture
     * @param logProbOther mean over tokens with the picture of another row, drawn once by seed and row
     * @param gap mean over rows of the row's difference a token
     * @param gapStandardError of that mean, over rows
     */
    public record PictureGap(
            long rows, long tokens, double logProbTrue, double logProbOther, double gap, double gapStandardError) {}

    /**
     * Greedy answers against the reference.
     *
     * @param rows answers
     * @param exactMatch share equal after normalisation (SQuAD's)
     * @param wordF1 mean word F1 after the same normalisation
     * @param chairI hallucinated object mentions over all object mentions; null when none was mentioned, or when there are
     *     no questions to take the vocabulary of objects from
     * @param chairS share of answers with a hallucinated object; null without a vocabulary
     * @param meanWords words an answer
     * @param finished share that ended by the end token and not by the length limit
     */
    public record CaptionMetrics(
            long rows,
            double exactMatch,
            double wordF1,
            Double chairI,
            Double chairS,
            double meanWords,
            double finished) {}

    /**
     * Yes/no questions about objects; "yes" is the positive class, and a ratio with an empty denominator is 0, as in
     * POPE's own evaluation.
     *
     * @param questions asked
     * @param yesShare share of answers that are read as yes
     */
    public record PopeMetrics(
            long questions, double accuracy, double precision, double recall, double f1, double yesShare) {}

    /**
     * Pairs of a chosen and a rejected response to one prompt.
     *
     * @param pairs scored
     * @param accuracySum share with log-prob(chosen) above log-prob(rejected), summed over tokens; a tie counts half
     * @param accuracyPerToken the same, a token
     * @param chosenLogProb mean summed log-prob of the chosen responses
     * @param rejectedLogProb mean summed log-prob of the rejected responses
     * @param chosenLogProbPerToken mean over pairs of the chosen response's log-prob a token
     * @param reward implicit rewards; null for the base, whose rewards are zero by definition
     */
    public record PreferenceMetrics(
            long pairs,
            double accuracySum,
            double accuracyPerToken,
            double chosenLogProb,
            double rejectedLogProb,
            double chosenLogProbPerToken,
            RewardMetrics reward) {}

    /**
     * Implicit rewards beta * (log-prob - log-prob of the base).
     *
     * @param beta factor of the rewards
     * @param accuracy share of pairs with reward(chosen) above reward(rejected); a tie counts half
     * @param margin mean reward(chosen) - reward(rejected)
     * @param marginStandardError of that mean, over pairs
     * @param chosen mean reward of the chosen responses
     * @param rejected mean reward of the rejected responses
     */
    public record RewardMetrics(
            double beta, double accuracy, double margin, double marginStandardError, double chosen, double rejected) {}

    /**
     * Mean of the differences of two models over the same rows.
     *
     * @param metric path of the figure below a split, for instance {@code captions.wordF1}
     * @param model whose figure is the minuend
     * @param against model whose figure is subtracted
     * @param mean of the row differences
     * @param standardError of that mean
     * @param higherIsBetter false for hallucination rates
     */
    public record PairedDifference(
            String split,
            String metric,
            String model,
            String against,
            double mean,
            double standardError,
            long rows,
            boolean higherIsBetter) {

        /** Whether the difference lies two standard errors away from zero, in the direction that is better. */
        public boolean clearlyBetter() {
            return (higherIsBetter ? mean : -mean) > 2 * standardError;
        }

        /** Whether the difference lies two standard errors away from zero, in the direction that is worse. */
        public boolean clearlyWorse() {
            return (higherIsBetter ? -mean : mean) > 2 * standardError;
        }
    }

    /**
     * Log-probability a token against the diffusion step of the picture.
     *
     * @param model whose curve it is
     * @param split rows come from
     * @param rows at every step
     * @param points by rising step
     */
    public record WeakeningCurve(String model, String split, long rows, List<WeakeningPoint> points) {
        public WeakeningCurve {
            points = List.copyOf(points);
        }
    }

    /**
     * Rows at one diffusion step; step 0 is the clean picture.
     *
     * @param truth mean over rows of the true response's log-prob a token
     * @param truthStandardError of that mean
     * @param prior the same of the answer that the model gives to a blank (white) picture
     * @param priorStandardError of that mean
     */
    public record WeakeningPoint(
            int step, double truth, double truthStandardError, double prior, double priorStandardError) {}

    /**
     * The drift adapter's heads on the same features, splits, epochs and seeds.
     *
     * @param heads by name
     */
    public record AdapterMetrics(Map<String, HeadMetrics> heads) {
        public AdapterMetrics {
            heads = ordered(heads);
        }
    }

    /**
     * One head over its seeds.
     *
     * @param accuracy by figure (many, medium, few, all, meanOfClasses, harmonicMean, worstClass), by split
     * @param ood by figure (auroc, fpr95, auprOut, auprIn), by score (maxDensity, msp, energy)
     */
    public record HeadMetrics(
            int seeds, Map<String, Map<String, Spread>> accuracy, Map<String, Map<String, Spread>> ood) {
        public HeadMetrics {
            accuracy = ordered(accuracy);
            ood = ordered(ood);
        }
    }

    /** Mean over seeds with the sample standard deviation (0 for one seed) and the extremes. */
    public record Spread(double mean, double standardDeviation, double min, double max, int count) {
        /** Spread of the given values; at least one. */
        public static Spread of(double... values) {
            if (values.length == 0) {
                throw new IllegalArgumentException("spread of no values");
            }
            Estimate estimate = Estimate.of(values);
            double min = Double.POSITIVE_INFINITY;
            double max = Double.NEGATIVE_INFINITY;
            for (double value : values) {
                min = Math.min(min, value);
                max = Math.max(max, value);
            }
            return new Spread(estimate.mean(), estimate.standardDeviation(), min, max, values.length);
        }
    }

    private static <V> Map<String, V> ordered(Map<String, V> map) {
        return Collections.unmodifiableMap(new LinkedHashMap<>(map));
    }
}
