package org.ballast.core.image;

import java.io.Serializable;

/**
 * Bounds that are checked on a picture's header before anything of its size is allocated.
 *
 * @param maxBytes of the file
 * @param maxPixels width times height
 * @param maxSide the longer of width and height
 */
public record ImageLimits(long maxBytes, long maxPixels, int maxSide) implements Serializable {
    public ImageLimits {
        if (maxBytes < 1 || maxPixels < 1 || maxSide < 1) {
            throw new IllegalArgumentException("image limits must be positive: maxBytes " + maxBytes + ", maxPixels "
                    + maxPixels + ", maxSide " + maxSide);
        }
    }
}
