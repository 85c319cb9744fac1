package org.ballast.core.image;

import java.io.Serializable;
import java.util.Objects;

/**
 * What is open to choice between a picture file and its 8-bit RGB. All else has one answer, that of Pillow's {@code convert("RGB")}: palettes are looked up,
 * grey is repeated, 16-bit grey is clipped at 255, other 16-bit samples keep their high byte, profiles and gamma are not applied.
 */
public record RgbConversion(AlphaMode alpha, Orientation orientation) implements Serializable {

    /** What becomes of the EXIF orientation. */
    public enum Orientation {
        /** The picture is turned upright, as {@code ImageOps.exif_transpose} and {@code transformers.image_utils.load_image} do. */
        APPLY,
        /** The rows stand as they are stored, as after {@code Image.open}. */
        IGNORE
    }

    /** Upright, and transparent pictures on white: what transformers 5 does with a file it loads and a picture it is given. */
    public static final RgbConversion TRANSFORMERS = new RgbConversion(AlphaMode.WHITE, Orientation.APPLY);

    /** Pillow's {@code Image.open(file).convert("RGB")} and nothing else. */
    public static final RgbConversion PILLOW = new RgbConversion(AlphaMode.DROP, Orientation.IGNORE);

    public RgbConversion {
        Objects.requireNonNull(alpha, "alpha");
        Objects.requireNonNull(orientation, "orientation");
    }
}
