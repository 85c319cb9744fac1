package org.ballast.core.image;

import com.code_intelligence.jazzer.junit.FuzzTest;
import org.ballast.core.fuzz.ReaderContract;
import org.ballast.core.image.ImageInspector.Check;

/** Picture files of every format, looked at as closely as can be. */
class ImageInspectorFuzz {
    private static final ImageLimits LIMITS = new ImageLimits(1 << 20, 1 << 16, 4096, 100);

    @FuzzTest
    void inspector(byte[] input) {
        ReaderContract.check(input, ImageInspectorFuzz::read);
    }

    static void read(byte[] input) {
        try {
            new ImageInspector(LIMITS, Check.HEADER, 0, false).inspect(input);
            InspectedImage image = new ImageInspector(LIMITS, Check.FULL, 7, true).inspect(input);
            if (image.dHash() == null || Math.max(image.width(), image.height()) > 7) {
                throw new AssertionError("not what was asked for: " + image);
            }
        } catch (ImageRejected e) {
            if (e.getMessage() == null || e.getMessage().isBlank()) {
                throw new AssertionError("a rejection without a message", e);
            }
        }
    }
}
