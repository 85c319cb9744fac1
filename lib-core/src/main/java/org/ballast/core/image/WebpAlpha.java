package org.ballast.core.image;

import java.util.Arrays;
import org.ballast.core.image.ImageRejected.Reason;
import org.ballast.core.image.WebpFile.Span;
import org.ballast.core.image.vp8l.Vp8lDecoder;

/** The chunk ALPH of a lossy WebP: plain bytes or the green of a lossless bit stream without its header, filtered (WebP container specification, "Alpha"). */
final class WebpAlpha {
    private WebpAlpha() {}

    /** The plane {@code [frameHeight, frameWidth]}. */
    static byte[] decode(byte[] bytes, WebpFile file) throws ImageRejected {
        Span chunk = file.alphaPlane();
        int width = file.frameWidth();
        int height = file.frameHeight();
        if (chunk.length() < 1) {
            throw new ImageRejected(Reason.CORRUPT, "webp with an empty alpha chunk");
        }
        int flags = bytes[chunk.from()] & 255;
        Span data = new Span(chunk.from() + 1, chunk.length() - 1);
        byte[] plane =
                switch (flags & 3) {
                    case 0 -> plain(bytes, data, width * height);
                    case 1 -> lossless(bytes, data, width, height);
                    default -> throw new ImageRejected(
                            Reason.UNSUPPORTED, "webp with alpha compression " + (flags & 3));
                };
        unfilter(plane, width, flags >> 2 & 3);
        return plane;
    }

    private static byte[] plain(byte[] bytes, Span data, int size) throws ImageRejected {
        if (data.length() < size) {
            throw new ImageRejected(
                    Reason.TRUNCATED, "webp with " + data.length() + " bytes of alpha for " + size + " pixels");
        }
        return Arrays.copyOfRange(bytes, data.from(), data.from() + size);
    }

    private static byte[] lossless(byte[] bytes, Span data, int width, int height) throws ImageRejected {
        int[] argb = Vp8lDecoder.decode(bytes, data.from(), data.end(), width, height);
        byte[] plane = new byte[argb.length];
        for (int i = 0; i < plane.length; i++) {
            plane[i] = (byte) (argb[i] >> 8); // green
        }
        return plane;
    }

    /** Adds to each value its prediction: of its left, its upper, or both neighbours; the first row goes by the left, the first column by the upper one. */
    private static void unfilter(byte[] plane, int width, int filter) {
        if (filter == 0) {
            return;
        }
        for (int at = 1; at < plane.length; at++) {
            int prediction;
            if (at < width) {
                prediction = plane[at - 1];
            } else if (at % width == 0) {
                prediction = plane[at - width];
            } else {
                prediction = switch (filter) {
                    case 1 -> plane[at - 1];
                    case 2 -> plane[at - width];
                    default -> Math.max(
                            0,
                            Math.min(
                                    255,
                                    (plane[at - 1] & 255) + (plane[at - width] & 255) - (plane[at - width - 1] & 255)));
                };
            }
            plane[at] += (byte) prediction;
        }
    }
}
