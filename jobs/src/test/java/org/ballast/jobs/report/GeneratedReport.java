package org.ballast.jobs.report;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import javax.imageio.ImageIO;
import org.ballast.jobs.report.ReportData.ClassCount;
import org.ballast.jobs.report.ReportData.Fact;
import org.ballast.jobs.report.ReportData.LossCurve;
import org.ballast.jobs.report.ReportData.LossPoint;
import org.ballast.jobs.report.ReportData.OodScores;
import org.ballast.jobs.report.ReportData.Run;
import org.ballast.spark.evaluate.Example;
import org.ballast.spark.evaluate.Example.Labelled;
import org.ballast.spark.evaluate.Metrics;
import org.ballast.spark.evaluate.Metrics.AdapterMetrics;
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
import org.ballast.spark.evaluate.Metrics.WeakeningCurve;
import org.ballast.spark.evaluate.Metrics.WeakeningPoint;
import org.ballast.spark.negative.LengthHistogram;
import org.ballast.spark.negative.NegativeMetrics;
import org.ballast.spark.negative.NegativeMetrics.Diversity;
import org.ballast.spark.negative.NegativeMetrics.LengthRatio;
import org.ballast.spark.negative.NegativeMetrics.Source;
import org.ballast.spark.negative.NegativeMetrics.TypeMetrics;
import org.ballast.spark.negative.NegativeMetrics.WeakenedPoint;
import org.ballast.spark.negative.NegativeMetrics.WordTest;

/** A report of the demo's shape with figures drawn from one seed. */
final class GeneratedReport {
    static final String HOSTILE = "<script>alert('x')</script> & \"quoted\" <image>";

    private GeneratedReport() {}

    static ReportData data() {
        Random random = new Random(7);
        List<ClassCount> classes = new ArrayList<>();
        for (int rank = 0; rank < 95; rank++) {
            classes.add(new ClassCount("class-" + rank, Math.max(1, Math.round(359 * Math.exp(-rank / 16.0)))));
        }
        return new ReportData(
                "Ballast: emoji sample",
                new Run("20261121-2346-5f3a", "2026-11-21T23:46:00Z", "0.1.0-SNAPSHOT", List.of(new Fact("Seed", "1"))),
                classes,
                List.of(
                        curve("SFT", "base", "loss per token (nats)", 1200, 4.2, random),
                        curve("continued SFT", "continued-sft", "loss per token (nats)", 150, 0.7, random),
                        curve("DPO", "bpo", "DPO loss", 150, 0.69, random)),
                metrics(random),
                List.of(
                        scores("tsp", "tspDensity", 0.4, random),
                        scores("tsp", "msp", 0.3, random),
                        scores("linear", "energy", -0.2, random),
                        scores("cosine", "energy", 0.9, random)),
                "train",
                examples(),
                List.of(negatives()));
    }

    static Metrics metrics() {
        return metrics(new Random(7));
    }

    private static LossCurve curve(String name, String model, String lossName, int steps, double start, Random random) {
        List<LossPoint> points = new ArrayList<>();
        for (int step = 0; step <= steps; step += Math.max(1, steps / 60)) {
            double loss = start * (0.12 + 0.88 * Math.exp(-3.0 * step / steps)) + 0.03 * random.nextGaussian();
            points.add(new LossPoint(step, loss, step % 200 == 0 ? loss + 0.1 : null));
        }
        return new LossCurve(name, model, lossName, points);
    }

    private static Metrics metrics(Random random) {
        Map<String, ModelMetrics> models = new LinkedHashMap<>();
        List<String> names = List.of("base", "continued-sft", "bpo");
        for (String name : names) {
            Map<String, SplitMetrics> splits = new LinkedHashMap<>();
            splits.put("train", new SplitMetrics(null, null, Map.of(), preference(name, 256, 2.1, random)));
            splits.put("test", split(name, 248, -3.15, -3.5, random));
            splits.put("compositional", split(name, 132, -0.31, -1.35, random));
            models.put(name, new ModelMetrics("sha256:" + name, name.equals("base") ? null : "sha256:adapter", splits));
        }
        List<PairedDifference> paired = List.of(
                new PairedDifference("test", "captions.wordF1", "bpo", "continued-sft", -0.031, 0.011, 248, true),
                new PairedDifference("test", "captions.chairS", "bpo", "continued-sft", 0.004, 0.02, 248, false),
                new PairedDifference("compositional", "picture.gap", "bpo", "continued-sft", 0.18, 0.04, 132, true),
                new PairedDifference("compositional", "pope.accuracy", "bpo", "continued-sft", 0.02, 0.013, 392, true));
        List<WeakeningPoint> points = new ArrayList<>();
        for (int step = 0; step <= 900; step += 100) {
            double x = step / 900.0;
            points.add(new WeakeningPoint(step, -0.75 - 0.7 * x * x, 0.06, -1.9 + 1.1 * x * x, 0.05));
        }
        return new Metrics(
                Metrics.VERSION,
                Metrics.CONVENTIONS,
                models,
                paired,
                new WeakeningCurve("base", "compositional", 132, points),
                adapter(random));
    }

    private static SplitMetrics split(String model, int rows, double truth, double other, Random random) {
        double shift = 0.05 * random.nextGaussian();
        Map<String, PopeMetrics> pope = new LinkedHashMap<>();
        for (String kind : List.of("random", "popular", "adversarial")) {
            pope.put(kind, new PopeMetrics(392, 0.8 + shift, 0.79, 0.83, 0.81, 0.52));
        }
        return new SplitMetrics(
                new PictureGap(rows, rows * 9L, truth + shift, other, truth - other + shift, 0.06),
                new CaptionMetrics(rows, 0.22 + shift, 0.76, model.equals("bpo") ? null : 0.37, 0.55, 6.1, 0.99),
                pope,
                preference(model, rows * 2, 0.8, random));
    }

    private static Map<String, PreferenceMetrics> preference(String model, int pairs, double margin, Random random) {
        Map<String, PreferenceMetrics> types = new LinkedHashMap<>();
        for (String type : List.of("all", "mllm-hal", "retrieved-hal")) {
            double draw = 0.04 * random.nextGaussian();
            RewardMetrics reward = model.equals("base")
                    ? null
                    : new RewardMetrics(0.1, 0.85 + draw, margin + draw, 0.07, 0.4, 0.4 - margin - draw);
            types.put(type, new PreferenceMetrics(pairs, 0.82 + draw, 0.8 + draw, -9.4, -14.2, -1.1, reward));
        }
        return types;
    }

    private static AdapterMetrics adapter(Random random) {
        Map<String, HeadMetrics> heads = new LinkedHashMap<>();
        for (String head : List.of("tsp", "tsp-freed", "linear", "cosine")) {
            double shift = 0.03 * random.nextGaussian();
            Map<String, Spread> test = new LinkedHashMap<>();
            test.put("many", Spread.of(0.80 + shift, 0.82 + shift, 0.79 + shift));
            test.put("medium", Spread.of(0.31 + shift, 0.33 + shift, 0.36 + shift));
            test.put("few", Spread.of(0.25 + shift, 0.22 + shift, 0.28 + shift));
            test.put("all", Spread.of(0.37 + shift, 0.38 + shift, 0.40 + shift));
            test.put("harmonicMean", Spread.of(0.0));
            Map<String, Map<String, Spread>> ood = new LinkedHashMap<>();
            if (head.startsWith("tsp")) {
                ood.put("tspDensity", Map.of("auroc", Spread.of(0.71, 0.72, 0.70)));
            }
            double energy = head.startsWith("tsp") ? 0.42 : 0.74;
            ood.put(
                    "energy",
                    Map.of(
                            "auroc",
                            Spread.of(energy, energy + 0.02, energy + 0.03),
                            "fpr95",
                            Spread.of(0.9, 0.92, 0.91)));
            ood.put("msp", Map.of("auroc", Spread.of(0.68, 0.66, 0.70), "fpr95", Spread.of(0.8, 0.82, 0.81)));
            heads.put(head, new HeadMetrics(3, Map.of("test", test), ood));
        }
        return new AdapterMetrics(heads);
    }

    private static OodScores scores(String head, String score, double shift, Random random) {
        double[] in = random.doubles(248).map(x -> Math.log(x / (1 - x)) * 0.3).toArray();
        double[] out = random.doubles(270)
                .map(x -> Math.log(x / (1 - x)) * 0.3 + shift)
                .toArray();
        return new OodScores(head, score, in, out);
    }

    /** Weakened answers that are given away by their length, and swapped ones that are not; too few of the latter for a test. */
    private static ReportData.Negatives negatives() {
        Map<String, TypeMetrics> types = new TreeMap<>();
        List<WeakenedPoint> weakening = List.of(
                new WeakenedPoint(300, 400, 310, 0.81),
                new WeakenedPoint(400, 500, 290, 0.42),
                new WeakenedPoint(700, 800, 2, null),
                new WeakenedPoint(800, 900, 298, 0.11));
        types.put("mllm-hal", type(5, new WordTest(900, 420, 388, 0.8312, 0.0125), weakening, HOSTILE));
        types.put("swapped-hal", type(8, null, List.of(), "man climbing."));
        return new ReportData.Negatives(
                "negatives",
                new NegativeMetrics(
                        NegativeMetrics.VERSION, Map.of(), types, new WordTest(960, 420, 391, 0.8012, 0.0129)),
                Map.of("i0", png(Color.ORANGE)));
    }

    private static TypeMetrics type(int words, WordTest test, List<WeakenedPoint> weakening, String negative) {
        List<Long> positives = new ArrayList<>(Collections.nCopies(LengthHistogram.BINS.size(), 0L));
        List<Long> negatives = new ArrayList<>(positives);
        for (int bin = 4; bin < 13; bin++) {
            positives.set(bin, 100L - 20 * Math.abs(8 - bin));
            negatives.set(bin, 100L - 15 * Math.abs(words - bin) + 20);
        }
        List<NegativeMetrics.Example> examples = List.of(
                new NegativeMetrics.Example(
                        "c0", "1f600-0/describe", "i0", "<image>\nWhat?", "woman climbing.", negative),
                new NegativeMetrics.Example(
                        "c1", "1f600-1/describe", "lost", "<image>\nWhat?", "a lost picture", negative),
                new NegativeMetrics.Example("c2", "1f600-2/describe", null, "What?", "no picture", ""));
        return new TypeMetrics(
                900,
                54_321,
                12_345,
                6.4,
                9.1,
                0.123,
                0.1,
                new LengthRatio(0.4, 0.71, 1.2),
                new Diversity(5760, 388, 0.0674, 0.3),
                new Diversity(8190, 402, 0.0491, 0.21),
                new LengthHistogram(LengthHistogram.BINS, positives, negatives),
                List.of(new Source("0123456789abcdef".repeat(4), "stop", 880), new Source("lexicon", "stop", 20)),
                test,
                weakening,
                examples);
    }

    private static List<Example> examples() {
        List<Example> examples = new ArrayList<>();
        for (int index = 0; index < 5; index++) {
            Color color = Color.getHSBColor(index / 5f, 0.7f, 0.9f);
            examples.add(new Example(
                    "1f600-" + index + "/describe",
                    index % 2 == 0 ? "compositional" : "test",
                    png(color),
                    png(color.darker().darker()),
                    500,
                    "<image>\nWhat does this show?",
                    "woman climbing: medium-light skin tone. Related: climb, climber.",
                    List.of(
                            new Labelled("mllm-hal", index == 0 ? HOSTILE : "man walking. Related: hike."),
                            new Labelled("retrieved-hal", "woman biking: dark skin tone. Related: bicycle.")),
                    List.of(
                            new Labelled("base", "woman climbing."),
                            new Labelled("continued-sft", ""),
                            new Labelled("bpo", "woman climbing: medium skin tone. Related: climb."))));
        }
        return examples;
    }

    private static byte[] png(Color color) {
        BufferedImage image = new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, 64, 64);
        graphics.setColor(color);
        graphics.fillOval(8, 8, 48, 48);
        graphics.dispose();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
