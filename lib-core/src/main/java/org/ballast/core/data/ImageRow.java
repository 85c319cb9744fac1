package org.ballast.core.data;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Objects;

/**
 * A picture as it was found: table {@code images}, key {@code image_id}.
 *
 * @param imageId {@link Sha256#of(byte[])} of the file as it came; of a picture that is only referenced, of its URI
 * @param bytes the encoded picture, taken and returned without a copy, not to be changed; null when it is only referenced
 * @param path file name that a reader may show, relative to the image root it came from; of a reference the URI
 * @param width pixels, before any EXIF rotation; null when nobody looked
 * @param height pixels, before any EXIF rotation; null when nobody looked
 * @param format lower-case name of the encoding: {@code png}, {@code jpeg} ...; null when nobody looked
 * @param orientation EXIF orientation, 1 to 8; 1 when there is none
 * @param dHash 64-bit difference hash, null when it was not asked for
 */
public record ImageRow(
        String imageId,
        byte[] bytes,
        String path,
        Integer width,
        Integer height,
        String format,
        int orientation,
        Long dHash)
        implements Serializable {
    public ImageRow {
        Rows.require(Sha256.isDigest(imageId), "image", imageId, "image_id", imageId, "must be a sha256");
        Rows.require(bytes == null || bytes.length > 0, "image", imageId, "bytes", "none", "must not be empty");
        Rows.requireText(path, "image", imageId, "path");
        Rows.require(width == null || width > 0, "image", imageId, "width", width, "must be positive");
        Rows.require(height == null || height > 0, "image", imageId, "height", height, "must be positive");
        Rows.require(format == null || !format.isEmpty(), "image", imageId, "format", format, "must not be empty");
        Rows.require(
                orientation >= 1 && orientation <= 8,
                "image",
                imageId,
                "orientation",
                orientation,
                "must be in 1 .. 8");
    }

    /** An upright picture. */
    public ImageRow(String imageId, byte[] bytes, String path, int width, int height, String format) {
        this(imageId, bytes, path, width, height, format, 1, null);
    }

    /** Two rows are equal when all columns are, {@code bytes} by content. */
    @Override
    public boolean equals(Object other) {
        return other instanceof ImageRow that
                && imageId.equals(that.imageId)
                && Arrays.equals(bytes, that.bytes)
                && path.equals(that.path)
                && Objects.equals(width, that.width)
                && Objects.equals(height, that.height)
                && Objects.equals(format, that.format)
                && orientation == that.orientation
                && Objects.equals(dHash, that.dHash);
    }

    @Override
    public int hashCode() {
        return Objects.hash(imageId, path, width, height, format, orientation, dHash);
    }

    @Override
    public String toString() {
        return "ImageRow[imageId=%s, path=%s, %sx%s %s, %s]"
                .formatted(
                        imageId, path, width, height, format, bytes == null ? "by reference" : bytes.length + " bytes");
    }
}
