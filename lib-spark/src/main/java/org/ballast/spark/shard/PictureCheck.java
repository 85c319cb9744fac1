package org.ballast.spark.shard;

import java.io.Serializable;
import org.ballast.core.image.ImageDecoder;
import org.ballast.core.image.ImageHeader;
import org.ballast.core.image.ImageLimits;
import org.ballast.core.image.ImageRejected;
import org.ballast.core.image.RgbConversion;

/**
 * What is looked at in the bytes of a picture before it is stored.
 *
 * @param decode true: the picture is decoded whole; false: only its header is read
 */
record PictureCheck(ImageLimits limits, boolean decode) implements Serializable {

    /**
     * A picture as it is stored.
     *
     * @param width null when nobody looked
     * @param orientation EXIF, 1 to 8
     * @param dHash null when it was not asked for
     */
    record Checked(byte[] bytes, Integer width, Integer height, String format, int orientation, Long dHash) {}

    /** @throws ImageRejected when the picture is not to be stored */
    Checked check(byte[] bytes) throws ImageRejected {
        ImageDecoder decoder = new ImageDecoder(limits, RgbConversion.TRANSFORMERS);
        ImageHeader header = decoder.header(bytes);
        if (decode) {
            decoder.decode(bytes);
        }
        return new Checked(
                bytes, header.width(), header.height(), header.format().code(), 1, null);
    }
}
