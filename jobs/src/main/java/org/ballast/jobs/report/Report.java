package org.ballast.jobs.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
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
    private final StringBuilder page = new StringBuilder(1 << 20);

    private Report(ReportData data) {
        this.data = data;
        this.metrics = data.metrics();
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
        page.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
                .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>")
                .append(escape(data.title()))
                .append("</title>\n<style>\n")
                .append(style())
                .append("</style>\n</head>\n<body>\n<main>\n");
        header();
        findings();
        classes();
        training();
        picture();
        answers();
        preference();
        adapter();
        examples();
        conventions();
        page.append("</main>\n</body>\n</html>\n");
        return page.toString();
    }

    private void header() {
        page.append("<header>\n<h1>").append(escape(data.title())).append("</h1>\n<dl class=\"facts\">\n");
        fact("Run", data.run().id());
        fact("Started", data.run().started());
        fact("Code", data.run().codeVersion());
        data.run().facts().forEach(fact -> fact(fact.label(), fact.value()));
        page.append("</dl>\n</header>\n");
    }

    private void fact(String label, String value) {
        page.append("<div><dt>")
                .append(escape(label))
                .append("</dt><dd>")
                .append(escape(value))
                .append("</dd></div>\n");
    }

    private void findings() {
        open("findings", "What this run shows");
        List<Finding> findings = Findings.of(metrics, data.preferenceTrainSplit());
        paragraph(
                "Each claim is held against the figures below by rule: it counts as shown when the difference lies more"
                        + " than two standard errors on its side, as the contrary when it lies as far on the other side, and as"
                        + " not shown in between.");
        page.append("<ul class=\"findings\">\n");
        for (Finding finding : findings) {
            page.append("<li class=\"")
                    .append(finding.verdict().name().toLowerCase(Locale.ROOT))
                    .append("\"><span class=\"verdict\">")
                    .append(escape(finding.verdict().label))
                    .append("</span><div><strong>")
                    .append(escape(finding.claim()))
                    .append("</strong><br>")
                    .append(escape(finding.evidence()))
                    .append("</div></li>\n");
        }
        page.append("</ul>\n");
        close();
    }

    private void classes() {
        open("data", "The data: a long tail");
        if (data.classes().isEmpty()) {
            paragraph("No class counts in this run.");
        } else {
            Map<Frequency, Long> groups = data.classes().stream()
                    .collect(Collectors.groupingBy(ClassCount::frequency, Collectors.counting()));
            long images = data.classes().stream().mapToLong(ClassCount::images).sum();
            ClassCount most = data.classes().stream()
                    .max(Comparator.comparingLong(ClassCount::images))
                    .orElseThrow();
            figure(Figure.draw(
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
        close();
    }

    private void training() {
        open("training", "Training");
        if (data.curves().isEmpty()) {
            paragraph("No loss curves in this run.");
        }
        page.append("<div class=\"pair\">\n");
        List<String> models = List.copyOf(metrics.models().keySet());
        for (LossCurve curve : data.curves()) {
            if (!curve.points().isEmpty()) {
                var last = curve.points().get(curve.points().size() - 1);
                int colour = Math.max(0, models.indexOf(curve.model()));
                figure(Figure.draw(
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
        page.append("</div>\n");
        close();
    }

    private void picture() {
        open("picture", "Does the model read the picture?");
        table(ReportTables.pictureGap(metrics));
        WeakeningCurve curve = metrics.weakening();
        if (curve != null) {
            figure(Figure.draw(
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
        close();
    }

    private void answers() {
        open("answers", "Answers and hallucinations");
        table(ReportTables.captions(metrics));
        table(ReportTables.pope(metrics));
        table(ReportTables.paired(metrics));
        close();
    }

    private void preference() {
        open("preference", "Preference");
        boolean rewards = metrics.models().values().stream()
                .flatMap(model -> model.splits().values().stream())
                .map(split -> split.preference().get("all"))
                .anyMatch(all -> all != null && all.reward() != null);
        if (rewards) {
            figure(Figure.draw(
                    "reward-margins",
                    "Implicit reward margin, chosen minus rejected, on training pairs (" + data.preferenceTrainSplit()
                            + ") beside held-out pairs; whiskers are two standard errors over pairs. The number of pairs"
                            + " stands in the table.",
                    "Reward margins by model and split",
                    Figure.FULL,
                    300,
                    () -> Charts.margins(metrics.models())));
        }
        table(ReportTables.preference(metrics));
        close();
    }

    private void adapter() {
        open("adapter", "Drift adapter");
        if (metrics.adapter() == null) {
            paragraph("No adapter heads in this run.");
        } else {
            int seeds = metrics.adapter().heads().values().stream()
                    .mapToInt(Metrics.HeadMetrics::seeds)
                    .max()
                    .orElse(0);
            for (String split : Charts.accuracySplits(metrics.adapter())) {
                figure(Figure.draw(
                        "accuracy-" + split,
                        "Accuracy on " + split + ", pooled over the samples of each group of classes, same features and"
                                + " epochs for every head; bars are means over " + seeds
                                + " seeds, whiskers one standard deviation.",
                        "Accuracy by head and class group on " + split,
                        Figure.FULL,
                        300,
                        () -> Charts.headAccuracy(metrics.adapter(), split)));
            }
            table(ReportTables.accuracy(metrics));
            paragraph(
                    "Few-shot classes have few test images too, many of them one alone: a harmonic mean or a worst class"
                            + " near zero says little here. A split without few-shot classes shows no figure for them.");
            page.append("<div class=\"pair\">\n");
            for (OodScores scores : bestScores()) {
                figure(Figure.draw(
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
            page.append("</div>\n");
            table(ReportTables.ood(metrics));
        }
        close();
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
        open("examples", "Examples");
        if (data.examples().isEmpty()) {
            paragraph("No examples in this run.");
        }
        page.append("<div class=\"cards\">\n");
        for (Example example : data.examples()) {
            page.append("<article class=\"card\">\n<div class=\"pictures\">");
            picture(example.picture(), "picture", example.promptId());
            picture(example.weakened(), "t = " + example.weakenedStep(), example.promptId() + ", weakened");
            page.append("</div>\n<p class=\"prompt\">")
                    .append(escape(example.prompt()))
                    .append("</p>\n<dl>\n");
            line("reference", example.reference(), "reference");
            example.negatives().forEach(negative -> line(negative.label(), negative.text(), "negative"));
            example.answers().forEach(answer -> line(answer.label(), answer.text(), "answer"));
            page.append("</dl>\n<p class=\"source\">")
                    .append(escape(example.split() + " · " + example.promptId()))
                    .append("</p>\n</article>\n");
        }
        page.append("</div>\n");
        close();
    }

    private void picture(byte[] png, String label, String alternative) {
        page.append("<figure><img src=\"")
                .append(dataUri(png))
                .append("\" alt=\"")
                .append(escape(alternative))
                .append("\"><figcaption>")
                .append(escape(label))
                .append("</figcaption></figure>");
    }

    private void line(String label, String text, String kind) {
        page.append("<div class=\"")
                .append(kind)
                .append("\"><dt>")
                .append(escape(label))
                .append("</dt><dd>")
                .append(text.isBlank() ? "<em>empty</em>" : escape(text))
                .append("</dd></div>\n");
    }

    private void conventions() {
        open("conventions", "Conventions");
        page.append("<dl class=\"conventions\">\n");
        metrics.conventions().forEach(this::fact);
        page.append("</dl>\n");
        close();
    }

    private void open(String id, String title) {
        page.append("<section id=\"")
                .append(escape(id))
                .append("\">\n<h2>")
                .append(escape(title))
                .append("</h2>\n");
    }

    private void close() {
        page.append("</section>\n");
    }

    private void paragraph(String text) {
        page.append("<p>").append(escape(text)).append("</p>\n");
    }

    private void figure(Figure figure) {
        page.append("<figure class=\"plot\" id=\"")
                .append(escape(figure.id()))
                .append("\"><picture><source media=\"(max-width: 560px)\" srcset=\"")
                .append(dataUri(figure.narrow()))
                .append("\"><img src=\"")
                .append(dataUri(figure.wide()))
                .append("\" alt=\"")
                .append(escape(figure.alternative()))
                .append("\" width=\"")
                .append(figure.width())
                .append("\"></picture>\n<figcaption>")
                .append(escape(figure.caption()))
                .append("</figcaption></figure>\n");
    }

    private void table(Optional<Table> found) {
        if (found.isEmpty()) {
            return;
        }
        Table table = found.get();
        page.append("<h3>").append(escape(table.title())).append("</h3>\n<div class=\"table\"><table>\n<thead><tr>");
        for (int column = 0; column < table.columns().size(); column++) {
            cell("th", column < table.names(), table.columns().get(column));
        }
        page.append("</tr></thead>\n<tbody>\n");
        String group = null;
        for (List<String> row : table.rows()) {
            page.append(row.get(0).equals(group) ? "<tr>" : "<tr class=\"first\">");
            group = row.get(0);
            for (int column = 0; column < row.size(); column++) {
                cell("td", column < table.names(), row.get(column));
            }
            page.append("</tr>\n");
        }
        page.append("</tbody></table></div>\n<p class=\"note\">")
                .append(escape(table.note()))
                .append("</p>\n");
    }

    private void cell(String element, boolean name, String text) {
        page.append('<').append(element).append(name ? " class=\"name\">" : ">");
        page.append(escape(text)).append("</").append(element).append('>');
    }

    private static String dataUri(byte[] png) {
        return "data:image/png;base64," + Base64.getEncoder().encodeToString(png);
    }

    /** Text as HTML, in content and in quoted attributes. */
    static String escape(String text) {
        StringBuilder escaped = new StringBuilder(text.length() + 16);
        for (int index = 0; index < text.length(); index++) {
            char c = text.charAt(index);
            switch (c) {
                case '&' -> escaped.append("&amp;");
                case '<' -> escaped.append("&lt;");
                case '>' -> escaped.append("&gt;");
                case '"' -> escaped.append("&quot;");
                case '\'' -> escaped.append("&#39;");
                default -> escaped.append(c);
            }
        }
        return escaped.toString();
    }

    private static String style() {
        try (InputStream css = Report.class.getResourceAsStream("report.css")) {
            if (css == null) {
                throw new IllegalStateException("report.css is missing beside " + Report.class.getName());
            }
            return new String(css.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
