package org.ballast.jobs.report;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.Supplier;
import javax.imageio.ImageIO;
import org.jfree.chart.JFreeChart;

/**
 * A plot with its caption, drawn twice: for a wide page and for a narrow one, so that its letters keep their size. Each
 * drawing has two pixels a CSS pixel.
 *
 * @param id anchor on the page
 * @param caption what is seen, with units and n
 * @param alternative one sentence for who cannot see it
 * @param width CSS pixels across on a wide page
 * @param wide PNG for a wide page
 * @param narrow PNG for a narrow page, {@value #NARROW} CSS pixels across
 */
record Figure(String id, String caption, String alternative, int width, byte[] wide, byte[] narrow) {
    /** A figure that stands alone in its row. */
    static final int FULL = 1072;

    /** One of two figures in a row. */
    static final int HALF = 520;

    static final int NARROW = 368;
    private static final int SCALE = 2;

    /** Draws the chart at both widths; charts are made anew, for JFreeChart lays them out while it draws. */
    static Figure draw(
            String id, String caption, String alternative, int width, int height, Supplier<JFreeChart> chart) {
        byte[] wide = png(chart.get(), width, height);
        byte[] narrow = png(chart.get(), NARROW, Math.min(height, 280));
        return new Figure(id, caption, alternative, width, wide, narrow);
    }

    private static byte[] png(JFreeChart chart, int width, int height) {
        BufferedImage image =
                chart.createBufferedImage(width * SCALE, height * SCALE, (double) width, (double) height, null);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
