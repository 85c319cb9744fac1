package org.ballast.core.longtail;

import java.io.Serializable;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.ballast.core.data.ItemRandom;

/**
 * How often each pair of one split is taken. A labelled pair of class k is expected e_k = t N n_k^-a / sum_j n_j^(1 - a) times,
 * N the labelled pairs, which is t times 1 on average over them; a pair without a label t times; t is 1, or limit / pairs where
 * there are more. The number of copies is e_k rounded up with the probability of its fraction, else down, by a digest of seed
 * and pair alone: the same wherever it is asked, and right on average. The number of all pairs has a standard deviation of at
 * most half the root of theirs.
 */
public final class PairRepeats implements Serializable {
    private static final long serialVersionUID = 1L;

    private static final String STREAM = "pair-sampling";

    private final Map<Integer, Double> expected;
    private final double unlabelled;
    private final long seed;

    private PairRepeats(Map<Integer, Double> expected, double unlabelled, long seed) {
        this.expected = expected;
        this.unlabelled = unlabelled;
        this.seed = seed;
    }

    /**
     * For the pairs of a split.
     *
     * @param counts pairs by label; the null key stands for those without
     * @throws IllegalArgumentException for a negative count
     */
    public static PairRepeats of(Map<Integer, Long> counts, PairSampling sampling) {
        long all = 0;
        long labelled = 0;
        long largest = 1;
        // by label, for sums of floating point hang on their order
        TreeMap<Integer, Long> classes = new TreeMap<>();
        for (Map.Entry<Integer, Long> entry : counts.entrySet()) {
            long count = entry.getValue();
            if (count < 0) {
                throw new IllegalArgumentException("class %s has %d pairs".formatted(entry.getKey(), count));
            }
            all += count;
            if (entry.getKey() != null && count > 0) {
                classes.put(entry.getKey(), count);
                labelled += count;
                largest = Math.max(largest, count);
            }
        }
        double kept = sampling.limit() == 0 || all <= sampling.limit() ? 1 : (double) sampling.limit() / all;
        Map<Integer, Double> copies = new HashMap<>();
        double sum = 0;
        for (Map.Entry<Integer, Long> entry : classes.entrySet()) {
            // the same on every machine, as Math.pow is not
            double weight = StrictMath.pow((double) largest / entry.getValue(), sampling.exponent());
            copies.put(entry.getKey(), weight);
            sum += weight * entry.getValue();
        }
        double scale = sum == 0 ? 0 : kept * labelled / sum;
        copies.replaceAll((label, weight) -> weight * scale);
        return new PairRepeats(copies, kept, sampling.seed());
    }

    /**
     * Copies that a pair is expected to have.
     *
     * @param label null for none
     * @throws IllegalArgumentException for a label without pairs
     */
    public double expected(Integer label) {
        if (label == null) {
            return unlabelled;
        }
        Double copies = expected.get(label);
        if (copies == null) {
            throw new IllegalArgumentException("class " + label + " was not counted");
        }
        return copies;
    }

    /** Copies of a pair, from 0. */
    public int copies(Integer label, String pairId) {
        double copies = expected(label);
        double whole = Math.floor(copies);
        double fraction = copies - whole;
        boolean up = fraction > 0 && ItemRandom.of(seed, STREAM, pairId, 0).nextDouble() < fraction;
        return (int) Math.min(Integer.MAX_VALUE, whole + (up ? 1 : 0));
    }
}
