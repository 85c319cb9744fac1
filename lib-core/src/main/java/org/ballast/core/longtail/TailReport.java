package org.ballast.core.longtail;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.ballast.core.metric.TailSplit;

/** The figures that a stage's manifest holds of its classes, by name. */
public final class TailReport {
    private TailReport() {}

    /**
     * {@code classes.<table>.<split>}, {@code imbalance-ratio.}, {@code entropy.} (nats) and {@code effective-classes.} likewise
     * over the split's classes of the training distribution; {@code many.<table>}, {@code medium.<table>} and
     * {@code few.<table>}: share of the table's classes in the band, classes without training samples among the few.
     */
    public static Map<String, Double> of(List<ClassStatistic> statistics) {
        Map<String, List<Long>> sizes = new TreeMap<>();
        Map<String, Map<Integer, TailSplit>> bands = new TreeMap<>();
        for (ClassStatistic statistic : statistics) {
            ClassCount count = statistic.count();
            if (count.inDistribution()) {
                sizes.computeIfAbsent(count.table() + "." + count.split(), key -> new ArrayList<>())
                        .add(count.samples());
                bands.computeIfAbsent(count.table(), key -> new TreeMap<>()).put(count.label(), statistic.band());
            }
        }
        Map<String, Double> figures = new TreeMap<>();
        sizes.forEach((part, counts) -> {
            ClassSummary summary = ClassSummary.of(counts);
            figures.put("classes." + part, (double) summary.classes());
            figures.put("imbalance-ratio." + part, summary.imbalanceRatio());
            figures.put("entropy." + part, summary.entropy());
            figures.put("effective-classes." + part, summary.effectiveClasses());
        });
        bands.forEach((table, byLabel) -> {
            Map<TailSplit, Integer> classes = new EnumMap<>(TailSplit.class);
            byLabel.values().forEach(band -> classes.merge(band, 1, Integer::sum));
            for (TailSplit band : TailSplit.values()) {
                figures.put(
                        band.name().toLowerCase(Locale.ROOT) + "." + table,
                        (double) classes.getOrDefault(band, 0) / byLabel.size());
            }
        });
        return figures;
    }
}
