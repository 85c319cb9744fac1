package org.ballast.jobs.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.util.List;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.Axis;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.block.BlockBorder;
import org.jfree.chart.plot.CategoryPlot;
import org.jfree.chart.plot.Plot;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.title.LegendTitle;
import org.jfree.chart.ui.RectangleEdge;
import org.jfree.chart.ui.RectangleInsets;

/** One look for all figures: colours that keep their meaning, one type size, grid lines that stay behind. */
final class Theme {
    static final Color INK = new Color(0x1f2933);
    static final Color MUTED = new Color(0x52606d);
    static final Color GRID = new Color(0xe4e7eb);
    static final Color NONE = new Color(0, true);

    static final Color MANY = new Color(0x0b5563);
    static final Color MEDIUM = new Color(0x2a9d8f);
    static final Color FEW = new Color(0xe9a03b);

    static final Color TRUTH = new Color(0x1f6feb);
    static final Color PRIOR = new Color(0xd1495b);

    static final Color IN_DISTRIBUTION = new Color(0x1f6feb);
    static final Color OUT_OF_DISTRIBUTION = new Color(0xd1495b);

    /** Series without a meaning of their own: models in their order, heads in theirs. */
    static final List<Color> SERIES = List.of(
            new Color(0x7b8794),
            new Color(0x1f6feb),
            new Color(0xd9730d),
            new Color(0x0f9d78),
            new Color(0x8e4ec6),
            new Color(0xb83280),
            new Color(0x8a6d3b));

    static final BasicStroke LINE = new BasicStroke(2f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND);
    static final BasicStroke DASHED =
            new BasicStroke(2f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1f, new float[] {5f, 4f}, 0f);
    private static final BasicStroke HAIR = new BasicStroke(1f);
    private static final Font LABEL = new Font(Font.SANS_SERIF, Font.PLAIN, 12);
    private static final Font TICK = new Font(Font.SANS_SERIF, Font.PLAIN, 11);

    private Theme() {}

    static Color series(int index) {
        return SERIES.get(index % SERIES.size());
    }

    static Color translucent(Color color, int alpha) {
        return new Color(color.getRed(), color.getGreen(), color.getBlue(), alpha);
    }

    /** A chart around a plot, with its legend above it where there is more than one series to tell apart. */
    static JFreeChart chart(Plot plot, boolean legend) {
        JFreeChart chart = new JFreeChart(null, null, plot, false);
        chart.setBackgroundPaint(Color.WHITE);
        chart.setPadding(new RectangleInsets(4, 4, 4, 8));
        if (legend) {
            LegendTitle title = new LegendTitle(plot);
            title.setItemFont(TICK);
            title.setItemPaint(INK);
            title.setBackgroundPaint(Color.WHITE);
            title.setFrame(BlockBorder.NONE);
            title.setPosition(RectangleEdge.TOP);
            title.setItemLabelPadding(new RectangleInsets(2, 4, 2, 12));
            chart.addSubtitle(title);
        }
        plot.setBackgroundPaint(Color.WHITE);
        plot.setOutlineVisible(false);
        if (plot instanceof XYPlot xy) {
            dress(xy.getDomainAxis());
            dress(xy.getRangeAxis());
            xy.setDomainGridlinesVisible(false);
            xy.setRangeGridlinePaint(GRID);
            xy.setRangeGridlineStroke(HAIR);
            xy.setAxisOffset(RectangleInsets.ZERO_INSETS);
        } else if (plot instanceof CategoryPlot category) {
            dress(category.getDomainAxis());
            dress(category.getRangeAxis());
            category.setRangeGridlinePaint(GRID);
            category.setRangeGridlineStroke(HAIR);
            category.setAxisOffset(RectangleInsets.ZERO_INSETS);
        }
        return chart;
    }

    private static void dress(Axis axis) {
        axis.setLabelFont(LABEL);
        axis.setLabelPaint(MUTED);
        axis.setTickLabelFont(TICK);
        axis.setTickLabelPaint(MUTED);
        axis.setAxisLinePaint(GRID);
        axis.setTickMarksVisible(false);
        if (axis instanceof NumberAxis number) {
            number.setAutoRangeIncludesZero(false);
        }
    }
}
