package org.ballast.core.image;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Objects;

/**
 * An 8-bit RGB raster.
 *
 * @param rgb {@code [height, width, 3]}, row by row; not copied, so do not write to it
 */
@SuppressWarnings("ArrayRecordComponent")
public record RgbImage(int width, int height, byte[] rgb) implements Serializable {
    public RgbImage {
        Objects.requireNonNull(rgb, "rgb");
        if (width < 1 || height < 1 || rgb.length != 3L * width * height) {
            throw new IllegalArgumentException(
                    "an RGB raster of " + width + " x " + height + " cannot have " + rgb.length + " bytes");
        }
    }

    /** The raster as a PNG file. */
    public byte[] toPng() {
        return ImageEncoder.encode(this, ImageHeader.Format.PNG);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RgbImage that
                && width == that.width
                && height == that.height
                && Arrays.equals(rgb, that.rgb);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * width + height) + Arrays.hashCode(rgb);
    }

    @Override
    public String toString() {
        return "RgbImage[" + width + " x " + height + "]";
    }
}
