package org.ballast.core.longtail;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How many samples of each class stay: n_k = max(1, floor(n_max r_k)), r_k by {@link TailProfile}, and never more than there
 * are: samples are left out, not repeated.
 *
 * @param kept by label, each in 1 .. the samples there are
 * @param largest n_max
 * @param shortClasses classes that have fewer samples than n_k asks for; none where n_max was chosen here
 */
public record LongTailSizes(SortedMap<Integer, Long> kept, long largest, int shortClasses) {
    /** Keeps n_max r_k whole where it is a whole number but for rounding: 5000 * 0.01^1 must give 50. */
    private static final double ROUNDING = 1e-9;

    public LongTailSizes {
        kept = Collections.unmodifiableSortedMap(new TreeMap<>(kept));
    }

    /**
     * The sizes of a tail.
     *
     * @param counts samples by label; classes without any play no part
     * @throws IllegalArgumentException for a negative count
     */
    public static LongTailSizes of(LongTailRule rule, Map<Integer, Long> counts) {
        List<Integer> ranked = ranked(rule.order(), counts);
        int classes = ranked.size();
        double[] shares = new double[classes];
        for (int k = 0; k < classes; k++) {
            shares[k] = rule.profile().relativeSize(k, classes, rule.imbalanceRatio(), rule.alpha());
        }
        long largest = rule.maxSamples();
        if (largest == 0 && classes > 0) {
            largest = Long.MAX_VALUE;
            for (int k = 0; k < classes; k++) {
                largest = Math.min(largest, floor(counts.get(ranked.get(k)) / shares[k]));
            }
        }
        TreeMap<Integer, Long> kept = new TreeMap<>();
        int shortClasses = 0;
        for (int k = 0; k < classes; k++) {
            long wanted = Math.max(1, floor(largest * shares[k]));
            long there = counts.get(ranked.get(k));
            kept.put(ranked.get(k), Math.min(wanted, there));
            shortClasses += wanted > there ? 1 : 0;
        }
        return new LongTailSizes(kept, largest, shortClasses);
    }

    private static List<Integer> ranked(ClassOrder order, Map<Integer, Long> counts) {
        List<Integer> labels = new ArrayList<>();
        counts.forEach((label, count) -> {
            if (count < 0) {
                throw new IllegalArgumentException("class %d has %d samples".formatted(label, count));
            }
            if (count > 0) {
                labels.add(label);
            }
        });
        Comparator<Integer> byLabel = Comparator.naturalOrder();
        labels.sort(
                switch (order) {
                    case COUNT -> Comparator.<Integer, Long>comparing(counts::get)
                            .reversed()
                            .thenComparing(byLabel);
                    case LABEL -> byLabel;
                });
        return labels;
    }

    private static long floor(double value) {
        return (long) Math.floor(value * (1 + ROUNDING));
    }
}
