package org.ballast.core.image;

/** What becomes of a picture's transparency. */
public enum AlphaMode {
    /** Composited on white with Pillow's integer arithmetic ({@code Image.alpha_composite}), as transformers 5 does. */
    WHITE,
    /** Dropped; the colour under it stays, as {@code convert("RGB")} does. */
    DROP
}
