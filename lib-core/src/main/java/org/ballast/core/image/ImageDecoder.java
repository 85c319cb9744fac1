package org.ballast.core.image;

import java.io.Serializable;
import java.util.Objects;
import org.ballast.core.image.ImageRejected.Reason;

/**
 * Bytes of a PNG, JPEG, GIF, BMP, WebP or TIFF to 8-bit RGB, as Pillow's {@code Image.open(file).convert("RGB")} gives it: colour profiles and gamma are not
 * applied, 16-bit grey is clipped at 255, other 16-bit samples keep their high byte, of an animation the first frame is taken and of a TIFF the first page.
 * Transparency and EXIF orientation go by {@link RgbConversion}.
 */
public record ImageDecoder(ImageLimits limits, RgbConversion conversion) implements Serializable {

    public ImageDecoder {
        Objects.requireNonNull(limits, "limits");
        Objects.requireNonNull(conversion, "conversion");
    }

    /** The header of a picture within the limits. */
    public ImageHeader header(byte[] bytes) throws ImageRejected {
        requireSize(bytes);
        ImageHeader header = ImageHeader.read(bytes);
        long pixels = (long) header.width() * header.height();
        if (!limits.allowSides(header.width(), header.height())) {
            throw new ImageRejected(
                    Reason.TOO_LARGE,
                    "%s of %d x %d pixels, at most %d a side, %d in all and an aspect ratio of %s are read"
                            .formatted(
                                    header.format().code(),
                                    header.width(),
                                    header.height(),
                                    limits.maxSide(),
                                    limits.maxPixels(),
                                    limits.maxAspectRatio()));
        }
        if (3 * pixels > Integer.MAX_VALUE - 8) {
            throw new ImageRejected(Reason.TOO_LARGE, "%d pixels do not fit one array".formatted(pixels));
        }
        return header;
    }

    /** @throws ImageRejected if the file is empty or has more bytes than the limits allow */
    void requireSize(byte[] bytes) throws ImageRejected {
        if (bytes.length == 0) {
            throw new ImageRejected(Reason.EMPTY, "no bytes");
        }
        if (bytes.length > limits.maxBytes()) {
            throw new ImageRejected(
                    Reason.TOO_LARGE, "file of " + bytes.length + " bytes, at most " + limits.maxBytes() + " are read");
        }
    }

    /**
     * The picture's pixels. The limits are checked on the header before anything of the picture's size is allocated.
     *
     * @throws ImageRejected with a reason; never anything else for what the bytes hold
     */
    public RgbImage decode(byte[] bytes) throws ImageRejected {
        ImageHeader header = header(bytes);
        return upright(decodeAsStored(header, bytes), header, bytes);
    }

    /** Decodes the picture whole and throws its pixels away; as {@link #decode} but for the conversion to RGB. */
    public ImageHeader check(byte[] bytes) throws ImageRejected {
        ImageHeader header = header(bytes);
        check(header, bytes);
        return header;
    }

    /** @param header that of the bytes, within the limits */
    void check(ImageHeader header, byte[] bytes) throws ImageRejected {
        if (header.format() == ImageHeader.Format.JPEG) {
            JpegPicture.check(bytes);
        } else {
            decodeAsStored(header, bytes);
        }
    }

    /** @param header that of the bytes, within the limits */
    DecodedPicture decodeAsStored(ImageHeader header, byte[] bytes) throws ImageRejected {
        return switch (header.format()) {
            case PNG -> PngPicture.decode(PngChunks.read(bytes));
            case JPEG -> JpegPicture.decode(bytes);
            case GIF -> GifPicture.decode(bytes);
            case BMP -> BmpPicture.decode(bytes);
            case WEBP -> WebpPicture.decode(bytes);
            case TIFF -> TiffPicture.decode(bytes, TiffPage.read(bytes));
        };
    }

    private RgbImage upright(DecodedPicture picture, ImageHeader header, byte[] bytes) throws ImageRejected {
        RgbImage image = picture.toRgb(conversion.alpha());
        return conversion.orientation() == RgbConversion.Orientation.APPLY
                ? ExifOrientation.upright(image, ExifOrientation.of(header.format(), bytes))
                : image;
    }
}
