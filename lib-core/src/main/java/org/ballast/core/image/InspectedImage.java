package org.ballast.core.image;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Objects;

/**
 * A picture that {@link ImageInspector} let pass.
 *
 * @param bytes the file: the very array that was given, or a new one when the picture was resized
 * @param width pixels as stored in {@code bytes}, before any EXIF rotation; null when nothing was read
 * @param height likewise
 * @param format {@link ImageHeader.Format#code()}; null when nothing was read
 * @param orientation EXIF's, 1 to 8; 1 when there is none or nothing was read
 * @param dHash {@link DifferenceHash} of the picture as it was given; null unless asked for
 */
@SuppressWarnings("ArrayRecordComponent")
public record InspectedImage(byte[] bytes, Integer width, Integer height, String format, int orientation, Long dHash)
        implements Serializable {
    public InspectedImage {
        Objects.requireNonNull(bytes, "bytes");
        if (orientation < 1 || orientation > 8) {
            throw new IllegalArgumentException("orientation must be 1 to 8, was " + orientation);
        }
        if ((width == null) != (height == null) || (width == null) != (format == null)) {
            throw new IllegalArgumentException("width, height and format are known together or not at all");
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof InspectedImage that
                && Arrays.equals(bytes, that.bytes)
                && Objects.equals(width, that.width)
                && Objects.equals(height, that.height)
                && Objects.equals(format, that.format)
                && orientation == that.orientation
                && Objects.equals(dHash, that.dHash);
    }

    @Override
    public int hashCode() {
        return Objects.hash(Arrays.hashCode(bytes), width, height, format, orientation, dHash);
    }

    @Override
    public String toString() {
        return "InspectedImage[%d bytes, %s x %s %s, orientation %d, dHash %s]"
                .formatted(
                        bytes.length,
                        width,
                        height,
                        format,
                        orientation,
                        dHash == null ? "none" : Long.toHexString(dHash));
    }
}
