package org.ballast.core.data;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Objects;

/**
 * A picture as it was found: table {@code images}, key {@code image_id}.
 *
 * @param imageId {@link Sha256#of(byte[])} of {@code bytes}
 * @param bytes the encoded picture; taken and returned without a copy, not to be changed
 * @param path file name that a reader may show, relative to the image root it came from
 * @param width pixels, before any EXIF rotation
 * @param height pixels, before any EXIF rotation
 * @param format lower-case name of the encoding: {@code png}, {@code jpeg} ...
 */
public record ImageRow(String imageId, byte[] bytes, String path, int width, int height, String format)
        implements Serializable {
    public ImageRow {
        Rows.require(Sha256.isDigest(imageId), "image", imageId, "image_id", imageId, "must be a sha256");
        Rows.require(bytes != null && bytes.length > 0, "image", imageId, "bytes", "none", "must not be empty");
        Rows.requireText(path, "image", imageId, "path");
        Rows.require(width > 0, "image", imageId, "width", width, "must be positive");
        Rows.require(height > 0, "image", imageId, "height", height, "must be positive");
        Rows.requireText(format, "image", imageId, "format");
    }

    /** Two rows are equal when all columns are, {@code bytes} by content. */
    @Override
    public boolean equals(Object other) {
        return other instanceof ImageRow that
                && imageId.equals(that.imageId)
                && Arrays.equals(bytes, that.bytes)
                && path.equals(that.path)
                && width == that.width
                && height == that.height
                && format.equals(that.format);
    }

    @Override
    public int hashCode() {
        return Objects.hash(imageId, path, width, height, format);
    }

    @Override
    public String toString() {
        return "ImageRow[imageId=%s, path=%s, %dx%d %s, %d bytes]"
                .formatted(imageId, path, width, height, format, bytes.length);
    }
}
