package org.ballast.jobs.report;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.ballast.jobs.report.ReportData.ClassCount;
import org.ballast.jobs.report.ReportData.Frequency;
import org.ballast.jobs.report.ReportData.LossCurve;
import org.ballast.jobs.report.ReportData.OodScores;
import org.ballast.spark.evaluate.Example;
import org.ballast.spark.evaluate.Metrics;
import org.ballast.spark.evaluate.Metrics.WeakeningCurve;

/**
 * The report as one HTML page that needs nothing else: style inline, pictures as data URIs, no script, no reference to
 * any other file or host.
 */
public final class Report {
    private final ReportData data;
    private final Metrics metrics;
    private final Page page;

    private Report(ReportData data) {
        this.data = data;
        this.metrics = data.metrics();
        this.page = new Page(data.title());
    }

    /** The whole page. */
    public static String html(ReportData data) {
        return new Report(data).render();
    }

    /** The same figures as plain text tables, for the terminal. */
    public static String text(Metrics metrics) {
        return ReportTables.all(metrics).stream().map(Table::text).collect(Collectors.joining("\n"));
    }

    private String render() {
        header();
        findings();
        classes();
        training();
        NegativesSection.write(page, data.negatives());
        picture();
        answers();
        preference();
        adapter();
        examples();
        conventions();
        return page.end();
    }

    private void header() {
        page.raw("<header>\n<h1>").text(data.title()).raw("</h1>\n<dl class=\"facts\">\n");
        page.fact("Run", data.run().id());
        page.fact("Started", data.run().started());
        page.fact("Code", data.run().codeVersion());
        data.run().facts().forEach(fact -> page.fact(fact.label(), fact.value()));
        page.raw("</dl>\n</header>\n");
    }

    private void findings() {
        page.open("findings", "What this run shows");
        List<Finding> findings = Findings.of(metrics, data.preferenceTrainSplit());
        page.paragraph(
                "Each claim is held against the figures below by rule: it counts as shown when the difference lies more"
                        + " than two standard errors on its side, as the contrary when it lies as far on the other side, and as"
                        + " not shown in between.");
        page.raw("<ul class=\"findings\">\n");
        for (Finding finding : findings) {
            page.raw("<li class=\"")
                    .raw(finding.verdict().name().toLowerCase(Locale.ROOT))
                    .raw("\"><span class=\"verdict\">")
                    .text(finding.verdict().label)
                    .raw("</span><div><strong>")
                    .text(finding.claim())
                    .raw("</strong><br>")
                    .text(finding.evidence())
                    .raw("</div></li>\n");
        }
        page.raw("</ul>\n");
        page.close();
    }

    private void classes() {
        page.open("data", "The data: a long tail");
        if (data.classes().isEmpty()) {
            page.paragraph("No class counts in this run.");
        } else {
            Map<Frequency, Long> groups = data.classes().stream()
                    .collect(Collectors.groupingBy(ClassCount::frequency, Collectors.counting()));
            long images = data.classes().stream().mapToLong(ClassCount::images).sum();
            ClassCount most = data.classes().stream()
                    .max(Comparator.comparingLong(ClassCount::images))
                    .orElseThrow();
            page.figure(Figure.draw(
                    "class-histogram",
                    Numbers.count(images) + " training images in "
                            + data.classes().size() + " classes, logarithmic"
                            + " scale: " + groups.getOrDefault(Frequency.MANY, 0L) + " many-shot, "
                            + groups.getOrDefault(Frequency.MEDIUM, 0L) + " medium-shot and "
                            + groups.getOrDefault(Frequency.FEW, 0L) + " few-shot classes. The largest, "
                            + most.name() + ", has " + Numbers.count(most.images()) + ".",
                    "Bars of training images by class in falling order",
                    Figure.FULL,
                    300,
                    () -> Charts.classes(data.classes())));
        }
        page.close();
    }

    private void training() {
        page.open("training", "Training");
        if (data.curves().isEmpty()) {
            page.paragraph("No loss curves in this run.");
        }
        page.raw("<div class=\"pair\">\n");
        List<String> models = List.copyOf(metrics.models().keySet());
        for (LossCurve curve : data.curves()) {
            if (!curve.points().isEmpty()) {
                var last = curve.points().get(curve.points().size() - 1);
                int colour = Math.max(0, models.indexOf(curve.model()));
                page.figure(Figure.draw(
                        "loss-" + curve.name(),
                        curve.name() + " (makes " + curve.model() + "): " + curve.lossName() + " at "
                                + curve.points().size() + " points, "
                                + Numbers.rate(curve.points().get(0).loss()) + " at step "
                                + Numbers.count(curve.points().get(0).step()) + ", " + Numbers.rate(last.loss())
                                + " at step " + Numbers.count(last.step())
                                + (last.heldOut() == null ? "." : "; held-out " + Numbers.rate(last.heldOut()) + "."),
                        "Loss of " + curve.name() + " against optimizer step",
                        Figure.HALF,
                        280,
                        () -> Charts.loss(curve, Theme.series(colour))));
            }
        }
        page.raw("</div>\n");
        page.close();
    }

    private void picture() {
        page.open("picture", "Does the model read the picture?");
        page.table(ReportTables.pictureGap(metrics));
        WeakeningCurve curve = metrics.weakening();
        if (curve != null) {
            page.figure(Figure.draw(
                    "weakening-curve",
                    "Weakening: mean log-probability per token (nats) of the true response and of the answer that "
                            + curve.model()
                            + " gives to a blank, white picture, while diffusion noise takes the picture"
                            + " away. " + Numbers.count(curve.rows()) + " rows of " + curve.split()
                            + " at every step; whiskers are one standard error over rows.",
                    "Log-probability of truth and prior against diffusion step",
                    Figure.FULL,
                    360,
                    () -> Charts.weakening(curve)));
        }
        page.close();
    }

    private void answers() {
        page.open("answers", "Answers and hallucinations");
        page.table(ReportTables.captions(metrics));
        page.table(ReportTables.pope(metrics));
        page.table(ReportTables.paired(metrics));
        page.close();
    }

    private void preference() {
        page.open("preference", "Preference");
        boolean rewards = metrics.models().values().stream()
                .flatMap(model -> model.splits().values().stream())
                .map(split -> split.preference().get("all"))
                .anyMatch(all -> all != null && all.reward() != null);
        if (rewards) {
            page.figure(Figure.draw(
                    "reward-margins",
                    "Implicit reward margin, chosen minus rejected, on training pairs (" + data.preferenceTrainSplit()
                            + ") beside held-out pairs; whiskers are two standard errors over pairs. The number of pairs"
                            + " stands in the table.",
                    "Reward margins by model and split",
                    Figure.FULL,
                    300,
                    () -> Charts.margins(metrics.models())));
        }
        page.table(ReportTables.preference(metrics));
        page.close();
    }

    private void adapter() {
        page.open("adapter", "Drift adapter");
        if (metrics.adapter() == null) {
            page.paragraph("No adapter heads in this run.");
        } else {
            int seeds = metrics.adapter().heads().values().stream()
                    .mapToInt(Metrics.HeadMetrics::seeds)
                    .max()
                    .orElse(0);
            for (String split : Charts.accuracySplits(metrics.adapter())) {
                page.figure(Figure.draw(
                        "accuracy-" + split,
                        "Accuracy on " + split + ", pooled over the samples of each group of classes, same features and"
                                + " epochs for every head; bars are means over " + seeds
                                + " seeds, whiskers one standard deviation.",
                        "Accuracy by head and class group on " + split,
                        Figure.FULL,
                        300,
                        () -> Charts.headAccuracy(metrics.adapter(), split)));
            }
            page.table(ReportTables.accuracy(metrics));
            page.paragraph(
                    "Few-shot classes have few test images too, many of them one alone: a harmonic mean or a worst class"
                            + " near zero says little here. A split without few-shot classes shows no figure for them.");
            page.raw("<div class=\"pair\">\n");
            for (OodScores scores : bestScores()) {
                page.figure(Figure.draw(
                        "ood-" + scores.head() + "-" + scores.score(),
                        scores.head() + " head, " + scores.score()
                                + ", its best score by AUROC: share of samples by score, one seed. n = "
                                + Numbers.count(scores.inDistribution().length) + " in-distribution and "
                                + Numbers.count(scores.outOfDistribution().length) + " out-of-distribution (positive).",
                        "Histograms of out-of-distribution scores",
                        Figure.HALF,
                        260,
                        () -> Charts.oodScores(scores)));
            }
            page.raw("</div>\n");
            page.table(ReportTables.ood(metrics));
        }
        page.close();
    }

    /** Of every head the score with the highest mean AUROC: the others stand in the table. */
    private List<OodScores> bestScores() {
        return data.oodScores().stream()
                .filter(scores -> scores.score().equals(bestScore(scores.head())))
                .toList();
    }

    private String bestScore(String head) {
        Metrics.HeadMetrics figures = metrics.adapter().heads().get(head);
        if (figures == null) {
            throw new IllegalArgumentException("scores of head " + head + ", which has no figures");
        }
        return figures.ood().entrySet().stream()
                .max(Comparator.comparingDouble(
                        score -> score.getValue().get("auroc").mean()))
                .map(Map.Entry::getKey)
                .orElse(null);
    }

    private void examples() {
        page.open("examples", "Examples");
        if (data.examples().isEmpty()) {
            page.paragraph("No examples in this run.");
        }
        page.raw("<div class=\"cards\">\n");
        for (Example example : data.examples()) {
            page.raw("<article class=\"card\">\n<div class=\"pictures\">");
            page.picture(example.picture(), "picture", example.promptId());
            page.picture(example.weakened(), "t = " + example.weakenedStep(), example.promptId() + ", weakened");
            page.raw("</div>\n<p class=\"prompt\">").text(example.prompt()).raw("</p>\n<dl>\n");
            page.line("reference", example.reference(), "reference");
            example.negatives().forEach(negative -> page.line(negative.label(), negative.text(), "negative"));
            example.answers().forEach(answer -> page.line(answer.label(), answer.text(), "answer"));
            page.raw("</dl>\n<p class=\"source\">")
                    .text(example.split() + " · " + example.promptId())
                    .raw("</p>\n</article>\n");
        }
        page.raw("</div>\n");
        page.close();
    }

    private void conventions() {
        page.open("conventions", "Conventions");
        page.raw("<dl class=\"conventions\">\n");
        metrics.conventions().forEach(page::fact);
        page.raw("</dl>\n");
        page.close();
    }
}
