package org.ballast.jobs.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.ballast.spark.evaluate.Metrics;
import org.ballast.spark.evaluate.Metrics.CaptionMetrics;
import org.ballast.spark.evaluate.Metrics.HeadMetrics;
import org.ballast.spark.evaluate.Metrics.ModelMetrics;
import org.ballast.spark.evaluate.Metrics.PairedDifference;
import org.ballast.spark.evaluate.Metrics.PictureGap;
import org.ballast.spark.evaluate.Metrics.PopeMetrics;
import org.ballast.spark.evaluate.Metrics.PreferenceMetrics;
import org.ballast.spark.evaluate.Metrics.RewardMetrics;
import org.ballast.spark.evaluate.Metrics.SplitMetrics;
import org.ballast.spark.evaluate.Metrics.Spread;

/** The figures of {@link Metrics} as tables; a table without rows is empty and not shown. */
final class ReportTables {
    private static final List<String> GROUPS =
            List.of("many", "medium", "few", "all", "meanOfClasses", "harmonicMean", "worstClass");
    private static final List<String> GROUP_NAMES =
            List.of("many", "medium", "few", "all", "class mean", "harm. mean", "worst class");

    private ReportTables() {}

    /** Every table with rows, in the order of the page; the terminal prints these. */
    static List<Table> all(Metrics metrics) {
        List<Table> tables = new ArrayList<>();
        pictureGap(metrics).ifPresent(tables::add);
        captions(metrics).ifPresent(tables::add);
        pope(metrics).ifPresent(tables::add);
        preference(metrics).ifPresent(tables::add);
        paired(metrics).ifPresent(tables::add);
        accuracy(metrics).ifPresent(tables::add);
        ood(metrics).ifPresent(tables::add);
        return tables;
    }

    static Optional<Table> pictureGap(Metrics metrics) {
        List<List<String>> rows = rows(metrics, (model, split, figures) -> {
            PictureGap gap = figures.picture();
            return gap == null
                    ? List.of()
                    : List.of(List.of(
                            split,
                            model,
                            Numbers.nats(gap.logProbTrue()),
                            Numbers.nats(gap.logProbOther()),
                            Numbers.signed(gap.gap(), 2) + " ± " + Numbers.nats(gap.gapStandardError()),
                            Numbers.count(gap.rows())));
        });
        return table(
                "Log-probability of the reference response, per token",
                List.of("split", "model", "true picture", "other picture", "gap", "n"),
                2,
                rows,
                "Nats. Means over tokens; the gap is the mean over rows of the row's difference, ± its standard error.");
    }

    static Optional<Table> captions(Metrics metrics) {
        List<List<String>> rows = rows(metrics, (model, split, figures) -> {
            CaptionMetrics captions = figures.captions();
            return captions == null
                    ? List.of()
                    : List.of(List.of(
                            split,
                            model,
                            Numbers.rate(captions.exactMatch()),
                            Numbers.rate(captions.wordF1()),
                            Numbers.rate(captions.chairI()),
                            Numbers.rate(captions.chairS()),
                            Numbers.fixed(captions.meanWords(), 1),
                            Numbers.rate(captions.finished()),
                            Numbers.count(captions.rows())));
        });
        return table(
                "Greedy answers against the reference",
                List.of("split", "model", "exact", "word F1", "CHAIR_i", "CHAIR_s", "words", "finished", "n"),
                2,
                rows,
                "CHAIR_i: hallucinated over all object mentions; CHAIR_s: answers with a hallucinated object; lower is"
                        + " better. finished: ended by the end token.");
    }

    static Optional<Table> pope(Metrics metrics) {
        List<List<String>> rows = rows(metrics, (model, split, figures) -> {
            List<List<String>> lines = new ArrayList<>();
            for (Map.Entry<String, PopeMetrics> kind : figures.pope().entrySet()) {
                PopeMetrics pope = kind.getValue();
                lines.add(List.of(
                        split,
                        model,
                        kind.getKey(),
                        Numbers.rate(pope.accuracy()),
                        Numbers.rate(pope.precision()),
                        Numbers.rate(pope.recall()),
                        Numbers.rate(pope.f1()),
                        Numbers.rate(pope.yesShare()),
                        Numbers.count(pope.questions())));
            }
            return lines;
        });
        return table(
                "POPE: is there a ... in the picture?",
                List.of("split", "model", "kind", "accuracy", "precision", "recall", "F1", "yes", "n"),
                3,
                rows,
                "yes is the positive class. A greedy answer is read as no if its first sentence has the word no or not, else as yes.");
    }

    static Optional<Table> preference(Metrics metrics) {
        List<List<String>> rows = rows(metrics, (model, split, figures) -> {
            List<List<String>> lines = new ArrayList<>();
            for (Map.Entry<String, PreferenceMetrics> type :
                    figures.preference().entrySet()) {
                PreferenceMetrics preference = type.getValue();
                RewardMetrics reward = preference.reward();
                lines.add(List.of(
                        split,
                        model,
                        type.getKey(),
                        Numbers.rate(preference.accuracySum()),
                        Numbers.rate(preference.accuracyPerToken()),
                        reward == null ? Numbers.UNDEFINED : Numbers.rate(reward.accuracy()),
                        reward == null
                                ? Numbers.UNDEFINED
                                : Numbers.signed(reward.margin(), 2) + " ± "
                                        + Numbers.nats(reward.marginStandardError()),
                        Numbers.nats(preference.chosenLogProb()),
                        Numbers.nats(preference.rejectedLogProb()),
                        Numbers.count(preference.pairs())));
            }
            return lines;
        });
        return table(
                "Preference: chosen against rejected responses",
                List.of(
                        "split",
                        "model",
                        "negatives",
                        "acc. sum",
                        "acc. token",
                        "acc. reward",
                        "margin",
                        "chosen",
                        "rejected",
                        "pairs"),
                3,
                rows,
                "acc. sum / token: share of pairs with the higher log-prob on the chosen response, summed / per token."
                        + " acc. reward and margin: implicit rewards against the base, ± standard error. chosen and"
                        + " rejected: mean summed log-prob in nats.");
    }

    static Optional<Table> paired(Metrics metrics) {
        List<List<String>> rows = new ArrayList<>();
        for (PairedDifference difference : metrics.paired()) {
            rows.add(List.of(
                    difference.split(),
                    label(difference.metric()),
                    difference.model() + " − " + difference.against(),
                    Numbers.signed(difference.mean(), 3) + " ± " + Numbers.rate(difference.standardError()),
                    difference.clearlyBetter() ? "better" : difference.clearlyWorse() ? "worse" : "within noise",
                    Numbers.count(difference.rows())));
        }
        return table(
                "Paired differences over the same rows",
                List.of("split", "figure", "models", "difference", "verdict", "n"),
                3,
                rows,
                "Mean of the row differences ± standard error; better or worse beyond two standard errors.");
    }

    static Optional<Table> accuracy(Metrics metrics) {
        return heads(
                metrics,
                "Long-tailed accuracy of the adapter's heads",
                "split",
                GROUPS,
                GROUP_NAMES,
                HeadMetrics::accuracy,
                "Pooled over the samples of a group; mean ± standard deviation over seeds.");
    }

    static Optional<Table> ood(Metrics metrics) {
        return heads(
                metrics,
                "Out-of-distribution detection",
                "score",
                List.of("auroc", "fpr95", "auprOut", "auprIn"),
                List.of("AUROC", "FPR95", "AUPR-out", "AUPR-in"),
                HeadMetrics::ood,
                "Out-of-distribution is the positive class. FPR95 is better when lower; AUROC 0.5 is chance.");
    }

    private static Optional<Table> heads(
            Metrics metrics,
            String title,
            String by,
            List<String> keys,
            List<String> names,
            Function<HeadMetrics, Map<String, Map<String, Spread>>> part,
            String note) {
        if (metrics.adapter() == null) {
            return Optional.empty();
        }
        List<List<String>> rows = new ArrayList<>();
        metrics.adapter().heads().forEach((head, figures) -> part.apply(figures).forEach((group, spreads) -> {
            List<String> row = new ArrayList<>(List.of(group, head));
            keys.forEach(key -> row.add(Numbers.spread(spreads.get(key))));
            row.add(Integer.toString(figures.seeds()));
            rows.add(row);
        }));
        rows.sort(Comparator.comparing(row -> row.get(0)));
        List<String> columns = new ArrayList<>(List.of(by, "head"));
        columns.addAll(names);
        columns.add("seeds");
        return table(title, columns, 2, rows, note);
    }

    /** A figure of {@link PairedDifference} in words. */
    static String label(String metric) {
        return switch (metric) {
            case "picture.gap" -> "gap of true and other picture";
            case "captions.exactMatch" -> "exact match";
            case "captions.wordF1" -> "word F1";
            case "captions.chairS" -> "hallucinating answers (CHAIR_s)";
            case "pope.accuracy" -> "POPE accuracy";
            default -> metric;
        };
    }

    private interface Lines {
        List<List<String>> of(String model, String split, SplitMetrics figures);
    }

    /** Lines split by split, models in their order within one. */
    private static List<List<String>> rows(Metrics metrics, Lines lines) {
        List<List<String>> rows = new ArrayList<>();
        for (String split : splits(metrics)) {
            for (Map.Entry<String, ModelMetrics> model : metrics.models().entrySet()) {
                SplitMetrics figures = model.getValue().splits().get(split);
                if (figures != null) {
                    rows.addAll(lines.of(model.getKey(), split, figures));
                }
            }
        }
        return rows;
    }

    static Set<String> splits(Metrics metrics) {
        Set<String> splits = new LinkedHashSet<>();
        metrics.models().values().forEach(model -> splits.addAll(model.splits().keySet()));
        return splits;
    }

    private static Optional<Table> table(
            String title, List<String> columns, int names, List<List<String>> rows, String note) {
        return rows.isEmpty() ? Optional.empty() : Optional.of(new Table(title, columns, names, rows, note));
    }
}
