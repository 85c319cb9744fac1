package org.ballast.jobs.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.ballast.spark.evaluate.Metrics;
import org.ballast.spark.evaluate.Metrics.CaptionMetrics;
import org.ballast.spark.evaluate.Metrics.PictureGap;
import org.ballast.spark.evaluate.Metrics.PopeMetrics;
import org.ballast.spark.evaluate.Metrics.PreferenceMetrics;
import org.ballast.spark.evaluate.Metrics.SplitMetrics;
import org.ballast.spark.evaluate.Metrics.Spread;

/** Figures of the same evaluation over several seeds: each model's, and the differences between two models seed by seed. */
public final class SeedSpread {
    private static final Map<String, ToDoubleFunction<SplitMetrics>> FIGURES = figures();

    private SeedSpread() {}

    private static Map<String, ToDoubleFunction<SplitMetrics>> figures() {
        Map<String, ToDoubleFunction<SplitMetrics>> figures = new LinkedHashMap<>();
        figures.put("log-prob a token, true picture", of(SplitMetrics::picture, PictureGap::logProbTrue));
        figures.put("log-prob a token, other picture", of(SplitMetrics::picture, PictureGap::logProbOther));
        figures.put("gap of true and other picture", of(SplitMetrics::picture, PictureGap::gap));
        figures.put("exact match", of(SplitMetrics::captions, CaptionMetrics::exactMatch));
        figures.put("word F1", of(SplitMetrics::captions, CaptionMetrics::wordF1));
        figures.put("CHAIR_i (lower is better)", of(SplitMetrics::captions, CaptionMetrics::chairI));
        figures.put("CHAIR_s (lower is better)", of(SplitMetrics::captions, CaptionMetrics::chairS));
        figures.put("POPE accuracy, mean of kinds", split -> pope(split, PopeMetrics::accuracy));
        figures.put("POPE F1, mean of kinds", split -> pope(split, PopeMetrics::f1));
        figures.put("POPE share of yes", split -> pope(split, PopeMetrics::yesShare));
        figures.put("preference accuracy, summed", of(SeedSpread::allPairs, PreferenceMetrics::accuracySum));
        figures.put("preference accuracy, per token", of(SeedSpread::allPairs, PreferenceMetrics::accuracyPerToken));
        figures.put("log-prob of the chosen response", of(SeedSpread::allPairs, PreferenceMetrics::chosenLogProb));
        return figures;
    }

    private static PreferenceMetrics allPairs(SplitMetrics split) {
        return split.preference().get("all");
    }

    /** A figure of a part of the metrics; NaN where the split has no such part. */
    private static <T> ToDoubleFunction<SplitMetrics> of(Function<SplitMetrics, T> part, Function<T, Double> figure) {
        return split -> {
            T found = part.apply(split);
            Double value = found == null ? null : figure.apply(found);
            return value == null ? Double.NaN : value;
        };
    }

    private static double pope(SplitMetrics split, ToDoubleFunction<PopeMetrics> figure) {
        return split.pope().values().stream().mapToDouble(figure).average().orElse(Double.NaN);
    }

    /**
     * The tables as text.
     *
     * @param runs metrics of runs that differ in their seed
     * @throws IllegalArgumentException when a run lacks a model or a split of the first one
     */
    public static String text(List<Metrics> runs) {
        Set<String> models = runs.get(0).models().keySet();
        Set<String> splits = new LinkedHashSet<>(
                runs.get(0).models().values().iterator().next().splits().keySet());
        StringBuilder text = new StringBuilder();
        for (String split : splits) {
            List<String> columns = new ArrayList<>(List.of("figure"));
            columns.addAll(models);
            List<String> names = new ArrayList<>(models);
            // the last model against the one before: preference training against its baseline
            boolean compared = names.size() > 2;
            if (compared) {
                columns.add(names.get(names.size() - 1) + " − " + names.get(names.size() - 2));
            }
            List<List<String>> rows = new ArrayList<>();
            FIGURES.forEach((name, figure) -> {
                List<String> row = new ArrayList<>(List.of(name));
                names.forEach(model -> row.add(shown(runs.stream()
                        .mapToDouble(run -> value(run, model, split, figure))
                        .toArray())));
                if (compared) {
                    row.add(shown(runs.stream()
                            .mapToDouble(run -> value(run, names.get(names.size() - 1), split, figure)
                                    - value(run, names.get(names.size() - 2), split, figure))
                            .toArray()));
                }
                // training rows have pairs only
                if (row.stream().noneMatch(cell -> cell.contains("NaN"))) {
                    rows.add(row);
                }
            });
            text.append(new Table(
                                    split + ", mean ± standard deviation over " + runs.size() + " seeds",
                                    columns,
                                    1,
                                    rows,
                                    "")
                            .text())
                    .append('\n');
        }
        return text.toString();
    }

    private static double value(Metrics run, String model, String split, ToDoubleFunction<SplitMetrics> figure) {
        Metrics.ModelMetrics metrics = run.models().get(model);
        if (metrics == null || !metrics.splits().containsKey(split)) {
            throw new IllegalArgumentException("a run has no model " + model + " on split " + split + "; it has models "
                    + run.models().keySet());
        }
        return figure.applyAsDouble(metrics.splits().get(split));
    }

    private static String shown(double[] values) {
        Spread spread = Spread.of(values);
        return String.format(Locale.ROOT, "%.3f ± %.3f", spread.mean(), spread.standardDeviation());
    }
}
