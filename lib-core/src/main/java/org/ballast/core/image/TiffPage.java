package org.ballast.core.image;

import org.ballast.core.image.ImageRejected.Reason;

/** The first page of a TIFF as its directory describes it; width and height are as stored, 1 to 2^32 - 1. */
record TiffPage(TiffDirectory directory, long width, long height, int orientation) {
    static final int WIDTH = 256;
    static final int HEIGHT = 257;
    static final int BITS = 258;
    static final int COMPRESSION = 259;
    static final int PHOTOMETRIC = 262;
    static final int FILL_ORDER = 266;
    static final int STRIP_OFFSETS = 273;
    static final int ORIENTATION = 274;
    static final int SAMPLES = 277;
    static final int ROWS_PER_STRIP = 278;
    static final int STRIP_LENGTHS = 279;
    static final int PLANAR = 284;
    static final int T4_OPTIONS = 292;
    static final int T6_OPTIONS = 293;
    static final int PREDICTOR = 317;
    static final int COLOR_MAP = 320;
    static final int TILE_WIDTH = 322;
    static final int TILE_HEIGHT = 323;
    static final int TILE_OFFSETS = 324;
    static final int TILE_LENGTHS = 325;
    static final int EXTRA_SAMPLES = 338;
    static final int SAMPLE_FORMAT = 339;
    static final int JPEG_TABLES = 347;

    static TiffPage read(byte[] bytes) throws ImageRejected {
        TiffDirectory directory = TiffDirectory.read(bytes);
        long width = directory.required(WIDTH, "a width");
        long height = directory.required(HEIGHT, "a height");
        if (width < 1 || height < 1) {
            throw new ImageRejected(Reason.CORRUPT, "tiff header says " + width + " x " + height);
        }
        long orientation = directory.value(ORIENTATION, ExifOrientation.UPRIGHT);
        return new TiffPage(
                directory,
                width,
                height,
                orientation >= 1 && orientation <= 8 ? (int) orientation : ExifOrientation.UPRIGHT);
    }
}
