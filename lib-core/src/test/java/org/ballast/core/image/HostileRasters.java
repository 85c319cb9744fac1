package org.ballast.core.image;

import static org.ballast.core.image.PictureBytes.bytes;
import static org.ballast.core.image.PictureBytes.chunk;
import static org.ballast.core.image.PictureBytes.deflated;
import static org.ballast.core.image.PictureBytes.greyJpeg;
import static org.ballast.core.image.PictureBytes.ints;
import static org.ballast.core.image.PictureBytes.join;
import static org.ballast.core.image.PictureBytes.jpeg;
import static org.ballast.core.image.PictureBytes.jpegFrame;
import static org.ballast.core.image.PictureBytes.png;
import static org.ballast.core.image.PictureBytes.pngHeader;
import static org.ballast.core.image.PictureBytes.segment;
import static org.ballast.core.image.PictureBytes.shorts;
import static org.ballast.core.image.PictureBytes.text;
import static org.ballast.core.image.PictureBytes.with;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.ballast.core.image.ImageRejected.Reason;

/** Files that are no pictures, and PNGs, JPEGs, GIFs and BMPs that no reader should trust. */
final class HostileRasters {
    private HostileRasters() {}

    static List<Hostile> all() {
        List<Hostile> all = new ArrayList<>();
        noPictures(all);
        pngs(all);
        jpegs(all);
        gifs(all);
        bmps(all);
        return all;
    }

    private static void noPictures(List<Hostile> all) {
        all.add(new Hostile("nothing", Reason.EMPTY, new byte[0]));
        all.add(new Hostile("one byte", Reason.NOT_AN_IMAGE, new byte[1]));
        all.add(new Hostile("web page", Reason.NOT_AN_IMAGE, text("<!DOCTYPE html><html>404</html>")));
        all.add(new Hostile("svg", Reason.NOT_AN_IMAGE, text("<svg xmlns='http://www.w3.org/2000/svg'/>")));
        all.add(new Hostile("zip", Reason.NOT_AN_IMAGE, text("PK\3\4 and so on")));
        all.add(new Hostile("avif", Reason.UNSUPPORTED, text("\0\0\0 ftypavif\0\0\0\0")));
        all.add(new Hostile("psd", Reason.UNSUPPORTED, text("8BPS\0\1")));
        all.add(new Hostile("big tiff", Reason.UNSUPPORTED, text("II+\0\10\0\0\0")));
        byte[] large = Arrays.copyOf(png(1, 1), 20_000_001);
        all.add(new Hostile("more bytes than allowed", Reason.TOO_LARGE, large));
    }

    private static void pngs(List<Hostile> all) {
        byte[] data = chunk("IDAT", deflated(new byte[20]));
        byte[] head = pngHeader(4, 4, 8, 0, 0, 0);
        byte[] sound = png(head, data);
        all.add(new Hostile("png: wrong magic", Reason.NOT_AN_IMAGE, with(sound, 0, 0x88)));
        all.add(new Hostile("png: line ends changed", Reason.NOT_AN_IMAGE, with(sound, 4, 10)));
        for (int[] size : new int[][] {{0, 4}, {4, 0}, {-1, 4}, {4, Integer.MIN_VALUE}}) {
            all.add(new Hostile(
                    "png: size " + size[0] + " x " + size[1],
                    Reason.CORRUPT,
                    png(pngHeader(size[0], size[1], 8, 0, 0, 0), data)));
        }
        for (int side : new int[] {65_535, Integer.MAX_VALUE}) {
            all.add(new Hostile(
                    "png: square of " + side, Reason.TOO_LARGE, png(pngHeader(side, side, 16, 6, 0, 0), data)));
        }
        all.add(new Hostile("png: line of pixels", Reason.TOO_LARGE, png(pngHeader(60_000, 2, 8, 0, 0, 0), data)));
        all.add(new Hostile("png: header of another length", Reason.CORRUPT, with(sound, 11, 12)));
        all.add(new Hostile("png: header of another name", Reason.CORRUPT, with(sound, 12, 'i')));
        all.add(new Hostile("png: header's checksum", Reason.CORRUPT, with(sound, 29, 1, 2, 3, 4)));
        int[][] kinds = {{3, 0, 0, 0}, {8, 5, 0, 0}, {16, 3, 0, 0}, {8, 0, 1, 0}, {8, 0, 0, 9}, {8, 3, 0, 0}};
        for (int[] k : kinds) {
            all.add(new Hostile(
                    "png: kind " + Arrays.toString(k),
                    Reason.CORRUPT,
                    png(pngHeader(4, 4, k[0], k[1], k[2], k[3]), data)));
        }
        all.add(new Hostile("png: no data", Reason.TRUNCATED, png(head)));
        all.add(new Hostile("png: data that is not zlib", Reason.CORRUPT, png(head, chunk("IDAT", new byte[30]))));
        all.add(new Hostile(
                "png: too little data", Reason.TRUNCATED, png(head, chunk("IDAT", deflated(new byte[10])))));
        byte[] filter = new byte[20];
        filter[5] = 9;
        all.add(new Hostile("png: unknown filter", Reason.CORRUPT, png(head, chunk("IDAT", deflated(filter)))));
        all.add(new Hostile("png: second header", Reason.CORRUPT, png(head, pngHeader(60_000, 1, 8, 0, 0, 0), data)));
        all.add(new Hostile("png: data's checksum", Reason.CORRUPT, with(sound, 45, 77)));
        all.add(new Hostile("png: chunk beyond the file", Reason.TRUNCATED, with(sound, 33, 0x7f, 0xff, 0xff, 0xff)));
        all.add(new Hostile("png: negative chunk", Reason.TRUNCATED, with(sound, 33, 0xff, 0xff, 0xff, 0xff)));
        all.add(new Hostile("png: no end", Reason.TRUNCATED, Arrays.copyOf(sound, sound.length - 12)));
    }

    private static void jpegs(List<Hostile> all) {
        byte[] sound = greyJpeg();
        all.add(new Hostile("jpeg: start alone", Reason.TRUNCATED, bytes(0xff, 0xd8, 0xff)));
        all.add(new Hostile("jpeg: nothing within", Reason.CORRUPT, jpeg()));
        all.add(new Hostile(
                "jpeg: fill bytes for ever",
                Reason.TRUNCATED,
                join(bytes(0xff, 0xd8), PictureBytes.filled(500, 0xff))));
        all.add(new Hostile("jpeg: segment of length 0", Reason.TRUNCATED, jpeg(bytes(0xff, 0xe0, 0, 0))));
        all.add(new Hostile("jpeg: segment of length 1", Reason.CORRUPT, jpeg(bytes(0xff, 0xe0, 0, 1))));
        all.add(new Hostile("jpeg: segment beyond the file", Reason.TRUNCATED, jpeg(bytes(0xff, 0xe0, 0xff, 0xff))));
        all.add(new Hostile("jpeg: scan before frame", Reason.CORRUPT, jpeg(segment(0xda, bytes(1, 1, 0, 0, 63, 0)))));
        all.add(new Hostile("jpeg: no width", Reason.CORRUPT, jpeg(jpegFrame(0xc0, 8, 0, 8, 1))));
        all.add(new Hostile("jpeg: no height", Reason.CORRUPT, jpeg(jpegFrame(0xc0, 8, 8, 0, 3))));
        all.add(new Hostile("jpeg: square of 65535", Reason.TOO_LARGE, jpeg(jpegFrame(0xc2, 8, 65535, 65535, 3))));
        all.add(new Hostile("jpeg: 12 bits", Reason.UNSUPPORTED, jpeg(jpegFrame(0xc1, 12, 8, 8, 1))));
        all.add(new Hostile("jpeg: lossless", Reason.UNSUPPORTED, jpeg(jpegFrame(0xc3, 8, 8, 8, 1))));
        all.add(new Hostile("jpeg: arithmetic", Reason.UNSUPPORTED, jpeg(jpegFrame(0xc9, 8, 8, 8, 1))));
        all.add(new Hostile("jpeg: five components", Reason.UNSUPPORTED, jpeg(jpegFrame(0xc0, 8, 8, 8, 5))));
        all.add(new Hostile("jpeg: no components", Reason.UNSUPPORTED, jpeg(jpegFrame(0xc0, 8, 8, 8, 0))));
        all.add(new Hostile("jpeg: short frame header", Reason.CORRUPT, jpeg(segment(0xc0, bytes(8, 0, 8)))));
        all.add(new Hostile("jpeg: frame alone", Reason.CORRUPT, jpeg(jpegFrame(0xc0, 8, 8, 8, 1))));
        all.add(new Hostile("jpeg: no quantizers", Reason.CORRUPT, without(sound, 0xdb)));
        all.add(new Hostile("jpeg: no scan", Reason.CORRUPT, without(sound, 0xda)));
        all.add(new Hostile("jpeg: no end", Reason.TRUNCATED, Arrays.copyOf(sound, sound.length - 2)));
        all.add(new Hostile(
                "jpeg: scan of an unknown component", Reason.CORRUPT, with(sound, indexOf(sound, 0xda) + 5, 9)));
        all.add(new Hostile("jpeg: sampling of 0", Reason.CORRUPT, with(sound, indexOf(sound, 0xc0) + 11, 0)));
        all.add(new Hostile("jpeg: sampling of 15", Reason.CORRUPT, with(sound, indexOf(sound, 0xc0) + 11, 0xff)));
        all.add(new Hostile("jpeg: quantizer table 9", Reason.CORRUPT, with(sound, indexOf(sound, 0xdb) + 4, 9)));
        all.add(new Hostile(
                "jpeg: more codes than bits allow", Reason.CORRUPT, with(sound, indexOf(sound, 0xc4) + 5, 200)));
        byte[][] scans = new byte[1_001][];
        Arrays.fill(scans, segment(0xda, bytes(1, 1, 0, 0, 63, 0)));
        all.add(new Hostile(
                "jpeg: a thousand scans",
                Reason.UNSUPPORTED,
                join(Arrays.copyOf(sound, sound.length - 2), join(scans), bytes(0xff, 0xd9))));
    }

    private static void gifs(List<Hostile> all) {
        byte[] sound = PixelGoldens.bytes("pictures/part.gif");
        int frame = 13 + (3 << (sound[10] & 7) + 1);
        all.add(new Hostile("gif: magic alone", Reason.TRUNCATED, text("GIF89a")));
        all.add(new Hostile(
                "gif: no screen", Reason.CORRUPT, with(with(sound, frame + 1, 0, 0, 0, 0, 1, 0, 1, 0), 6, 0, 0)));
        all.add(new Hostile("gif: square of 65535", Reason.TOO_LARGE, with(sound, 6, 255, 255, 255, 255)));
        all.add(new Hostile("gif: no frame", Reason.CORRUPT, join(Arrays.copyOf(sound, frame), bytes(0x3b))));
        all.add(new Hostile("gif: empty frame", Reason.CORRUPT, with(sound, frame + 5, 0, 0)));
        all.add(new Hostile("gif: frame off the screen", Reason.UNSUPPORTED, with(sound, frame + 1, 200)));
        all.add(new Hostile("gif: frame of 65535", Reason.UNSUPPORTED, with(sound, frame + 5, 255, 255, 255, 255)));
        all.add(new Hostile("gif: palette cut", Reason.TRUNCATED, Arrays.copyOf(sound, 20)));
        all.add(new Hostile("gif: unknown block", Reason.CORRUPT, with(sound, frame, 0x77)));
        all.add(new Hostile("gif: codes of 13 bits", Reason.CORRUPT, with(sound, frame + 10, 13)));
        byte[] extension = join(Arrays.copyOf(sound, frame), bytes(0x21, 0xfe), PictureBytes.filled(2_000, 255));
        all.add(new Hostile("gif: comment for ever", Reason.TRUNCATED, extension));
    }

    private static byte[] bmp(int headerSize, int width, int height, int bits, int compression, byte[] pixels) {
        int offset = 14 + headerSize;
        byte[] header = join(
                ints(headerSize, width, height),
                shorts(1, bits),
                ints(compression, pixels.length, 0, 0, 0, 0),
                new byte[Math.max(0, headerSize - 40)]);
        return join(text("BM"), ints(offset + pixels.length, 0, offset), header, pixels);
    }

    private static void bmps(List<Hostile> all) {
        byte[] sound = bmp(40, 2, 2, 24, 0, new byte[16]);
        all.add(new Hostile("bmp: magic alone", Reason.TRUNCATED, text("BM")));
        all.add(new Hostile("bmp: header cut", Reason.TRUNCATED, Arrays.copyOf(sound, 30)));
        for (int size : new int[] {0, 7, 41, 1_000_000, -1}) {
            all.add(new Hostile(
                    "bmp: header of " + size,
                    Reason.UNSUPPORTED,
                    with(sound, 14, size, size >> 8, size >> 16, size >> 24)));
        }
        all.add(new Hostile("bmp: no width", Reason.CORRUPT, bmp(40, 0, 2, 24, 0, new byte[16])));
        all.add(new Hostile("bmp: negative width", Reason.CORRUPT, bmp(40, -2, 2, 24, 0, new byte[16])));
        all.add(new Hostile("bmp: least height", Reason.CORRUPT, bmp(40, 2, Integer.MIN_VALUE, 24, 0, new byte[16])));
        all.add(new Hostile(
                "bmp: largest square",
                Reason.TOO_LARGE,
                bmp(40, Integer.MAX_VALUE, Integer.MAX_VALUE, 1, 0, new byte[16])));
        all.add(new Hostile("bmp: square of 65535", Reason.TOO_LARGE, bmp(40, 65_535, -65_535, 32, 0, new byte[16])));
        all.add(new Hostile("bmp: a jpeg within", Reason.UNSUPPORTED, bmp(40, 2, 2, 0, 4, greyJpeg())));
        all.add(new Hostile("bmp: unknown compression", Reason.UNSUPPORTED, bmp(40, 2, 2, 24, -1, new byte[16])));
        all.add(new Hostile("bmp: pixels in the header", Reason.CORRUPT, with(sound, 10, 20)));
        all.add(new Hostile("bmp: pixels beyond the file", Reason.TRUNCATED, with(sound, 10, 255, 255, 255, 127)));
        all.add(new Hostile("bmp: 7 bits", Reason.CORRUPT, bmp(40, 2, 2, 7, 0, new byte[16])));
        all.add(new Hostile("bmp: pixels cut", Reason.TRUNCATED, bmp(40, 2_000, 2_000, 24, 0, new byte[16])));
        all.add(new Hostile(
                "bmp: profile linked, pixels cut",
                Reason.TRUNCATED,
                with(bmp(124, 9, 9, 24, 0, new byte[16]), 70, 'K', 'N', 'I', 'L')));
    }

    /** Where a marker of a JPEG stands. */
    private static int indexOf(byte[] jpeg, int marker) {
        for (int i = 2; i < jpeg.length; i++) {
            if (jpeg[i - 1] == (byte) 0xff && jpeg[i] == (byte) marker) {
                return i - 1;
            }
        }
        throw new IllegalArgumentException("no marker " + marker);
    }

    private static byte[] without(byte[] jpeg, int marker) {
        int at = indexOf(jpeg, marker);
        int end = at + 2 + ((jpeg[at + 2] & 255) << 8 | jpeg[at + 3] & 255);
        return join(Arrays.copyOf(jpeg, at), Arrays.copyOfRange(jpeg, end, jpeg.length));
    }
}
