package org.ballast.jobs.report;

import static org.ballast.jobs.report.Finding.Verdict.CONTRARY;
import static org.ballast.jobs.report.Finding.Verdict.NOT_SHOWN;
import static org.ballast.jobs.report.Finding.Verdict.SHOWN;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.ballast.spark.evaluate.Metrics;
import org.ballast.spark.evaluate.Metrics.HeadMetrics;
import org.ballast.spark.evaluate.Metrics.PairedDifference;
import org.ballast.spark.evaluate.Metrics.PictureGap;
import org.ballast.spark.evaluate.Metrics.PreferenceMetrics;
import org.ballast.spark.evaluate.Metrics.SplitMetrics;
import org.ballast.spark.evaluate.Metrics.Spread;
import org.ballast.spark.evaluate.Metrics.WeakeningPoint;

/**
 * The claims of the papers against the figures of this run, by rule: a difference beyond two standard errors of its mean
 * (over rows, or over seeds) counts, everything else is noise; one seed alone decides nothing.
 */
final class Findings {
    private Findings() {}

    /** One finding for each claim that this run can speak about; training pairs prove nothing and are left out. */
    static List<Finding> of(Metrics metrics, String trainSplit) {
        List<Finding> findings = new ArrayList<>();
        readsPicture(metrics, findings);
        weakening(metrics, findings);
        preference(metrics, trainSplit, findings);
        trainedAgainstTrained(metrics).forEach(difference -> findings.add(paired(difference)));
        heads(metrics, findings);
        outOfDistribution(metrics, findings);
        return findings;
    }

    private static void readsPicture(Metrics metrics, List<Finding> findings) {
        Optional<String> base = metrics.models().keySet().stream().findFirst();
        base.ifPresent(name -> metrics.models().get(name).splits().forEach((split, figures) -> {
            PictureGap gap = figures.picture();
            if (gap != null) {
                findings.add(new Finding(
                        verdict(gap.gap(), gap.gapStandardError()),
                        "The " + name + " model reads the picture (" + split + ")",
                        "the true response is " + Numbers.signed(gap.gap(), 2) + " ± "
                                + Numbers.nats(gap.gapStandardError())
                                + " nats a token more probable with its own picture than with another row's"));
            }
        }));
    }

    private static void weakening(Metrics metrics, List<Finding> findings) {
        if (metrics.weakening() == null || metrics.weakening().points().size() < 2) {
            return;
        }
        List<WeakeningPoint> points = metrics.weakening().points();
        WeakeningPoint clean = points.get(0);
        WeakeningPoint last = points.get(points.size() - 1);
        findings.add(change(
                "Noise makes the true response less probable",
                clean.truth() - last.truth(),
                Math.hypot(clean.truthStandardError(), last.truthStandardError()),
                clean.truth(),
                last.truth(),
                last.step()));
        findings.add(change(
                "Noise makes the prior's answer more probable",
                last.prior() - clean.prior(),
                Math.hypot(clean.priorStandardError(), last.priorStandardError()),
                clean.prior(),
                last.prior(),
                last.step()));
    }

    private static Finding change(String claim, double towards, double error, double from, double to, int step) {
        return new Finding(
                verdict(towards, error),
                claim,
                "mean log-prob per token " + Numbers.nats(from) + " on the clean picture, " + Numbers.nats(to)
                        + " at t = " + step);
    }

    private static void preference(Metrics metrics, String trainSplit, List<Finding> findings) {
        List<String> names = List.copyOf(metrics.models().keySet());
        if (names.size() < 2) {
            return;
        }
        String base = names.get(0);
        for (String name : names.subList(1, names.size())) {
            metrics.models().get(name).splits().forEach((split, figures) -> {
                SplitMetrics baseFigures = metrics.models().get(base).splits().get(split);
                PreferenceMetrics before =
                        baseFigures == null ? null : baseFigures.preference().get("all");
                PreferenceMetrics after = figures.preference().get("all");
                if (!split.equals(trainSplit) && before != null && after != null) {
                    findings.add(preference(base, name, split, before, after));
                }
            });
        }
    }

    private static Finding preference(
            String base, String name, String split, PreferenceMetrics before, PreferenceMetrics after) {
        double error = Math.hypot(
                shareError(before.accuracySum(), before.pairs()), shareError(after.accuracySum(), after.pairs()));
        return new Finding(
                verdict(after.accuracySum() - before.accuracySum(), error),
                name + " prefers the chosen response more often than " + base + " (" + split + ")",
                "accuracy by summed log-prob " + Numbers.rate(before.accuracySum()) + " → "
                        + Numbers.rate(after.accuracySum()) + " over " + Numbers.count(after.pairs())
                        + " pairs; mean log-prob of the chosen response " + Numbers.nats(before.chosenLogProb()) + " → "
                        + Numbers.nats(after.chosenLogProb()));
    }

    /** Differences between trained models; those against the base where only one model was trained. */
    private static List<PairedDifference> trainedAgainstTrained(Metrics metrics) {
        String base = metrics.models().keySet().stream().findFirst().orElse(null);
        List<PairedDifference> trained = metrics.paired().stream()
                .filter(difference -> !difference.against().equals(base))
                .toList();
        return trained.isEmpty() ? metrics.paired() : trained;
    }

    private static Finding paired(PairedDifference difference) {
        String figure = ReportTables.label(difference.metric());
        String word = difference.higherIsBetter() ? "above" : "below";
        double towards = difference.higherIsBetter() ? difference.mean() : -difference.mean();
        return new Finding(
                verdict(towards, difference.standardError()),
                difference.model() + " is " + word + " " + difference.against() + " in " + figure + " ("
                        + difference.split() + ")",
                "paired difference " + Numbers.signed(difference.mean(), 3) + " ± "
                        + Numbers.rate(difference.standardError()) + " over " + Numbers.count(difference.rows())
                        + " rows");
    }

    /** tSP heads against the linear one, on the few-shot classes and on all. */
    private static void heads(Metrics metrics, List<Finding> findings) {
        if (metrics.adapter() == null) {
            return;
        }
        Map<String, HeadMetrics> heads = metrics.adapter().heads();
        HeadMetrics linear = heads.get("linear");
        if (linear == null) {
            return;
        }
        heads.forEach((name, head) -> {
            if (name.startsWith("tsp")) {
                head.accuracy().forEach((split, figures) -> {
                    Map<String, Spread> baseline = linear.accuracy().getOrDefault(split, Map.of());
                    for (String group : List.of("few", "all")) {
                        if (figures.get(group) != null && baseline.get(group) != null) {
                            findings.add(head(name, split, group, figures.get(group), baseline.get(group)));
                        }
                    }
                });
            }
        });
    }

    private static Finding head(String name, String split, String group, Spread head, Spread linear) {
        return new Finding(
                verdict(head.mean() - linear.mean(), seedError(head, linear)),
                "The " + name + " head is above the linear head (" + split + ", " + group + ")",
                Numbers.spread(head) + " against " + Numbers.spread(linear) + " over " + seeds(head.count()));
    }

    /** Each head by the score that serves it best. */
    private static void outOfDistribution(Metrics metrics, List<Finding> findings) {
        if (metrics.adapter() == null) {
            return;
        }
        metrics.adapter().heads().forEach((name, head) -> head.ood().entrySet().stream()
                .filter(score -> score.getValue().get("auroc") != null)
                .max(Comparator.comparingDouble(
                        score -> score.getValue().get("auroc").mean()))
                .ifPresent(score -> {
                    Spread auroc = score.getValue().get("auroc");
                    findings.add(new Finding(
                            verdict(auroc.mean() - 0.5, seedError(auroc)),
                            "The " + name + " head tells the open set from the test set",
                            "AUROC of its best score, " + score.getKey() + ": " + Numbers.spread(auroc) + " over "
                                    + seeds(auroc.count()) + "; 0.5 is chance"));
                }));
    }

    private static Finding.Verdict verdict(double towards, double error) {
        return towards > 2 * error ? SHOWN : towards < -2 * error ? CONTRARY : NOT_SHOWN;
    }

    private static double shareError(double share, long count) {
        return Math.sqrt(share * (1 - share) / count);
    }

    private static double seedError(Spread first, Spread second) {
        return Math.hypot(seedError(first), seedError(second));
    }

    private static double seedError(Spread spread) {
        return spread.count() < 2 ? Double.POSITIVE_INFINITY : spread.standardDeviation() / Math.sqrt(spread.count());
    }

    private static String seeds(int count) {
        return count + (count == 1 ? " seed" : " seeds");
    }
}
