package org.ballast.core.image;

import java.awt.image.Raster;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.ballast.core.image.ImageHeader.Format;
import org.ballast.core.image.WebpFile.Span;
import org.ballast.core.image.vp8.Vp8Picture;

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

    /** @param raw red, green, blue and, where the stream says that it counts, alpha */
    private record Lossless(Raster raw) implements Frame {
        @Override
        public byte[] rgb() {
            int width = raw.getWidth();
            int bands = raw.getNumBands();
            byte[] rgb = new byte[3 * width * raw.getHeight()];
            int[] row = new int[bands * width];
            for (int y = 0, to = 0; y < raw.getHeight(); y++) {
                raw.getPixels(0, y, width, 1, row);
                for (int from = 0; from < row.length; from += bands) {
                    rgb[to++] = (byte) row[from];
                    rgb[to++] = (byte) row[from + 1];
                    rgb[to++] = (byte) row[from + 2];
                }
            }
            return rgb;
        }

        @Override
        public int opacity(int x, int y) {
            return raw.getNumBands() < 4 ? 255 : raw.getSample(x, y, 3);
        }
    }

    static WebpPicture decode(byte[] bytes) throws ImageRejected {
        WebpFile file = WebpFile.read(bytes);
        if (file.lossless()) {
            Raster raw = lossless(new byte[0], bytes, file.image(), file.frameWidth(), file.frameHeight());
            return new WebpPicture(file, new Lossless(raw));
        }
        byte[] alpha = file.alphaPlane() == null ? null : WebpAlpha.decode(bytes, file);
        Vp8Picture picture =
                Vp8Picture.decode(bytes, file.image().from(), file.image().length());
        return new WebpPicture(file, new Lossy(picture, alpha));
    }

    /**
     * Decodes a lossless bit stream that consists of {@code start} and a part of the file's bytes. The reader sees it alone: profiles, text and
     * animation never reach it.
     */
    static Raster lossless(byte[] start, byte[] bytes, Span part, int width, int height) throws ImageRejected {
        int length = start.length + part.length();
        ByteBuffer plain = ByteBuffer.allocate(20 + length + (length & 1)).order(ByteOrder.LITTLE_ENDIAN);
        plain.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(plain.capacity() - 8);
        plain.put("WEBPVP8L".getBytes(StandardCharsets.US_ASCII)).putInt(length);
        plain.put(start).put(bytes, part.from(), part.length());
        return ImageIoReaders.read(Format.WEBP, plain.array(), reader -> {
            Raster raw = reader.read(0).getRaster();
            if (raw.getWidth() != width || raw.getHeight() != height) {
                throw new IllegalStateException("it is read as " + raw.getWidth() + " x " + raw.getHeight()
                        + ", its header says " + width + " x " + height);
            }
            return raw;
        });
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
