package org.ballast.core.image;

/** A picture whose file has been decoded whole, in the samples of its format. */
interface DecodedPicture {
    /** The samples as 8-bit RGB, rows as they are stored. */
    RgbImage toRgb(AlphaMode alpha);
}
