package org.ballast.core.image.vp8;

import org.ballast.core.image.ImageRejected;

/**
 * A decoded key frame: luma at full size, two chroma planes at half of it, rounded up to whole macroblocks.
 *
 * @param width 1 to 16,383
 * @param height likewise
 */
public record Vp8Picture(int width, int height, Plane y, Plane u, Plane v) {

    /**
     * Decodes a frame. It takes 1.5 bytes a pixel.
     *
     * @param bytes that hold the frame in {@code [from, from + length)}
     * @throws ImageRejected if it ends early or is no key frame
     */
    public static Vp8Picture decode(byte[] bytes, int from, int length) throws ImageRejected {
        FrameHeader header = FrameHeader.read(bytes, from, length);
        return new Macroblocks(header).decode();
    }

    /** The picture as 8-bit RGB, {@code [height, width, 3]}. */
    public byte[] toRgb() {
        return Upsampling.toRgb(this);
    }
}
