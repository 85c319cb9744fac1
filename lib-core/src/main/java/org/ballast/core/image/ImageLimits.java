package org.ballast.core.image;

import java.io.Serializable;

/**
 * Bounds that are checked on a picture's header before anything of its size is allocated.
 *
 * @param maxBytes of the file
 * @param maxPixels width times height
 * @param maxSide the longer of width and height
 * @param maxAspectRatio the longer side over the shorter, at least 1; {@link Double#POSITIVE_INFINITY} for any
 */
public record ImageLimits(long maxBytes, long maxPixels, int maxSide, double maxAspectRatio) implements Serializable {
    public ImageLimits {
        if (maxBytes < 1 || maxPixels < 1 || maxSide < 1) {
            throw new IllegalArgumentException("image limits must be positive: maxBytes " + maxBytes + ", maxPixels "
                    + maxPixels + ", maxSide " + maxSide);
        }
        if (!(maxAspectRatio >= 1)) {
            throw new IllegalArgumentException("image limit maxAspectRatio must be at least 1, was " + maxAspectRatio);
        }
    }

    /** Limits that leave the aspect ratio free. */
    public ImageLimits(long maxBytes, long maxPixels, int maxSide) {
        this(maxBytes, maxPixels, maxSide, Double.POSITIVE_INFINITY);
    }

    boolean allowSides(int width, int height) {
        return Math.max(width, height) <= maxSide
                && (long) width * height <= maxPixels
                && Math.max(width, height) <= maxAspectRatio * Math.min(width, height);
    }
}
