package org.ballast.core.image;

import static org.ballast.core.image.PictureBytes.bytes;
import static org.ballast.core.image.PictureBytes.join;
import static org.ballast.core.image.PictureBytes.jpeg;
import static org.ballast.core.image.PictureBytes.jpegFrame;
import static org.ballast.core.image.PictureBytes.losslessHeader;
import static org.ballast.core.image.PictureBytes.riff;
import static org.ballast.core.image.PictureBytes.riffChunk;
import static org.ballast.core.image.PictureBytes.shorts;
import static org.ballast.core.image.PictureBytes.text;
import static org.ballast.core.image.PictureBytes.threeBytes;
import static org.ballast.core.image.PictureBytes.tiff;
import static org.ballast.core.image.PictureBytes.webpCanvas;
import static org.ballast.core.image.PictureBytes.with;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.ballast.core.image.ImageRejected.Reason;

/** WebPs and TIFFs that no reader should trust. */
final class HostileContainers {
    private HostileContainers() {}

    static List<Hostile> all() {
        List<Hostile> all = new ArrayList<>();
        webps(all);
        tiffs(all);
        return all;
    }

    private static void webps(List<Hostile> all) {
        byte[] lossless = losslessHeader(4, 4, 0);
        byte[] frame = join(bytes(0x30, 0, 0, 0x9d, 1, 0x2a), shorts(16, 16), new byte[30]);
        byte[] lossy = PixelGoldens.bytes("pictures/lossy_2x35.webp");
        all.add(new Hostile("webp: magic alone", Reason.TRUNCATED, text("RIFF\0\0\0\0WEBP")));
        all.add(new Hostile("webp: riff of nothing", Reason.CORRUPT, with(lossy, 4, 0, 0, 0, 0)));
        all.add(new Hostile("webp: riff beyond the file", Reason.TRUNCATED, with(lossy, 4, 255, 255, 255, 127)));
        all.add(new Hostile("webp: riff of 2^32 - 1", Reason.TRUNCATED, with(lossy, 4, 255, 255, 255, 255)));
        all.add(new Hostile("webp: unknown chunk", Reason.CORRUPT, with(lossy, 12, 'A', 'B', 'C', 'D')));
        all.add(new Hostile("webp: chunk beyond the file", Reason.CORRUPT, with(lossy, 16, 255, 255, 255, 255)));
        all.add(new Hostile("webp: no chunk", Reason.TRUNCATED, riff()));
        all.add(new Hostile("webp: no key frame", Reason.CORRUPT, with(lossy, 20, lossy[20] | 1)));
        all.add(new Hostile("webp: start code", Reason.CORRUPT, with(lossy, 23, 0)));
        all.add(new Hostile("webp: no width", Reason.CORRUPT, with(lossy, 26, 0, 0)));
        all.add(new Hostile("webp: unknown profile", Reason.CORRUPT, with(lossy, 20, lossy[20] | 0x0e)));
        all.add(new Hostile("webp: partition beyond the chunk", Reason.TRUNCATED, with(lossy, 22, 255)));
        all.add(new Hostile("webp: modes of nothing", Reason.TRUNCATED, riff(riffChunk("VP8 ", with(frame, 0, 0x10)))));
        all.add(new Hostile("webp: large frame of no data", Reason.TOO_LARGE, with(lossy, 26, 255, 63, 255, 63)));
        all.add(new Hostile(
                "webp: lossless signature", Reason.CORRUPT, riff(riffChunk("VP8L", with(lossless, 0, 0x2e)))));
        all.add(new Hostile(
                "webp: lossless version", Reason.CORRUPT, riff(riffChunk("VP8L", losslessHeader(4, 4, 1)))));
        all.add(new Hostile("webp: lossless header alone", Reason.TRUNCATED, riff(riffChunk("VP8L", lossless))));
        all.add(new Hostile("webp: lossless header cut", Reason.CORRUPT, riff(riffChunk("VP8L", new byte[3]))));
        all.add(new Hostile(
                "webp: a transform twice",
                Reason.CORRUPT,
                riff(riffChunk("VP8L", join(lossless, bytes(0b101101), new byte[9])))));
        all.add(new Hostile(
                "webp: colour cache of 0 bits",
                Reason.CORRUPT,
                riff(riffChunk("VP8L", join(lossless, bytes(0b10), new byte[9])))));
        all.add(new Hostile(
                "webp: colour cache of 15 bits",
                Reason.CORRUPT,
                riff(riffChunk("VP8L", join(lossless, bytes(0b111110), new byte[9])))));
        all.add(new Hostile(
                "webp: code of no symbols", Reason.CORRUPT, riff(riffChunk("VP8L", join(lossless, new byte[40])))));
        all.add(new Hostile("webp: canvas header cut", Reason.CORRUPT, riff(riffChunk("VP8X", new byte[4]))));
        all.add(new Hostile("webp: canvas of nothing", Reason.CORRUPT, riff(webpCanvas(0, 4, 4))));
        all.add(new Hostile(
                "webp: canvas of another size",
                Reason.CORRUPT,
                riff(webpCanvas(0, 5, 4), riffChunk("VP8L", lossless))));
        all.add(new Hostile(
                "webp: canvas within a canvas", Reason.CORRUPT, riff(webpCanvas(0, 4, 4), webpCanvas(0, 4, 4))));
        all.add(new Hostile(
                "webp: animation without a frame",
                Reason.CORRUPT,
                riff(webpCanvas(2, 4, 4), riffChunk("ANIM", new byte[6]))));
        all.add(new Hostile(
                "webp: frame cut", Reason.CORRUPT, riff(webpCanvas(2, 4, 4), riffChunk("ANMF", new byte[7]))));
        all.add(new Hostile(
                "webp: frame of nothing", Reason.CORRUPT, riff(webpCanvas(2, 4, 4), riffChunk("ANMF", new byte[16]))));
        byte[] place = join(threeBytes(9), threeBytes(0), threeBytes(3), threeBytes(3), new byte[4]);
        all.add(new Hostile(
                "webp: frame off the canvas",
                Reason.CORRUPT,
                riff(webpCanvas(2, 4, 4), riffChunk("ANMF", join(place, riffChunk("VP8L", lossless))))));
        byte[] other = join(threeBytes(0), threeBytes(0), threeBytes(3), threeBytes(2), new byte[4]);
        all.add(new Hostile(
                "webp: frame of another size",
                Reason.CORRUPT,
                riff(webpCanvas(2, 4, 4), riffChunk("ANMF", join(other, riffChunk("VP8L", lossless))))));
        byte[] small = join(threeBytes(0), threeBytes(0), threeBytes(3), threeBytes(3), new byte[4]);
        all.add(new Hostile(
                "webp: largest canvas",
                Reason.TOO_LARGE,
                riff(webpCanvas(2, 1 << 24, 1 << 24), riffChunk("ANMF", join(small, riffChunk("VP8L", lossless))))));
        byte[] picture = Arrays.copyOfRange(lossy, 12, lossy.length);
        all.add(new Hostile(
                "webp: empty alpha",
                Reason.CORRUPT,
                riff(webpCanvas(16, 2, 35), riffChunk("ALPH", new byte[0]), picture)));
        all.add(new Hostile(
                "webp: alpha cut",
                Reason.TRUNCATED,
                riff(webpCanvas(16, 2, 35), riffChunk("ALPH", new byte[69]), picture)));
        all.add(new Hostile(
                "webp: lossless alpha cut",
                Reason.TRUNCATED,
                riff(webpCanvas(16, 2, 35), riffChunk("ALPH", bytes(1)), picture)));
        all.add(new Hostile(
                "webp: alpha of compression 3",
                Reason.UNSUPPORTED,
                riff(webpCanvas(16, 2, 35), riffChunk("ALPH", PictureBytes.filled(90, 3)), picture)));
    }

    /** A grey page of one strip of plain bytes, which stand behind the directory. */
    static Map<Integer, long[]> greyPage(int width, int height) {
        Map<Integer, long[]> tags = new TreeMap<>();
        tags.put(TiffPage.WIDTH, new long[] {width});
        tags.put(TiffPage.HEIGHT, new long[] {height});
        tags.put(TiffPage.BITS, new long[] {8});
        tags.put(TiffPage.COMPRESSION, new long[] {1});
        tags.put(TiffPage.PHOTOMETRIC, new long[] {1});
        tags.put(TiffPage.STRIP_OFFSETS, new long[] {8 + 2 + 12 * 7 + 4});
        tags.put(TiffPage.STRIP_LENGTHS, new long[] {(long) width * height});
        return tags;
    }

    static byte[] grey(Object... changes) {
        Map<Integer, long[]> tags = greyPage(4, 4);
        for (int i = 0; i < changes.length; i += 2) {
            tags.put((Integer) changes[i], (long[]) changes[i + 1]);
        }
        int more = tags.size() - 7;
        if (tags.get(TiffPage.STRIP_OFFSETS)[0] == 8 + 2 + 12 * 7 + 4) {
            tags.put(TiffPage.STRIP_OFFSETS, new long[] {8 + 2 + 12 * (7 + more) + 4});
        }
        return tiff(tags, PictureBytes.filled(64, 0xaa));
    }

    private static long[] l(long... values) {
        return values;
    }

    private static void tiffs(List<Hostile> all) {
        byte[] sound = grey();
        all.add(new Hostile("tiff: magic alone", Reason.TRUNCATED, text("MM\0*")));
        all.add(new Hostile("tiff: directory at 0", Reason.CORRUPT, with(sound, 4, 0, 0, 0, 0)));
        all.add(new Hostile("tiff: directory beyond the file", Reason.TRUNCATED, with(sound, 4, 255, 255, 255, 255)));
        all.add(new Hostile("tiff: more entries than bytes", Reason.TRUNCATED, with(sound, 8, 255, 255)));
        all.add(new Hostile("tiff: no entries", Reason.CORRUPT, with(sound, 8, 0, 0)));
        for (long width : new long[] {0, 65_535, 0xffffffffL, 1L << 31}) {
            all.add(new Hostile(
                    "tiff: side of " + width,
                    width == 65_535 ? Reason.TOO_LARGE : Reason.CORRUPT,
                    grey(TiffPage.WIDTH, l(width), TiffPage.HEIGHT, l(Math.max(1, width)))));
        }
        all.add(new Hostile("tiff: width without a value", Reason.CORRUPT, with(sound, 14, 0)));
        all.add(new Hostile("tiff: width of another type", Reason.CORRUPT, with(sound, 12, 11)));
        all.add(new Hostile(
                "tiff: no strips", Reason.CORRUPT, without(sound, TiffPage.STRIP_OFFSETS, TiffPage.STRIP_LENGTHS)));
        all.add(new Hostile(
                "tiff: strip beyond the file", Reason.TRUNCATED, grey(TiffPage.STRIP_OFFSETS, l(0xfffffff0L))));
        all.add(new Hostile(
                "tiff: strip's length beyond the file",
                Reason.TRUNCATED,
                grey(TiffPage.STRIP_LENGTHS, l(0xffffffffL))));
        all.add(new Hostile("tiff: strip too short", Reason.TRUNCATED, grey(TiffPage.STRIP_LENGTHS, l(15))));
        all.add(new Hostile("tiff: strips of no rows", Reason.CORRUPT, grey(TiffPage.ROWS_PER_STRIP, l(0))));
        all.add(new Hostile("tiff: fewer strips than rows", Reason.CORRUPT, grey(TiffPage.ROWS_PER_STRIP, l(1))));
        all.add(new Hostile(
                "tiff: tiles of a million",
                Reason.CORRUPT,
                grey(
                        TiffPage.TILE_OFFSETS,
                        l(8),
                        TiffPage.TILE_LENGTHS,
                        l(9),
                        TiffPage.TILE_WIDTH,
                        l(1_000_000),
                        TiffPage.TILE_HEIGHT,
                        l(1_000_000))));
        all.add(new Hostile(
                "tiff: tiles without a width",
                Reason.CORRUPT,
                grey(TiffPage.TILE_OFFSETS, l(8), TiffPage.TILE_LENGTHS, l(9))));
        all.add(new Hostile("tiff: 3 bits", Reason.UNSUPPORTED, grey(TiffPage.BITS, l(3))));
        all.add(new Hostile(
                "tiff: bits of several sizes",
                Reason.UNSUPPORTED,
                grey(TiffPage.BITS, l(5, 6, 5), TiffPage.SAMPLES, l(3), TiffPage.PHOTOMETRIC, l(2))));
        all.add(new Hostile(
                "tiff: bits beyond the file",
                Reason.TRUNCATED,
                with(sound, 8 + 2 + 24 + 4, 3, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f)));
        all.add(new Hostile("tiff: 4 billion bits", Reason.CORRUPT, with(sound, 8 + 2 + 24 + 4, 255, 255, 255, 255)));
        all.add(new Hostile("tiff: no samples", Reason.UNSUPPORTED, grey(TiffPage.SAMPLES, l(0))));
        all.add(new Hostile("tiff: 60000 samples", Reason.UNSUPPORTED, grey(TiffPage.SAMPLES, l(60_000))));
        all.add(new Hostile("tiff: floats", Reason.UNSUPPORTED, grey(TiffPage.SAMPLE_FORMAT, l(3))));
        all.add(new Hostile("tiff: L*a*b*", Reason.UNSUPPORTED, grey(TiffPage.PHOTOMETRIC, l(8))));
        all.add(new Hostile("tiff: old jpeg", Reason.UNSUPPORTED, grey(TiffPage.COMPRESSION, l(6))));
        all.add(new Hostile("tiff: fax of grey", Reason.UNSUPPORTED, grey(TiffPage.COMPRESSION, l(4))));
        all.add(new Hostile(
                "tiff: predictor 3", Reason.UNSUPPORTED, grey(TiffPage.COMPRESSION, l(8), TiffPage.PREDICTOR, l(3))));
        all.add(new Hostile("tiff: planes of kind 3", Reason.CORRUPT, grey(TiffPage.PLANAR, l(3))));
        all.add(new Hostile("tiff: bits in the other order", Reason.UNSUPPORTED, grey(TiffPage.FILL_ORDER, l(2))));
        all.add(new Hostile(
                "tiff: palette of three",
                Reason.CORRUPT,
                grey(TiffPage.PHOTOMETRIC, l(3), TiffPage.COLOR_MAP, l(1, 2, 3))));
        all.add(new Hostile("tiff: no palette", Reason.CORRUPT, grey(TiffPage.PHOTOMETRIC, l(3))));
        all.add(new Hostile("tiff: zlib of nothing", Reason.CORRUPT, grey(TiffPage.COMPRESSION, l(8))));
        all.add(new Hostile("tiff: lzw of nothing", Reason.CORRUPT, grey(TiffPage.COMPRESSION, l(5))));
        all.add(new Hostile("tiff: jpeg of nothing", Reason.CORRUPT, grey(TiffPage.COMPRESSION, l(7))));
        Map<Integer, long[]> overlapping = greyPage(100, 100);
        long[] places = new long[100];
        long[] lengths = new long[100];
        Arrays.fill(lengths, 900);
        overlapping.put(TiffPage.COMPRESSION, l(8));
        overlapping.put(TiffPage.ROWS_PER_STRIP, l(1));
        overlapping.put(TiffPage.STRIP_OFFSETS, places);
        overlapping.put(TiffPage.STRIP_LENGTHS, lengths);
        all.add(new Hostile("tiff: strips over strips", Reason.CORRUPT, tiff(overlapping, new byte[10])));
        byte[] jpeg = jpeg(jpegFrame(0xc0, 8, 60_000, 60_000, 1));
        Map<Integer, long[]> tags = greyPage(4, 4);
        tags.put(TiffPage.COMPRESSION, l(7));
        tags.put(TiffPage.STRIP_LENGTHS, l(jpeg.length));
        all.add(new Hostile("tiff: a large jpeg in a small strip", Reason.CORRUPT, tiff(tags, jpeg)));
        all.add(new Hostile(
                "tiff: bits of wrong samples", Reason.UNSUPPORTED, grey(TiffPage.SAMPLES, l(2), TiffPage.BITS, l(16))));
    }

    /** The TIFF with entries that mean nothing in place of some. */
    private static byte[] without(byte[] tiff, int... tags) {
        byte[] changed = tiff.clone();
        for (int i = 10; i < 10 + 12 * changed[8]; i += 12) {
            int tag = changed[i] & 255 | (changed[i + 1] & 255) << 8;
            if (Arrays.stream(tags).anyMatch(gone -> gone == tag)) {
                changed[i] = 1;
                changed[i + 1] = (byte) 0xff;
            }
        }
        return changed;
    }
}
