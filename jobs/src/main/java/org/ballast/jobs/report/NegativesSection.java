package org.ballast.jobs.report;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.ballast.jobs.report.ReportData.Negatives;
import org.ballast.spark.negative.NegativeMetrics;
import org.ballast.spark.negative.NegativeMetrics.Diversity;
import org.ballast.spark.negative.NegativeMetrics.Example;
import org.ballast.spark.negative.NegativeMetrics.LengthRatio;
import org.ballast.spark.negative.NegativeMetrics.Source;
import org.ballast.spark.negative.NegativeMetrics.TypeMetrics;
import org.ballast.spark.negative.NegativeMetrics.WeakenedPoint;
import org.ballast.spark.negative.NegativeMetrics.WordTest;

/** The negatives that models were trained and measured on: whether anything but the picture gives them away. */
final class NegativesSection {
    /** Most examples of a type on the page. */
    private static final int EXAMPLES = 8;

    private static final List<String> COLUMNS = List.of(
            "type",
            "accepted",
            "words",
            "of positive",
            "ratio p10 / p50 / p90",
            "longer",
            "distinct-1",
            "of positive",
            "distinct-2",
            "of positive",
            "bag of words",
            "tokens");

    private final Page page;
    private final Negatives negatives;

    private NegativesSection(Page page, Negatives negatives) {
        this.page = page;
        this.negatives = negatives;
    }

    /** Writes the section, where any stage has negatives. */
    static void write(Page page, List<Negatives> stages) {
        List<Negatives> present = stages.stream()
                .filter(stage -> !stage.metrics().types().isEmpty())
                .toList();
        if (present.isEmpty()) {
            return;
        }
        page.open("negatives", "Negatives");
        page.paragraph(
                "A model can learn to prefer by anything that differs between right and wrong responses: their length,"
                        + " their words. The nearer the negatives are to the positives in these, the more is left to the picture.");
        present.forEach(stage -> new NegativesSection(page, stage).write());
        page.close();
    }

    private void write() {
        page.table(table());
        page.table(sources());
        page.raw("<div class=\"pair\">\n");
        negatives.metrics().types().forEach(this::lengths);
        negatives.metrics().types().forEach(this::weakening);
        page.raw("</div>\n");
        negatives.metrics().types().forEach(this::examples);
    }

    private Optional<Table> table() {
        NegativeMetrics metrics = negatives.metrics();
        List<List<String>> rows = new ArrayList<>();
        metrics.types().forEach((type, figures) -> rows.add(row(type, figures)));
        if (metrics.types().size() > 1) {
            List<String> all = new ArrayList<>(Collections.nCopies(COLUMNS.size(), ""));
            all.set(0, "all");
            all.set(
                    COLUMNS.indexOf("accepted"),
                    Numbers.count(metrics.types().values().stream()
                            .mapToLong(TypeMetrics::accepted)
                            .sum()));
            all.set(COLUMNS.indexOf("bag of words"), test(metrics.bagOfWords()));
            rows.add(all);
        }
        return Optional.of(
                new Table(
                        "Negatives of stage " + negatives.stage() + " beside the right responses to the same prompts",
                        COLUMNS,
                        1,
                        rows,
                        "ratio: words of a negative over those of its positive. longer: share of negatives with more words than the"
                                + " positive. distinct-1 and -2: different words and word pairs over all of them. bag of words: share of"
                                + " held-out pairs in which a classifier that sees nothing but word counts picks the positive, ± standard"
                                + " error: at 0.5 words give nothing away; an en dash stands for too few pairs. tokens: written by models."));
    }

    private static List<String> row(String type, TypeMetrics figures) {
        LengthRatio ratio = figures.lengthRatio();
        Diversity negative = figures.diversity();
        Diversity positive = figures.diversityOfPositives();
        return List.of(
                type,
                Numbers.count(figures.accepted()),
                Numbers.fixed(figures.words(), 1),
                Numbers.fixed(figures.wordsOfPositive(), 1),
                Numbers.nats(ratio.p10()) + " / " + Numbers.nats(ratio.p50()) + " / " + Numbers.nats(ratio.p90()),
                Numbers.rate(figures.longer()),
                Numbers.rate(negative.distinct1()),
                Numbers.rate(positive.distinct1()),
                Numbers.rate(negative.distinct2()),
                Numbers.rate(positive.distinct2()),
                test(figures.bagOfWords()),
                Numbers.count(figures.completionTokens()));
    }

    private static String test(WordTest test) {
        return test == null
                ? Numbers.UNDEFINED
                : Numbers.rate(test.accuracy()) + " ± " + Numbers.rate(test.standardError());
    }

    private Optional<Table> sources() {
        List<List<String>> rows = new ArrayList<>();
        for (Map.Entry<String, TypeMetrics> type : negatives.metrics().types().entrySet()) {
            for (Source source : type.getValue().sources()) {
                rows.add(List.of(
                        type.getKey(), shortened(source.model()), source.finishReason(), Numbers.count(source.rows())));
            }
        }
        return Optional.of(new Table(
                "Where they come from",
                List.of("type", "model", "finish reason", "rows"),
                3,
                rows,
                "A digest of a model is cut to its first digits."));
    }

    private static String shortened(String model) {
        return model.length() > 16 && model.matches("(sha256:)?[0-9a-f]{64}")
                ? model.substring(0, model.length() - 52) + "…"
                : model;
    }

    private void lengths(String type, TypeMetrics figures) {
        page.figure(Figure.draw(
                "lengths-" + negatives.stage() + "-" + type,
                type + ": share of responses by number of words, " + Numbers.count(figures.accepted())
                        + " negatives and the positives of their prompts. Bins widen to the right.",
                "Lengths of negatives of type " + type + " and of their positives",
                Figure.HALF,
                260,
                () -> Charts.lengths(figures.lengths())));
    }

    private void weakening(String type, TypeMetrics figures) {
        List<WeakenedPoint> points = figures.weakening().stream()
                .filter(point -> point.kept() != null)
                .toList();
        if (points.size() < 2) {
            return;
        }
        page.figure(Figure.draw(
                "weakening-" + negatives.stage() + "-" + type,
                type + ": how much of the right response is left in answers to noised pictures, by diffusion step."
                        + " Where the curve falls the picture stops to speak; where it is flat more noise changes nothing.",
                "Weakening curve of negatives of type " + type,
                Figure.HALF,
                260,
                () -> Charts.kept(points)));
    }

    private void examples(String type, TypeMetrics figures) {
        if (figures.examples().isEmpty()) {
            return;
        }
        page.raw("<h3>Examples of ").text(type).raw("</h3>\n<div class=\"cards\">\n");
        figures.examples().stream().limit(EXAMPLES).forEach(example -> example(type, example));
        page.raw("</div>\n");
    }

    private void example(String type, Example example) {
        page.raw("<article class=\"card\">\n");
        byte[] picture = example.imageId() == null ? null : negatives.pictures().get(example.imageId());
        if (picture != null) {
            page.raw("<div class=\"pictures\">");
            page.picture(picture, "picture", example.promptId());
            page.raw("</div>\n");
        }
        page.raw("<p class=\"prompt\">").text(example.prompt()).raw("</p>\n<dl>\n");
        page.line("positive", example.positive(), "reference");
        page.line(type, example.negative(), "negative");
        page.raw("</dl>\n<p class=\"source\">").text(example.promptId()).raw("</p>\n</article>\n");
    }
}
