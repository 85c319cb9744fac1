package org.ballast.jobs.report;

import java.awt.Color;
import java.awt.geom.Ellipse2D;
import java.text.NumberFormat;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.DoubleStream;
import org.ballast.jobs.report.ReportData.ClassCount;
import org.ballast.jobs.report.ReportData.Frequency;
import org.ballast.jobs.report.ReportData.LossCurve;
import org.ballast.jobs.report.ReportData.LossPoint;
import org.ballast.jobs.report.ReportData.OodScores;
import org.ballast.spark.evaluate.Metrics.AdapterMetrics;
import org.ballast.spark.evaluate.Metrics.ModelMetrics;
import org.ballast.spark.evaluate.Metrics.RewardMetrics;
import org.ballast.spark.evaluate.Metrics.Spread;
import org.ballast.spark.evaluate.Metrics.WeakeningCurve;
import org.ballast.spark.evaluate.Metrics.WeakeningPoint;
import org.ballast.spark.negative.LengthHistogram;
import org.ballast.spark.negative.NegativeMetrics;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.CategoryAxis;
import org.jfree.chart.axis.LogAxis;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.axis.NumberTickUnit;
import org.jfree.chart.plot.CategoryPlot;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.renderer.category.StandardBarPainter;
import org.jfree.chart.renderer.category.StatisticalBarRenderer;
import org.jfree.chart.renderer.xy.StandardXYBarPainter;
import org.jfree.chart.renderer.xy.XYBarRenderer;
import org.jfree.chart.renderer.xy.XYErrorRenderer;
import org.jfree.chart.renderer.xy.XYLineAndShapeRenderer;
import org.jfree.data.statistics.DefaultStatisticalCategoryDataset;
import org.jfree.data.xy.XYIntervalSeries;
import org.jfree.data.xy.XYIntervalSeriesCollection;
import org.jfree.data.xy.XYSeries;
import org.jfree.data.xy.XYSeriesCollection;
import org.jfree.data.xy.YIntervalSeries;
import org.jfree.data.xy.YIntervalSeriesCollection;

/** The plots of the report, one method each; titles and captions are the page's. */
final class Charts {
    private static final int BINS = 30;

    private Charts() {}

    /** Training images of every class, most frequent first, on a logarithmic axis. */
    static JFreeChart classes(List<ClassCount> classes) {
        List<ClassCount> sorted = classes.stream()
                .sorted(Comparator.comparingLong(ClassCount::images).reversed())
                .toList();
        Map<Frequency, XYIntervalSeries> series = new EnumMap<>(Frequency.class);
        for (Frequency frequency : Frequency.values()) {
            series.put(frequency, new XYIntervalSeries(frequency.label));
        }
        for (int rank = 0; rank < sorted.size(); rank++) {
            long images = sorted.get(rank).images();
            if (images > 0) {
                double x = rank + 1;
                series.get(sorted.get(rank).frequency()).add(x, x - 0.42, x + 0.42, images, images, images);
            }
        }
        XYIntervalSeriesCollection data = new XYIntervalSeriesCollection();
        series.values().forEach(data::addSeries);
        NumberAxis x = new NumberAxis("class, by rank");
        x.setRange(0, sorted.size() + 1.0);
        LogAxis y = new LogAxis("training images (log scale)");
        double most = sorted.isEmpty() ? 1 : sorted.get(0).images();
        y.setRange(0.7, Math.max(2, most * 1.5));
        y.setStandardTickUnits(NumberAxis.createIntegerTickUnits());
        y.setNumberFormatOverride(NumberFormat.getIntegerInstance(Locale.ROOT));
        y.setTickUnit(new NumberTickUnit(1));
        XYBarRenderer renderer = flatBars();
        renderer.setBase(0.7);
        renderer.setSeriesPaint(0, Theme.MANY);
        renderer.setSeriesPaint(1, Theme.MEDIUM);
        renderer.setSeriesPaint(2, Theme.FEW);
        return Theme.chart(new XYPlot(data, x, y, renderer), true);
    }

    /** Loss against the step, the held-out loss dashed where it was measured. */
    static JFreeChart loss(LossCurve curve, Color color) {
        XYSeries training = new XYSeries("training");
        XYSeries heldOut = new XYSeries("held-out");
        for (LossPoint point : curve.points()) {
            training.add(point.step(), point.loss());
            if (point.heldOut() != null) {
                heldOut.add((double) point.step(), point.heldOut());
            }
        }
        XYSeriesCollection data = new XYSeriesCollection(training);
        XYLineAndShapeRenderer renderer = new XYLineAndShapeRenderer(true, false);
        line(renderer, 0, color);
        if (!heldOut.isEmpty()) {
            data.addSeries(heldOut);
            line(renderer, 1, color);
            renderer.setSeriesStroke(1, Theme.DASHED);
        }
        NumberAxis x = new NumberAxis("optimizer step");
        NumberAxis y = new NumberAxis(curve.lossName());
        return Theme.chart(new XYPlot(data, x, y, renderer), !heldOut.isEmpty());
    }

    /** Log-probability a token of the truth and of the prior's answer against the diffusion step, with standard errors. */
    static JFreeChart weakening(WeakeningCurve curve) {
        YIntervalSeries truth = new YIntervalSeries("true response");
        YIntervalSeries prior = new YIntervalSeries("answer to a blank picture");
        for (WeakeningPoint point : curve.points()) {
            double t = point.truthStandardError();
            truth.add(point.step(), point.truth(), point.truth() - t, point.truth() + t);
            double p = point.priorStandardError();
            prior.add(point.step(), point.prior(), point.prior() - p, point.prior() + p);
        }
        YIntervalSeriesCollection data = new YIntervalSeriesCollection();
        data.addSeries(truth);
        data.addSeries(prior);
        XYErrorRenderer renderer = new XYErrorRenderer();
        renderer.setDefaultLinesVisible(true);
        renderer.setDrawXError(false);
        renderer.setCapLength(5);
        line(renderer, 0, Theme.TRUTH);
        line(renderer, 1, Theme.PRIOR);
        NumberAxis x = new NumberAxis("diffusion step t (0 = clean picture)");
        x.setTickUnit(new NumberTickUnit(100));
        NumberAxis y = new NumberAxis("mean log-prob per token (nats)");
        return Theme.chart(new XYPlot(data, x, y, renderer), true);
    }

    /** Accuracy by group of classes, a bar a head, one standard deviation over seeds as whisker. */
    static JFreeChart headAccuracy(AdapterMetrics adapter, String split) {
        DefaultStatisticalCategoryDataset data = new DefaultStatisticalCategoryDataset();
        adapter.heads().forEach((head, metrics) -> {
            Map<String, Spread> figures = metrics.accuracy().getOrDefault(split, Map.of());
            for (String group : List.of("many", "medium", "few", "all")) {
                Spread spread = figures.get(group);
                if (spread != null) {
                    data.add(spread.mean(), spread.standardDeviation(), head, group);
                }
            }
        });
        return bars(data, "accuracy (pooled)", 3);
    }

    /** Mean implicit-reward margin on training and held-out pairs, a bar a model, two standard errors as whisker. */
    static JFreeChart margins(Map<String, ModelMetrics> models) {
        DefaultStatisticalCategoryDataset data = new DefaultStatisticalCategoryDataset();
        int colour = 1;
        for (Map.Entry<String, ModelMetrics> model : models.entrySet()) {
            model.getValue().splits().forEach((split, metrics) -> {
                var all = metrics.preference().get("all");
                RewardMetrics reward = all == null ? null : all.reward();
                if (reward != null) {
                    data.add(reward.margin(), 2 * reward.marginStandardError(), model.getKey(), split);
                }
            });
        }
        return bars(data, "mean reward margin", colour);
    }

    private static JFreeChart bars(DefaultStatisticalCategoryDataset data, String label, int firstColour) {
        StatisticalBarRenderer renderer = new StatisticalBarRenderer();
        renderer.setBarPainter(new StandardBarPainter());
        renderer.setShadowVisible(false);
        renderer.setDrawBarOutline(false);
        renderer.setItemMargin(0.06);
        renderer.setErrorIndicatorPaint(Theme.INK);
        for (int series = 0; series < data.getRowCount(); series++) {
            renderer.setSeriesPaint(series, Theme.series(firstColour + series));
        }
        CategoryAxis x = new CategoryAxis();
        x.setCategoryMargin(0.22);
        x.setLowerMargin(0.02);
        x.setUpperMargin(0.02);
        x.setMaximumCategoryLabelLines(2);
        NumberAxis y = new NumberAxis(label);
        JFreeChart chart = Theme.chart(new CategoryPlot(data, x, y, renderer), true);
        y.setAutoRangeIncludesZero(true);
        return chart;
    }

    /** Densities of one head's score for in- and out-of-distribution samples, in shared bins of equal width. */
    static JFreeChart oodScores(OodScores scores) {
        double[] all = DoubleStream.concat(
                        DoubleStream.of(scores.inDistribution()), DoubleStream.of(scores.outOfDistribution()))
                .sorted()
                .toArray();
        double low = all[0];
        double high = all[all.length - 1];
        double width = high > low ? (high - low) / BINS : 1;
        XYIntervalSeriesCollection data = new XYIntervalSeriesCollection();
        data.addSeries(density("in-distribution test", scores.inDistribution(), low, width));
        data.addSeries(density("out-of-distribution", scores.outOfDistribution(), low, width));
        XYBarRenderer renderer = flatBars();
        renderer.setSeriesPaint(0, Theme.translucent(Theme.IN_DISTRIBUTION, 150));
        renderer.setSeriesPaint(1, Theme.translucent(Theme.OUT_OF_DISTRIBUTION, 150));
        NumberAxis x = new NumberAxis("score (higher = more out-of-distribution)");
        NumberAxis y = new NumberAxis("share of samples");
        JFreeChart chart = Theme.chart(new XYPlot(data, x, y, renderer), true);
        y.setAutoRangeIncludesZero(true);
        return chart;
    }

    /** Share of the values in each bin; the last bin holds the largest value. */
    private static XYIntervalSeries density(String name, double[] values, double low, double width) {
        int[] counts = new int[BINS];
        for (double value : values) {
            counts[Math.min(BINS - 1, (int) ((value - low) / width))]++;
        }
        XYIntervalSeries series = new XYIntervalSeries(name);
        for (int bin = 0; bin < BINS; bin++) {
            double left = low + bin * width;
            double share = (double) counts[bin] / values.length;
            series.add(left + width / 2, left, left + width, share, share, share);
        }
        return series;
    }

    /** Shares of positives and negatives by their words, from the first bin that holds any to the last. */
    static JFreeChart lengths(LengthHistogram lengths) {
        DefaultStatisticalCategoryDataset data = new DefaultStatisticalCategoryDataset();
        double positives =
                lengths.positive().stream().mapToLong(Long::longValue).sum();
        double negatives =
                lengths.negative().stream().mapToLong(Long::longValue).sum();
        int first = lengths.from().size();
        int last = -1;
        for (int bin = 0; bin < lengths.from().size(); bin++) {
            if (lengths.positive().get(bin) + lengths.negative().get(bin) > 0) {
                first = Math.min(first, bin);
                last = bin;
            }
        }
        for (int bin = first; bin <= last; bin++) {
            data.add(lengths.positive().get(bin) / positives, 0, "positive", lengths.label(bin));
            data.add(lengths.negative().get(bin) / negatives, 0, "negative", lengths.label(bin));
        }
        JFreeChart chart = bars(data, "share of responses", 0);
        CategoryPlot plot = chart.getCategoryPlot();
        plot.getDomainAxis().setLabel("words");
        plot.getRenderer().setSeriesPaint(0, Theme.TRUTH);
        plot.getRenderer().setSeriesPaint(1, Theme.PRIOR);
        ((StatisticalBarRenderer) plot.getRenderer()).setErrorIndicatorPaint(Theme.NONE);
        return chart;
    }

    /** Share of the positives' words that negatives keep, against the diffusion step. */
    static JFreeChart kept(List<NegativeMetrics.WeakenedPoint> points) {
        XYSeries kept = new XYSeries("kept");
        points.forEach(point -> kept.add((point.from() + point.to()) / 2.0, point.kept()));
        XYLineAndShapeRenderer renderer = new XYLineAndShapeRenderer();
        line(renderer, 0, Theme.PRIOR);
        NumberAxis x = new NumberAxis("diffusion step t");
        x.setTickUnit(new NumberTickUnit(100));
        NumberAxis y = new NumberAxis("share of the right words");
        y.setRange(0, 1);
        return Theme.chart(new XYPlot(new XYSeriesCollection(kept), x, y, renderer), false);
    }

    private static XYBarRenderer flatBars() {
        XYBarRenderer renderer = new XYBarRenderer();
        renderer.setBarPainter(new StandardXYBarPainter());
        renderer.setShadowVisible(false);
        renderer.setDrawBarOutline(false);
        return renderer;
    }

    private static void line(XYLineAndShapeRenderer renderer, int series, Color color) {
        renderer.setSeriesPaint(series, color);
        renderer.setSeriesStroke(series, Theme.LINE);
        renderer.setSeriesShape(series, new Ellipse2D.Double(-3, -3, 6, 6));
    }

    /** Names of the splits that any head was measured on, in order. */
    static List<String> accuracySplits(AdapterMetrics adapter) {
        List<String> splits = new ArrayList<>();
        adapter.heads().values().forEach(head -> head.accuracy().keySet().stream()
                .filter(split -> !splits.contains(split))
                .forEach(splits::add));
        return splits;
    }
}
