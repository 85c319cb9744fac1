package org.ballast.core.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.ballast.core.image.PictureBytes.bytes;
import static org.ballast.core.image.PictureBytes.chunk;
import static org.ballast.core.image.PictureBytes.deflated;
import static org.ballast.core.image.PictureBytes.greyJpeg;
import static org.ballast.core.image.PictureBytes.ints;
import static org.ballast.core.image.PictureBytes.join;
import static org.ballast.core.image.PictureBytes.jpeg;
import static org.ballast.core.image.PictureBytes.jpegFrame;
import static org.ballast.core.image.PictureBytes.losslessHeader;
import static org.ballast.core.image.PictureBytes.png;
import static org.ballast.core.image.PictureBytes.pngHeader;
import static org.ballast.core.image.PictureBytes.riff;
import static org.ballast.core.image.PictureBytes.riffChunk;
import static org.ballast.core.image.PictureBytes.segment;
import static org.ballast.core.image.PictureBytes.shorts;
import static org.ballast.core.image.PictureBytes.text;
import static org.ballast.core.image.PictureBytes.threeBytes;
import static org.ballast.core.image.PictureBytes.tiff;
import static org.ballast.core.image.PictureBytes.webpCanvas;
import static org.ballast.core.image.PictureBytes.with;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.ballast.core.image.ImageInspector.Check;
import org.ballast.core.image.ImageRejected.Reason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files made to break a reader: each is rejected with a reason, and none takes memory that it does not bring. */
class HostilePicturesTest {
    /** What {@code shard} allows by default, and an aspect ratio. */
    private static final ImageLimits LIMITS = new ImageLimits(20_000_000, 100_000_000, 65_535, 1_000);

    private static final ImageInspector HEADER = new ImageInspector(LIMITS, Check.HEADER, 0, false);
    private static final ImageInspector FULL = new ImageInspector(LIMITS, Check.FULL, 0, true);
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final long MOST_BYTES = 4 << 20;

    private record Hostile(String name, Reason reason, byte[] bytes) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Hostile> pictures() {
        List<Hostile> all = new ArrayList<>();
        noPictures(all);
        pngs(all);
        jpegs(all);
        gifs(all);
        bmps(all);
        webps(all);
        tiffs(all);
        return all.stream();
    }

    @ParameterizedTest
    @MethodSource("pictures")
    void rejectsWithAReason(Hostile picture) {
        Throwable first = catchThrowable(() -> FULL.inspect(picture.bytes)); // loads classes
        long before = THREADS.getCurrentThreadAllocatedBytes();
        Throwable thrown = catchThrowable(() -> FULL.inspect(picture.bytes));
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        assertThat(thrown).isInstanceOf(ImageRejected.class).hasMessage(first.getMessage());
        assertThat(((ImageRejected) thrown).reason()).as(thrown.getMessage()).isEqualTo(picture.reason);
        assertThat(thrown.getMessage()).isNotBlank();
        assertThat(allocated).isLessThan(MOST_BYTES + 8L * picture.bytes.length);
        // the header check throws the same or lets it pass
        Throwable early = catchThrowable(() -> HEADER.inspect(picture.bytes));
        if (early != null) {
            assertThat(early).isInstanceOf(ImageRejected.class).hasMessage(thrown.getMessage());
        }
    }

    @Test
    void thereAreManyKinds() {
        assertThat(pictures().map(Hostile::name).distinct().count()).isGreaterThanOrEqualTo(120);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "pictures/grey2.tif",
                "pictures/palette4.tif",
                "pictures/bilevel_group4.tif",
                "pictures/rgb_raw.tif",
                "pictures/grey_jpeg.tif",
                "pictures/lossy_2x35.webp",
                "pictures/lossy_exif6.webp",
                "pictures/lossless_5_colors.webp",
                "pictures/animated_offset.webp",
                "pictures/raw_alpha.webp",
                "pictures/part.gif",
                "pictures/transparent.gif"
            })
    void isRejectedCutAtEveryByte(String name) {
        byte[] whole = PixelGoldens.bytes(name);
        assertThat(catchThrowable(() -> FULL.inspect(whole))).isNull();
        int step = 1 + whole.length / 2_000;
        // what ends a GIF's frame and the file, and where a TIFF's next page stands, hold nothing of the picture
        int spare = name.endsWith(".gif") ? 3 : name.endsWith(".tif") ? 5 : 1;
        for (int length = 0; length <= whole.length - spare; length += step) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThat(catchThrowable(() -> FULL.inspect(cut)))
                    .as("%s at %d", name, length)
                    .isInstanceOf(ImageRejected.class);
        }
    }

    @Test
    void whatMakesNoPixelsIsNotUnpacked() throws ImageRejected {
        byte[] bomb = join(text("Comment\0\0"), deflated(new byte[50_000_000]));
        byte[] profile = join(text("Profile\0\0"), deflated(new byte[50_000_000]));
        byte[] png = png(
                pngHeader(4, 4, 8, 0, 0, 0),
                chunk("zTXt", bomb),
                chunk("iCCP", profile),
                chunk("IDAT", deflated(new byte[20])));
        assertThat(bomb.length).isLessThan(60_000);
        FULL.inspect(png);
        long before = THREADS.getCurrentThreadAllocatedBytes();
        assertThat(FULL.inspect(png).width()).isEqualTo(4);
        assertThat(THREADS.getCurrentThreadAllocatedBytes() - before).isLessThan(MOST_BYTES);
    }

    @Test
    void directoriesThatLoopAreNotFollowed() throws ImageRejected {
        byte[] tiff = tiff(greyPage(4, 4), new byte[16]);
        int next = 8 + 2 + 12 * greyPage(4, 4).size();
        assertThat(FULL.inspect(with(tiff, next, 8, 0, 0, 0)).height()).isEqualTo(4);
        // and one within: the EXIF directory is the page's own
        Map<Integer, long[]> tags = greyPage(4, 4);
        tags.put(0x8769, new long[] {8});
        tags.put(330, new long[] {8});
        tags.put(TiffPage.STRIP_OFFSETS, new long[] {8 + 2 + 12 * tags.size() + 4});
        assertThat(FULL.inspect(tiff(tags, new byte[16])).height()).isEqualTo(4);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 4, 8, 0x7ffffff0, 0xfffffff0})
    void exifThatPointsOutsideIsNoFaultOfThePicture(int offset) throws ImageRejected {
        byte[] exif = join(text("II*\0"), ints(offset));
        byte[] entry = join(exif, shorts(40_000), shorts(0x0112, 3), ints(1, 6));
        for (byte[] block : new byte[][] {exif, entry}) {
            byte[] jpeg = greyJpeg(segment(0xe1, join(text("Exif\0\0"), block)));
            assertThat(FULL.inspect(jpeg).orientation()).isIn(1, 6);
            byte[] png = png(pngHeader(1, 1, 8, 0, 0, 0), chunk("eXIf", block), chunk("IDAT", deflated(new byte[2])));
            assertThat(FULL.inspect(png).orientation()).isIn(1, 6);
            byte[] webp = PixelGoldens.bytes("pictures/lossy_exif6.webp");
            int at = new String(webp, StandardCharsets.ISO_8859_1).indexOf("EXIF");
            System.arraycopy(exif, 0, webp, at + 8, exif.length);
            assertThat(FULL.inspect(webp).orientation()).isIn(1, 6);
        }
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
        assertThat(catchThrowable(() -> FULL.inspect(sound))).isNull();
        all.add(new Hostile("jpeg: start alone", Reason.TRUNCATED, bytes(0xff, 0xd8, 0xff)));
        all.add(new Hostile("jpeg: nothing within", Reason.CORRUPT, jpeg()));
        all.add(new Hostile("jpeg: fill bytes for ever", Reason.TRUNCATED, join(bytes(0xff, 0xd8), filled(500, 0xff))));
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
        assertThat(sound[frame]).isEqualTo((byte) 0x2c);
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
        byte[] extension = join(Arrays.copyOf(sound, frame), bytes(0x21, 0xfe), filled(2_000, 255));
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
                riff(webpCanvas(16, 2, 35), riffChunk("ALPH", filled(90, 3)), picture)));
    }

    /** A grey page of one strip of plain bytes, which stand behind the directory. */
    private static Map<Integer, long[]> greyPage(int width, int height) {
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

    private static byte[] grey(Object... changes) {
        Map<Integer, long[]> tags = greyPage(4, 4);
        for (int i = 0; i < changes.length; i += 2) {
            tags.put((Integer) changes[i], (long[]) changes[i + 1]);
        }
        int more = tags.size() - 7;
        if (tags.get(TiffPage.STRIP_OFFSETS)[0] == 8 + 2 + 12 * 7 + 4) {
            tags.put(TiffPage.STRIP_OFFSETS, new long[] {8 + 2 + 12 * (7 + more) + 4});
        }
        return tiff(tags, filled(64, 0xaa));
    }

    private static long[] l(long... values) {
        return values;
    }

    private static void tiffs(List<Hostile> all) {
        byte[] sound = grey();
        assertThat(catchThrowable(() -> FULL.inspect(sound))).isNull();
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

    private static byte[] filled(int length, int value) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
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
