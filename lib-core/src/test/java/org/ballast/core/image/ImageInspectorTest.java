package org.ballast.core.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.ballast.core.image.ImageInspector.Check;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageInspectorTest {
    private static final ImageLimits LIMITS = new ImageLimits(1 << 20, 1 << 20, 4096, 20);

    private static ImageInspector inspector(Check check) {
        return new ImageInspector(LIMITS, check, 0, false);
    }

    private static byte[] file(String name) {
        return PixelGoldens.bytes("pictures/" + name);
    }

    @Test
    void looksAtNothingWhenNotAskedTo() throws ImageRejected {
        byte[] bytes = {1, 2, 3};
        InspectedImage image = inspector(Check.NONE).inspect(bytes);
        assertThat(image.bytes()).isSameAs(bytes);
        assertThat(image).isEqualTo(new InspectedImage(bytes, null, null, null, 1, null));
        assertThatThrownBy(() -> inspector(Check.NONE).inspect(new byte[0])).isInstanceOf(ImageRejected.class);
        assertThatThrownBy(() -> new ImageInspector(new ImageLimits(2, 1, 1), Check.NONE, 0, false).inspect(bytes))
                .hasMessageContaining("3 bytes");
    }

    @ParameterizedTest
    @CsvSource({
        "lossy_exif6.webp,webp,50,30,6",
        "orientation8.tif,tiff,75,53,8",
        "part.gif,gif,40,30,1",
        "animated_offset.webp,webp,64,48,1",
        "lossy_2x35.webp,webp,2,35,1"
    })
    void readsHeaders(String name, String format, int width, int height, int orientation) throws ImageRejected {
        byte[] bytes = file(name);
        for (Check check : new Check[] {Check.HEADER, Check.FULL}) {
            InspectedImage image = inspector(check).inspect(bytes);
            assertThat(image.bytes()).isSameAs(bytes);
            assertThat(image).isEqualTo(new InspectedImage(bytes, width, height, format, orientation, null));
        }
    }

    @Test
    void theHeaderCheckDoesNotReadThePixels() throws ImageRejected {
        byte[] broken = file("rgb_tiff_lzw.tif");
        for (int i = 20; i < 3000; i++) {
            broken[i] = (byte) 0xff;
        }
        assertThat(inspector(Check.HEADER).inspect(broken).width()).isEqualTo(61);
        assertThatThrownBy(() -> inspector(Check.FULL).inspect(broken)).isInstanceOf(ImageRejected.class);
    }

    @Test
    void limitsTheAspectRatio() throws ImageRejected {
        byte[] narrow = file("lossy_2x35.webp");
        assertThat(new ImageInspector(new ImageLimits(9999, 9999, 99, 17.5), Check.FULL, 0, false)
                        .inspect(narrow)
                        .height())
                .isEqualTo(35);
        assertThatThrownBy(() -> new ImageInspector(new ImageLimits(9999, 9999, 99, 17.4), Check.HEADER, 0, false)
                        .inspect(narrow))
                .isInstanceOfSatisfying(
                        ImageRejected.class, e -> assertThat(e.reason()).isEqualTo(ImageRejected.Reason.TOO_LARGE))
                .hasMessageContaining("aspect ratio of 17.4");
        assertThatThrownBy(() -> new ImageLimits(1, 1, 1, Double.NaN)).hasMessageContaining("NaN");
    }

    @ParameterizedTest
    @CsvSource({
        "rgb_raw.tif,tiff",
        "lossy.webp,jpeg",
        "lossy_alpha.webp,jpeg",
        "lossless.webp,png",
        "plain.gif,png",
        "rgb_jpeg.tif,tiff"
    })
    void resizesToTheLongestEdge(String name, String format) throws ImageRejected {
        byte[] bytes = file(name);
        ImageHeader before = ImageHeader.read(bytes);
        InspectedImage image = new ImageInspector(LIMITS, Check.HEADER, 24, false).inspect(bytes);
        int longest = Math.max(before.width(), before.height());
        assertThat(image.width()).isEqualTo(Math.round(before.width() * 24f / longest));
        assertThat(image.height()).isEqualTo(Math.round(before.height() * 24f / longest));
        assertThat(image.format()).isEqualTo(format);
        var decoder = new ImageDecoder(LIMITS, RgbConversion.TRANSFORMERS);
        RgbImage stored = decoder.decode(image.bytes());
        RgbImage wanted =
                PilResize.resize(decoder.decode(bytes), PilResize.Filter.BICUBIC, image.width(), image.height());
        if (format.equals("jpeg")) {
            assertThat(meanDifference(stored, wanted)).isLessThan(8);
        } else {
            assertThat(stored).isEqualTo(wanted);
        }
        assertThat(new ImageInspector(LIMITS, Check.HEADER, 24, false).inspect(bytes))
                .isEqualTo(image);
    }

    @Test
    void aResizedPictureIsUpright() throws ImageRejected {
        var inspector = new ImageInspector(LIMITS, Check.FULL, 25, true);
        InspectedImage image = inspector.inspect(file("lossy_exif6.webp"));
        assertThat(image.width()).isEqualTo(15);
        assertThat(image.height()).isEqualTo(25);
        assertThat(image.orientation()).isEqualTo(1);
        assertThat(image.dHash())
                .isEqualTo(new ImageInspector(LIMITS, Check.HEADER, 0, true)
                        .inspect(file("lossy_exif6.webp"))
                        .dHash());
    }

    @Test
    void aSmallPictureIsNotTouched() throws ImageRejected {
        byte[] bytes = file("lossy_exif6.webp");
        InspectedImage image = new ImageInspector(LIMITS, Check.FULL, 50, false).inspect(bytes);
        assertThat(image.bytes()).isSameAs(bytes);
        assertThat(image.orientation()).isEqualTo(6);
    }

    @Test
    void theHeaderCheckAllocatesNextToNothing() throws ImageRejected {
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        ImageInspector inspector = inspector(Check.HEADER);
        for (String name : new String[] {"rgb_raw.tif", "lossy_alpha.webp", "transparent.gif"}) {
            byte[] bytes = file(name);
            inspector.inspect(bytes);
            long before = threads.getCurrentThreadAllocatedBytes();
            inspector.inspect(bytes);
            assertThat(threads.getCurrentThreadAllocatedBytes() - before)
                    .as(name)
                    .isLessThan(20_000);
        }
    }

    @Test
    void namesWhatContradictsItself() {
        assertThatThrownBy(() -> new ImageInspector(LIMITS, Check.NONE, 0, true))
                .hasMessageContaining("check");
        assertThatThrownBy(() -> new ImageInspector(LIMITS, Check.NONE, 10, false))
                .hasMessageContaining("check");
        assertThatThrownBy(() -> new ImageInspector(LIMITS, Check.FULL, -1, false))
                .hasMessageContaining("-1");
    }

    private static double meanDifference(RgbImage one, RgbImage other) {
        double sum = 0;
        for (int i = 0; i < one.rgb().length; i++) {
            sum += Math.abs((one.rgb()[i] & 255) - (other.rgb()[i] & 255));
        }
        return sum / one.rgb().length;
    }
}
