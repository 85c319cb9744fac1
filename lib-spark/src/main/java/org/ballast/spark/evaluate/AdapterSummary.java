package org.ballast.spark.evaluate;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.ballast.core.drift.HeadResult;
import org.ballast.core.drift.OodScore;
import org.ballast.core.metric.LongTailAccuracy;
import org.ballast.core.metric.LongTailAccuracy.SplitAccuracy;
import org.ballast.core.metric.OutOfDistributionMetrics;
import org.ballast.spark.evaluate.Metrics.AdapterMetrics;
import org.ballast.spark.evaluate.Metrics.HeadMetrics;
import org.ballast.spark.evaluate.Metrics.Spread;

/** Mean and spread over seeds of what the drift adapter's heads reach. */
public final class AdapterSummary {
    private AdapterSummary() {}

    /**
     * Sums up heads.
     *
     * @param bySplit results of every head and seed by the split they were tested on; out-of-distribution figures are
     *     those of the first split that has any
     * @throws IllegalArgumentException if a head has not the same number of seeds on each split
     */
    public static AdapterMetrics of(Map<String, List<HeadResult>> bySplit) {
        Map<String, Map<String, List<HeadResult>>> byHead = new LinkedHashMap<>();
        bySplit.forEach((split, results) ->
                results.forEach(result -> byHead.computeIfAbsent(result.head(), head -> new LinkedHashMap<>())
                        .computeIfAbsent(split, name -> new ArrayList<>())
                        .add(result)));
        Map<String, HeadMetrics> heads = new LinkedHashMap<>();
        byHead.forEach((head, splits) -> heads.put(head, head(head, splits)));
        return new AdapterMetrics(heads);
    }

    private static HeadMetrics head(String name, Map<String, List<HeadResult>> splits) {
        Map<String, Map<String, Spread>> accuracy = new LinkedHashMap<>();
        Map<String, Map<String, Spread>> ood = new LinkedHashMap<>();
        int seeds = splits.values().iterator().next().size();
        splits.forEach((split, results) -> {
            if (results.size() != seeds) {
                throw new IllegalArgumentException("head " + name + " has " + results.size() + " seeds on " + split
                        + " and " + seeds + " on another split");
            }
            accuracy.put(split, accuracy(results));
            if (ood.isEmpty()) {
                for (OodScore score : OodScore.values()) {
                    if (results.stream()
                            .allMatch(result -> result.outOfDistribution().containsKey(score))) {
                        ood.put(key(score), ood(results, score));
                    }
                }
            }
        });
        return new HeadMetrics(seeds, accuracy, ood);
    }

    private static Map<String, Spread> accuracy(List<HeadResult> results) {
        Map<String, Spread> figures = new LinkedHashMap<>();
        put(figures, "many", results, accuracy -> pooled(accuracy.many()));
        put(figures, "medium", results, accuracy -> pooled(accuracy.medium()));
        put(figures, "few", results, accuracy -> pooled(accuracy.few()));
        put(figures, "all", results, LongTailAccuracy::all);
        put(figures, "meanOfClasses", results, LongTailAccuracy::balancedAccuracy);
        put(figures, "harmonicMean", results, LongTailAccuracy::harmonicMean);
        put(figures, "worstClass", results, LongTailAccuracy::worstClassAccuracy);
        return figures;
    }

    private static Double pooled(SplitAccuracy accuracy) {
        return accuracy.pooled();
    }

    /** A figure that is not defined, for want of samples, is left out. */
    private static void put(
            Map<String, Spread> figures,
            String name,
            List<HeadResult> results,
            Function<LongTailAccuracy, Double> figure) {
        List<Double> values = new ArrayList<>();
        results.forEach(result -> values.add(figure.apply(result.accuracy())));
        if (!values.contains(null)) {
            figures.put(name, spread(values));
        }
    }

    private static Map<String, Spread> ood(List<HeadResult> results, OodScore score) {
        Map<String, Function<OutOfDistributionMetrics, Double>> figures = new LinkedHashMap<>();
        figures.put("auroc", OutOfDistributionMetrics::auroc);
        figures.put("fpr95", OutOfDistributionMetrics::fpr95);
        figures.put("auprOut", OutOfDistributionMetrics::auprOut);
        figures.put("auprIn", OutOfDistributionMetrics::auprIn);
        Map<String, Spread> spreads = new LinkedHashMap<>();
        figures.forEach((name, figure) -> spreads.put(
                name,
                spread(results.stream()
                        .map(result -> figure.apply(result.outOfDistribution().get(score)))
                        .toList())));
        return spreads;
    }

    private static Spread spread(List<Double> values) {
        return Spread.of(values.stream().mapToDouble(Double::doubleValue).toArray());
    }

    /** Name of a score in {@code metrics.json}. */
    public static String key(OodScore score) {
        return switch (score) {
            case TSP_DENSITY -> "tspDensity";
            case MSP -> "msp";
            case MAX_LOGIT -> "maxLogit";
            case ENERGY -> "energy";
        };
    }
}
