package org.ballast.core.image;

import java.awt.image.BufferedImage;
import java.nio.charset.StandardCharsets;
import org.ballast.core.image.ImageHeader.Format;
import org.ballast.core.image.ImageRejected.Reason;

/** A decoded BMP. Its palette is looked up here: ImageIO takes one of greys for linear light. */
record BmpPicture(BmpFile file, BufferedImage image) implements DecodedPicture {

    static BmpPicture decode(byte[] bytes) throws ImageRejected {
        BmpFile file = BmpFile.read(bytes);
        if (file.plainEnd() > bytes.length) {
            throw new ImageRejected(
                    Reason.TRUNCATED,
                    "bmp of %d bytes whose pixels end at %d".formatted(bytes.length, file.plainEnd()));
        }
        byte[] plain = bytes;
        if (file.profile() >= 0) {
            // ImageIO would apply the profile, Pillow does not
            plain = bytes.clone();
            System.arraycopy("BGRs".getBytes(StandardCharsets.US_ASCII), 0, plain, file.profile(), 4);
        }
        BufferedImage image = ImageIoReaders.read(Format.BMP, plain, reader -> {
            if (reader.getWidth(0) != file.width() || reader.getHeight(0) != file.height()) {
                throw new IllegalStateException("it is read as " + reader.getWidth(0) + " x " + reader.getHeight(0)
                        + ", its header says " + file.width() + " x " + file.height());
            }
            return reader.read(0);
        });
        return new BmpPicture(file, image);
    }

    @Override
    public RgbImage toRgb(AlphaMode alpha) {
        var out = new Canvas(image.getWidth(), image.getHeight(), alpha);
        int[] row = new int[image.getWidth()];
        int[] palette = file.palette();
        for (int y = 0; y < image.getHeight(); y++) {
            if (palette.length == 0) {
                for (int color : image.getRGB(0, y, row.length, 1, row, 0, row.length)) {
                    out.put(color);
                }
                continue;
            }
            for (int index : image.getRaster().getSamples(0, y, row.length, 1, 0, row)) {
                out.put(0xff000000 | (index < palette.length ? palette[index] : 0));
            }
        }
        return out.image();
    }
}
