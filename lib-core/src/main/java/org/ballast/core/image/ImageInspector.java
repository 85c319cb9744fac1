package org.ballast.core.image;

import java.io.Serializable;
import java.util.Objects;
import org.ballast.core.image.ImageHeader.Format;

/**
 * Looks at a picture file before it is stored: within the limits, of a format that is read, whole; and makes what is stored beside it.
 *
 * <p>A picture whose longer side exceeds {@code resizeLongestEdge} is replaced by a smaller one: decoded, turned upright, composited on white where it is
 * transparent, resized by {@link PilResize} (bicubic) to that longer side, the shorter one rounded and at least 1, and encoded in the format it came in where
 * the JDK writes that well: JPEG (quality 0.95), PNG, BMP, TIFF (Deflate). A lossy WebP becomes a JPEG, a lossless one and a GIF a PNG. Metadata and profiles
 * do not come along, and its orientation is 1. Smaller pictures stay as they are, byte for byte.
 *
 * @param limits checked on the header, before anything of the picture's size is allocated; of {@link Check#NONE} only the bytes' number is
 * @param resizeLongestEdge pixels, 0 for no resizing
 * @param dHash whether the {@link DifferenceHash} is taken, for which the picture is decoded
 */
public record ImageInspector(ImageLimits limits, Check check, int resizeLongestEdge, boolean dHash)
        implements Serializable {

    /** How much of a picture is looked at. */
    public enum Check {
        /** Nothing but the number of its bytes. */
        NONE,
        /** Its header. */
        HEADER,
        /** All of it: it is decoded. */
        FULL
    }

    public ImageInspector {
        Objects.requireNonNull(limits, "limits");
        Objects.requireNonNull(check, "check");
        if (resizeLongestEdge < 0) {
            throw new IllegalArgumentException(
                    "longest edge to resize to must be 0 for none or positive, was " + resizeLongestEdge);
        }
        if (check == Check.NONE && (resizeLongestEdge > 0 || dHash)) {
            throw new IllegalArgumentException(
                    "to be resized or hashed a picture is decoded: check must be header or full");
        }
    }

    /**
     * Inspects a picture.
     *
     * @param bytes of the file, not changed
     * @throws ImageRejected with a reason; never anything else for what the bytes hold
     */
    public InspectedImage inspect(byte[] bytes) throws ImageRejected {
        var decoder = new ImageDecoder(limits, RgbConversion.TRANSFORMERS);
        if (check == Check.NONE) {
            decoder.requireSize(bytes);
            return new InspectedImage(bytes, null, null, null, ExifOrientation.UPRIGHT, null);
        }
        ImageHeader header = decoder.header(bytes);
        int orientation = ExifOrientation.of(header.format(), bytes);
        boolean resize = resizeLongestEdge > 0 && Math.max(header.width(), header.height()) > resizeLongestEdge;
        Long hash = null;
        InspectedImage resized = null;
        if (resize || dHash) {
            DecodedPicture picture = decoder.decodeAsStored(header, bytes);
            RgbImage image = ExifOrientation.upright(picture.toRgb(AlphaMode.WHITE), orientation);
            hash = dHash ? DifferenceHash.of(image) : null;
            resized = resize ? resized(image, header.format(), bytes, hash) : null;
        } else if (check == Check.FULL) {
            decoder.check(header, bytes);
        }
        return resized != null
                ? resized
                : new InspectedImage(
                        bytes, header.width(), header.height(), header.format().code(), orientation, hash);
    }

    private InspectedImage resized(RgbImage image, Format format, byte[] bytes, Long hash) throws ImageRejected {
        double scale = (double) resizeLongestEdge / Math.max(image.width(), image.height());
        int width = (int) Math.max(1, Math.round(image.width() * scale));
        int height = (int) Math.max(1, Math.round(image.height() * scale));
        RgbImage small = PilResize.resize(image, PilResize.Filter.BICUBIC, width, height);
        Format written =
                switch (format) {
                    case JPEG, PNG, BMP, TIFF -> format;
                    case GIF -> Format.PNG;
                    case WEBP -> WebpFile.read(bytes).lossless() ? Format.PNG : Format.JPEG;
                };
        return new InspectedImage(
                ImageEncoder.encode(small, written), width, height, written.code(), ExifOrientation.UPRIGHT, hash);
    }
}
