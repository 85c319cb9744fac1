package org.ballast.core.chat;

import java.util.Base64;
import org.ballast.core.image.ClipPreprocessor;
import org.ballast.core.image.DiffusionNoise;
import org.ballast.core.image.ImageDecoder;
import org.ballast.core.image.ImageHeader;
import org.ballast.core.image.ImageHeader.Format;
import org.ballast.core.image.ImageLimits;
import org.ballast.core.image.ImageRejected;
import org.ballast.core.image.RgbConversion;
import org.ballast.core.response.ResponseRequest;
import org.ballast.core.response.ResponseRequest.Weakening;

/** Pictures as data URIs: the file as it is where servers read its format (JPEG, PNG), else as a PNG of its pixels. */
final class Pictures {
    /** What was let through when pictures were stored is decoded as it is. */
    private static final ImageLimits STORED = new ImageLimits(Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE);

    private final ImageDecoder decoder;
    private final ClipPreprocessor preprocessor;
    private final DiffusionNoise noise = DiffusionNoise.bpo();

    /**
     * For requests of one model.
     *
     * @param weakenedEdge side of weakened pictures in pixels
     */
    Pictures(int weakenedEdge, RgbConversion conversion) {
        decoder = new ImageDecoder(STORED, conversion);
        preprocessor = ClipPreprocessor.clip(weakenedEdge);
    }

    /** @return null for a request without a picture */
    String dataUri(ResponseRequest request) throws ImageRejected {
        if (request.picture() == null) {
            return null;
        }
        if (request.weakening() != null) {
            return uri(Format.PNG, weakened(request));
        }
        Format format = ImageHeader.read(request.picture()).format();
        return format == Format.JPEG || format == Format.PNG
                ? uri(format, request.picture())
                : uri(Format.PNG, decoder.decode(request.picture()).toPng());
    }

    /** The PNG of CLIP's pixels under noise, clipped to what 8 bits hold. */
    private byte[] weakened(ResponseRequest request) throws ImageRejected {
        Weakening weakening = request.weakening();
        float[] pixels = preprocessor.apply(decoder.decode(request.picture())); // [3, edge, edge]
        float[] noised = noise.noised(pixels, weakening.step(), weakening.seed(), request.id(), weakening.attempt());
        return preprocessor.toRgb(noised).toPng();
    }

    private static String uri(Format format, byte[] file) {
        return "data:image/" + format.code() + ";base64," + Base64.getEncoder().encodeToString(file);
    }
}
