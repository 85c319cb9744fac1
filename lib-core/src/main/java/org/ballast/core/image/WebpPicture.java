package org.ballast.core.image;

import org.ballast.core.image.WebpFile.Span;
import org.ballast.core.image.vp8.Vp8Picture;
import org.ballast.core.image.vp8l.Vp8lDecoder;

/** The still picture of a WebP on its canvas, which is transparent black where the first frame of an animation leaves it free. */
record WebpPicture(WebpFile file, Frame frame) implements DecodedPicture {

    /** The decoded bit stream, of the frame's size. */
    sealed interface Frame {
        /** {@code [frameHeight, frameWidth, 3]}. */
        byte[] rgb();

        /** 0 to 255. */
        int opacity(int x, int y);
    }

    /** @param alpha {@code [frameHeight, frameWidth]}, null without one */
    @SuppressWarnings("ArrayRecordComponent")
    private record Lossy(Vp8Picture picture, byte[] alpha) implements Frame {
        @Override
        public byte[] rgb() {
            return picture.toRgb();
        }

        @Override
        public int opacity(int x, int y) {
            return alpha == null ? 255 : alpha[y * picture.width() + x] & 255;
        }
    }

    /** @param argb {@code [frameHeight, frameWidth]} */
    @SuppressWarnings("ArrayRecordComponent")
    private record Lossless(int width, int[] argb) implements Frame {
        @Override
        public byte[] rgb() {
            byte[] rgb = new byte[3 * argb.length];
            int to = 0;
            for (int pixel : argb) {
                rgb[to++] = (byte) (pixel >> 16);
                rgb[to++] = (byte) (pixel >> 8);
                rgb[to++] = (byte) pixel;
            }
            return rgb;
        }

        @Override
        public int opacity(int x, int y) {
            return argb[y * width + x] >>> 24;
        }
    }

    static WebpPicture decode(byte[] bytes) throws ImageRejected {
        WebpFile file = WebpFile.read(bytes);
        if (file.lossless()) {
            Span stream = file.image();
            int[] argb = Vp8lDecoder.decode(
                    bytes,
                    stream.from() + WebpFile.LOSSLESS_HEADER,
                    stream.end(),
                    file.frameWidth(),
                    file.frameHeight());
            return new WebpPicture(file, new Lossless(file.frameWidth(), argb));
        }
        byte[] alpha = file.alphaPlane() == null ? null : WebpAlpha.decode(bytes, file);
        Vp8Picture picture =
                Vp8Picture.decode(bytes, file.image().from(), file.image().length());
        return new WebpPicture(file, new Lossy(picture, alpha));
    }

    @Override
    public RgbImage toRgb(AlphaMode alpha) {
        byte[] rgb = frame.rgb();
        boolean fills = file.frameWidth() == file.width() && file.frameHeight() == file.height();
        if (fills && (!file.alpha() || alpha == AlphaMode.DROP)) {
            return new RgbImage(file.width(), file.height(), rgb);
        }
        var out = new Canvas(file.width(), file.height(), alpha);
        for (int y = 0; y < file.height(); y++) {
            for (int x = 0; x < file.width(); x++) {
                int frameX = x - file.left();
                int frameY = y - file.top();
                if (frameX >= 0 && frameX < file.frameWidth() && frameY >= 0 && frameY < file.frameHeight()) {
                    int at = 3 * (frameY * file.frameWidth() + frameX);
                    int opacity = file.alpha() ? frame.opacity(frameX, frameY) : 255;
                    out.put(rgb[at] & 255, rgb[at + 1] & 255, rgb[at + 2] & 255, opacity);
                } else {
                    out.put(0);
                }
            }
        }
        return out.image();
    }
}
