package org.ballast.core.image;

import org.ballast.core.image.ImageRejected.Reason;

/**
 * The chunks of a WebP that make its still picture: of an animation the first frame.
 *
 * @param width of the canvas
 * @param height of the canvas
 * @param left where the frame lies on the canvas; a still picture fills it
 * @param frameWidth that of the frame's bit stream
 * @param lossless whether the frame is VP8L
 * @param alpha whether an alpha channel counts
 * @param image the payload of chunk VP8 or VP8L
 * @param alphaPlane the payload of chunk ALPH, null without one
 * @param exif the payload of chunk EXIF, null without one
 */
record WebpFile(
        int width,
        int height,
        int left,
        int top,
        int frameWidth,
        int frameHeight,
        boolean lossless,
        boolean alpha,
        Span image,
        Span alphaPlane,
        Span exif) {
    /** Bytes of a lossless bit stream before its first transform. */
    static final int LOSSLESS_HEADER = 5;

    private static final int FIRST_CHUNK = 12;
    private static final int CHUNK_HEADER = 8;
    private static final int FRAME_HEADER = 16;
    private static final int ALPHA_FLAG = 0x10;
    private static final int ANIMATION_FLAG = 0x02;

    /** Bytes of the file. */
    record Span(int from, int length) {
        int end() {
            return from + length;
        }
    }

    /** A chunk: its name and payload. */
    private record Chunk(String name, Span payload) {}

    /** Size and alpha flag of a bit stream. */
    private record Stream(int width, int height, boolean alpha) {}

    static WebpFile read(byte[] bytes) throws ImageRejected {
        var in = new FileBytes("webp", bytes, false);
        in.require(FIRST_CHUNK, CHUNK_HEADER);
        long end = CHUNK_HEADER + in.unsignedInt(4);
        in.require(0, end);
        Chunk first = chunk(in, FIRST_CHUNK, end);
        if (!first.name.equals("VP8X")) {
            Stream stream = stream(in, first);
            return new WebpFile(
                    stream.width,
                    stream.height,
                    0,
                    0,
                    stream.width,
                    stream.height,
                    first.name.equals("VP8L"),
                    stream.alpha,
                    first.payload,
                    null,
                    null);
        }
        return extended(in, first.payload, end);
    }

    private static WebpFile extended(FileBytes in, Span header, long end) throws ImageRejected {
        if (header.length < 10) {
            throw corrupt("a header chunk of " + header.length + " bytes");
        }
        int flags = in.unsignedByte(header.from);
        int width = 1 + in.unsigned24(header.from + 4L);
        int height = 1 + in.unsigned24(header.from + 7L);
        boolean animated = (flags & ANIMATION_FLAG) != 0;
        Span alpha = null;
        Span exif = null;
        WebpFile frame = null;
        for (long at = next(header); at + CHUNK_HEADER <= end; ) {
            Chunk chunk = chunk(in, at, end);
            if (chunk.name.equals("EXIF") && exif == null) {
                exif = chunk.payload;
            } else if (chunk.name.equals("ALPH") && alpha == null) {
                alpha = chunk.payload;
            } else if (chunk.name.equals("ANMF") && animated && frame == null) {
                frame = animationFrame(in, chunk.payload);
            } else if (chunk.name.startsWith("VP8") && !animated && frame == null) {
                frame = frame(in, chunk, alpha);
            }
            at = next(chunk.payload);
        }
        if (frame == null) {
            throw corrupt("no picture in it");
        }
        boolean fits = animated
                ? frame.left + (long) frame.frameWidth <= width && frame.top + (long) frame.frameHeight <= height
                : frame.frameWidth == width && frame.frameHeight == height;
        if (!fits) {
            throw corrupt("a frame of %d x %d at %d, %d on a canvas of %d x %d"
                    .formatted(frame.frameWidth, frame.frameHeight, frame.left, frame.top, width, height));
        }
        return new WebpFile(
                width,
                height,
                frame.left,
                frame.top,
                frame.frameWidth,
                frame.frameHeight,
                frame.lossless,
                (flags & ALPHA_FLAG) != 0 || frame.alpha,
                frame.image,
                frame.alphaPlane,
                exif);
    }

    private static WebpFile animationFrame(FileBytes in, Span payload) throws ImageRejected {
        if (payload.length < FRAME_HEADER) {
            throw corrupt("an animation frame of " + payload.length + " bytes");
        }
        Span alpha = null;
        for (long at = payload.from + (long) FRAME_HEADER; at + CHUNK_HEADER <= payload.end(); ) {
            Chunk chunk = chunk(in, at, payload.end());
            if (chunk.name.equals("ALPH") && alpha == null) {
                alpha = chunk.payload;
            } else if (chunk.name.startsWith("VP8")) {
                WebpFile frame = frame(in, chunk, alpha);
                int left = 2 * in.unsigned24(payload.from);
                int top = 2 * in.unsigned24(payload.from + 3L);
                int width = 1 + in.unsigned24(payload.from + 6L);
                int height = 1 + in.unsigned24(payload.from + 9L);
                if (frame.frameWidth != width || frame.frameHeight != height) {
                    throw corrupt("an animation frame of %d x %d that holds a picture of %d x %d"
                            .formatted(width, height, frame.frameWidth, frame.frameHeight));
                }
                return new WebpFile(
                        0,
                        0,
                        left,
                        top,
                        width,
                        height,
                        frame.lossless,
                        frame.alpha,
                        frame.image,
                        frame.alphaPlane,
                        null);
            }
            at = next(chunk.payload);
        }
        throw corrupt("an animation frame without a picture");
    }

    private static WebpFile frame(FileBytes in, Chunk chunk, Span alpha) throws ImageRejected {
        Stream stream = stream(in, chunk);
        boolean lossless = chunk.name.equals("VP8L");
        return new WebpFile(
                0,
                0,
                0,
                0,
                stream.width,
                stream.height,
                lossless,
                stream.alpha || alpha != null,
                chunk.payload,
                lossless ? null : alpha,
                null);
    }

    private static Stream stream(FileBytes in, Chunk chunk) throws ImageRejected {
        long at = chunk.payload.from;
        switch (chunk.name) {
            case "VP8 " -> {
                if (chunk.payload.length < 10) {
                    throw corrupt("a VP8 chunk of " + chunk.payload.length + " bytes");
                }
                if ((in.unsignedByte(at) & 1) != 0 || in.unsigned24(at + 3) != 0x2a019d) {
                    throw corrupt("a VP8 chunk that does not start with a key frame");
                }
                return sized(in.unsignedShort(at + 6) & 0x3fff, in.unsignedShort(at + 8) & 0x3fff, false);
            }
            case "VP8L" -> {
                if (chunk.payload.length < LOSSLESS_HEADER) {
                    throw corrupt("a VP8L chunk of " + chunk.payload.length + " bytes");
                }
                long bits = in.unsignedInt(at + 1);
                if (in.unsignedByte(at) != 0x2f || bits >>> 29 != 0) {
                    throw corrupt("a VP8L chunk that does not start with its signature and version");
                }
                return sized(1 + (int) (bits & 0x3fff), 1 + (int) (bits >> 14 & 0x3fff), (bits >> 28 & 1) != 0);
            }
            default -> throw corrupt(
                    "a chunk '" + chunk.name.replaceAll("[^ -~]", ".") + "' where its picture should be");
        }
    }

    private static Stream sized(int width, int height, boolean alpha) throws ImageRejected {
        if (width < 1 || height < 1) {
            throw corrupt("a picture of " + width + " x " + height);
        }
        return new Stream(width, height, alpha);
    }

    private static Chunk chunk(FileBytes in, long at, long end) throws ImageRejected {
        if (end - at < CHUNK_HEADER) {
            throw corrupt("a chunk header cut off at byte " + at);
        }
        long length = in.unsignedInt(at + 4);
        if (length > end - at - CHUNK_HEADER) {
            throw corrupt("a chunk at byte %d of %d bytes, beyond its end at %d".formatted(at, length, end));
        }
        return new Chunk(in.text(at, 4), new Span((int) at + CHUNK_HEADER, (int) length));
    }

    /** Chunks start at even places. */
    private static long next(Span payload) {
        return payload.end() + (long) (payload.length & 1);
    }

    /** As EXIF numbers it; 1 where there is none. */
    int orientation(byte[] bytes) {
        return exif == null ? ExifOrientation.UPRIGHT : ExifOrientation.ofBlock(bytes, exif.from, exif.end());
    }

    private static ImageRejected corrupt(String what) {
        return new ImageRejected(Reason.CORRUPT, "webp with " + what);
    }
}
