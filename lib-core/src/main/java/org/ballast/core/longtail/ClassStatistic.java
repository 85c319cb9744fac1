package org.ballast.core.longtail;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.ballast.core.metric.TailSplit;

/**
 * A class in a split: table {@code class_statistics}.
 *
 * @param count how many samples of which class
 * @param prior share of the split's labelled rows of the same table, in (0, 1]
 * @param band many, medium or few by the samples of the training split, {@code few} without any; null for a class outside the
 *     training distribution
 */
public record ClassStatistic(ClassCount count, double prior, TailSplit band) implements Serializable {

    /**
     * The statistics of all classes, in the order of {@code counts}.
     *
     * @param counts each class of each split and table at most once
     * @param trainSplit split whose samples decide the band
     */
    public static List<ClassStatistic> of(List<ClassCount> counts, String trainSplit) {
        Map<List<String>, Long> totals = new HashMap<>();
        Map<List<Object>, Long> training = new HashMap<>();
        for (ClassCount count : counts) {
            totals.merge(List.of(count.table(), count.split()), count.samples(), Long::sum);
            if (count.split().equals(trainSplit) && count.inDistribution()) {
                training.put(List.of(count.table(), count.label()), count.samples());
            }
        }
        List<ClassStatistic> statistics = new ArrayList<>(counts.size());
        for (ClassCount count : counts) {
            double prior = (double) count.samples() / totals.get(List.of(count.table(), count.split()));
            TailSplit band = null;
            if (count.inDistribution()) {
                long trained = training.getOrDefault(List.<Object>of(count.table(), count.label()), 0L);
                band = TailSplit.of((int) Math.min(Integer.MAX_VALUE, trained));
            }
            statistics.add(new ClassStatistic(count, prior, band));
        }
        return statistics;
    }
}
