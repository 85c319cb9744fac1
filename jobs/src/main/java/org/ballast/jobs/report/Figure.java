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
 * @param wide PNG, {@value #WIDE} CSS pixels across
 * @param narrow PNG, {@value #NARROW} CSS pixels across
 */
record Figure(String id, String caption, String alternative, byte[] wide, byte[] narrow, int wideHeight) {
    static final int WIDE = 760;
    static final int NARROW = 368;
    private static final int SCALE = 2;

    /** Draws the chart at both widths; charts are made anew, for JFreeChart lays them out while it draws. */
    static Figure draw(String id, String caption, String alternative, int height, Supplier<JFreeChart> chart) {
        byte[] wide = png(chart.get(), WIDE, height);
        byte[] narrow = png(chart.get(), NARROW, Math.max(260, height * 3 / 4));
        return new Figure(id, caption, alternative, wide, narrow, height);
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
