package org.ballast.core.image;

import org.ballast.core.image.ImageRejected.Reason;

/**
 * A GIF's screen and where its first frame lies on it.
 *
 * @param transparent index of the colour that is transparent in the first frame, -1 for none
 */
record GifFile(int width, int height, int left, int top, int frameWidth, int frameHeight, int transparent) {
    private static final int SCREEN = 13;
    private static final int IMAGE = 0x2c;
    private static final int EXTENSION = 0x21;
    private static final int GRAPHIC_CONTROL = 0xf9;

    /** Walks the blocks up to the first frame. */
    static GifFile read(byte[] bytes) throws ImageRejected {
        var in = new FileBytes("gif", bytes, false);
        int width = in.unsignedShort(6);
        int height = in.unsignedShort(8);
        int at = SCREEN + colorTable(in.unsignedByte(10));
        in.require(at, 0);
        int transparent = -1;
        while (true) {
            int block = in.unsignedByte(at);
            if (block == IMAGE) {
                var gif = new GifFile(
                        width,
                        height,
                        in.unsignedShort(at + 1),
                        in.unsignedShort(at + 3),
                        in.unsignedShort(at + 5),
                        in.unsignedShort(at + 7),
                        transparent);
                in.require(at + 10 + colorTable(in.unsignedByte(at + 9)), 1);
                return gif.checked();
            }
            if (block != EXTENSION) {
                throw new ImageRejected(
                        Reason.CORRUPT,
                        block == 0x3b ? "gif without a frame" : "gif has no block " + block + " at byte " + at);
            }
            if (in.unsignedByte(at + 1) == GRAPHIC_CONTROL && in.unsignedByte(at + 2) == 4) {
                transparent = (in.unsignedByte(at + 3) & 1) == 1 ? in.unsignedByte(at + 6) : -1;
            }
            at += 2;
            for (int length = in.unsignedByte(at); length != 0; length = in.unsignedByte(at)) {
                at += 1 + length;
            }
            at++;
        }
    }

    private static int colorTable(int flags) {
        return (flags & 0x80) == 0 ? 0 : 3 << (flags & 7) + 1;
    }

    private GifFile checked() throws ImageRejected {
        if (width < 1 || height < 1 || frameWidth < 1 || frameHeight < 1) {
            throw new ImageRejected(
                    Reason.CORRUPT,
                    "gif with a frame of %d x %d on a screen of %d x %d"
                            .formatted(frameWidth, frameHeight, width, height));
        }
        if (left + frameWidth > width || top + frameHeight > height) {
            throw new ImageRejected(
                    Reason.UNSUPPORTED,
                    "gif whose first frame, %d x %d at %d, %d, leaves its screen of %d x %d"
                            .formatted(frameWidth, frameHeight, left, top, width, height));
        }
        return this;
    }
}
