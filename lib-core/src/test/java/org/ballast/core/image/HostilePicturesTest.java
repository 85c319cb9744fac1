package org.ballast.core.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.ballast.core.image.PictureBytes.chunk;
import static org.ballast.core.image.PictureBytes.deflated;
import static org.ballast.core.image.PictureBytes.greyJpeg;
import static org.ballast.core.image.PictureBytes.ints;
import static org.ballast.core.image.PictureBytes.join;
import static org.ballast.core.image.PictureBytes.jpeg;
import static org.ballast.core.image.PictureBytes.png;
import static org.ballast.core.image.PictureBytes.pngHeader;
import static org.ballast.core.image.PictureBytes.segment;
import static org.ballast.core.image.PictureBytes.shorts;
import static org.ballast.core.image.PictureBytes.text;
import static org.ballast.core.image.PictureBytes.tiff;
import static org.ballast.core.image.PictureBytes.with;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;
import org.ballast.core.image.ImageInspector.Check;
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

    static Stream<Hostile> pictures() {
        return Stream.concat(HostileRasters.all().stream(), HostileContainers.all().stream());
    }

    @ParameterizedTest
    @MethodSource("pictures")
    void rejectsWithAReason(Hostile picture) {
        Throwable first = catchThrowable(() -> FULL.inspect(picture.bytes())); // loads classes
        long before = THREADS.getCurrentThreadAllocatedBytes();
        Throwable thrown = catchThrowable(() -> FULL.inspect(picture.bytes()));
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        assertThat(thrown).isInstanceOf(ImageRejected.class).hasMessage(first.getMessage());
        assertThat(((ImageRejected) thrown).reason()).as(thrown.getMessage()).isEqualTo(picture.reason());
        assertThat(thrown.getMessage()).isNotBlank();
        assertThat(allocated).isLessThan(MOST_BYTES + 8L * picture.bytes().length);
        // the header check throws the same or lets it pass
        Throwable early = catchThrowable(() -> HEADER.inspect(picture.bytes()));
        if (early != null) {
            assertThat(early).isInstanceOf(ImageRejected.class).hasMessage(thrown.getMessage());
        }
    }

    @Test
    void theyAreMadeOfSoundOnes() throws ImageRejected {
        byte[] lossless = PixelGoldens.bytes("pictures/lossless_5_colors.webp");
        for (byte[] sound : new byte[][] {png(4, 4), greyJpeg(), HostileContainers.grey(), lossless}) {
            assertThat(FULL.inspect(sound).dHash()).isNotNull();
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
        byte[] tiff = tiff(HostileContainers.greyPage(4, 4), new byte[16]);
        int next = 8 + 2 + 12 * HostileContainers.greyPage(4, 4).size();
        assertThat(FULL.inspect(with(tiff, next, 8, 0, 0, 0)).height()).isEqualTo(4);
        // and one within: the EXIF directory is the page's own
        Map<Integer, long[]> tags = HostileContainers.greyPage(4, 4);
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
}
