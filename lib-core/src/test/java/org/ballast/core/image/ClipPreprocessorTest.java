package org.ballast.core.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClipPreprocessorTest {
    private static final PixelGoldens GOLDENS = PixelGoldens.open("mllm-a/preprocessing.safetensors");
    private static final String CONFIG =
            new String(PixelGoldens.bytes("mllm-a/model/preprocessor_config.json"), StandardCharsets.UTF_8);

    private static ClipPreprocessor golden(boolean pad) {
        return ClipPreprocessor.parse(pad ? CONFIG.replaceFirst("\\{", "{\"do_pad\": true,") : CONFIG, "golden");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "dot_1x1",
                "exif6_120x80",
                "exif6_120x80.upright",
                "gray16_64x48",
                "gray_90x120",
                "palette_70x50",
                "photo_61x97",
                "rgba_80x64",
                "square",
                "wide_300x40"
            })
    void equalsTransformersOnTheGoldenPictures(String name) {
        RgbImage image = GOLDENS.image(name + ".rgb");
        assertThat(golden(false).apply(image)).containsExactly(GOLDENS.floats(name + ".crop"), within(1e-6f));
        if (GOLDENS.header().has(name + ".pad")) {
            assertThat(golden(true).apply(image)).containsExactly(GOLDENS.floats(name + ".pad"), within(1e-6f));
        }
    }

    @Test
    void croppingAWindowEqualsCroppingTheWholeResize() {
        RgbImage image = GOLDENS.image("wide_300x40.rgb");
        RgbImage whole = PilResize.bicubic(image, 420, 56);
        RgbImage window = PilResize.bicubic(image, 420, 56, 182, 3, 56, 50);
        for (int y = 0; y < 50; y++) {
            for (int i = 0; i < 3 * 56; i++) {
                assertThat(window.rgb()[3 * 56 * y + i]).isEqualTo(whole.rgb()[3 * (420 * (y + 3) + 182) + i]);
            }
        }
    }

    @Test
    void shrinkingToOnePixelGivesTheWeightsOfTheStretchedKernel() {
        // two pixels to one: the kernel's arguments are +-0.25 after the stretch, so both weigh one half: (10 + 201) /
        // 2 = 105.5, rounded up
        RgbImage two = new RgbImage(2, 1, new byte[] {10, 0, (byte) 255, (byte) 201, 0, (byte) 255});
        assertThat(PilResize.bicubic(two, 1, 1).rgb()).containsExactly(106, 0, 255);
    }

    @Test
    void normalisesByHand() {
        RgbImage grey = new RgbImage(1, 1, new byte[] {(byte) 128, 0, (byte) 255});
        var half = new ClipPreprocessor(
                new ClipPreprocessor.ShortestEdge(1), 1, 1, false, 1.0 / 255, new double[] {.5, .5, .5}, new double[] {
                    .5, .5, .25
                });
        assertThat(half.apply(grey)).containsExactly((float) (1 / 255.0), -1f, 2f);
    }

    @Test
    void picturesOfTheTargetSizeGoThroughTheTableOnlyAndComeBack() {
        RgbImage image = GOLDENS.image("square.rgb");
        ClipPreprocessor clip = ClipPreprocessor.clip(56);
        assertThat(clip.toRgb(clip.apply(image))).isEqualTo(image);
        assertThatThrownBy(() -> clip.toRgb(new float[7])).hasMessageContaining("7 values");
    }

    @Test
    void readsWhatItWrote(@TempDir Path directory) throws IOException {
        for (ClipPreprocessor config :
                new ClipPreprocessor[] {golden(false), golden(true), ClipPreprocessor.clip(64)}) {
            config.write(directory);
            assertThat(ClipPreprocessor.read(directory)).isEqualTo(config);
        }
        assertThat(golden(false)).isEqualTo(ClipPreprocessor.parse(golden(false).toJson(), "again"));
    }

    @Test
    void readsTheOlderFormsOfSizes() {
        ClipPreprocessor old = ClipPreprocessor.parse("{\"size\": 30, \"crop_size\": 28}", "old");
        assertThat(old.resize()).isEqualTo(new ClipPreprocessor.ShortestEdge(30));
        assertThat(old.height()).isEqualTo(28);
        ClipPreprocessor exact = ClipPreprocessor.parse(
                "{\"size\": {\"height\": 20, \"width\": 30}, \"do_center_crop\": false}", "exact");
        assertThat(exact.apply(GOLDENS.image("photo_61x97.rgb"))).hasSize(3 * 20 * 30);
        assertThat(ClipPreprocessor.parse("{}", "defaults")).isEqualTo(ClipPreprocessor.clip(224));
    }

    @Test
    void digestSeesEverySetting() {
        String digest = golden(false).digest(RgbConversion.TRANSFORMERS);
        assertThat(digest).hasSize(16).isEqualTo(golden(false).digest(RgbConversion.TRANSFORMERS));
        assertThat(digest)
                .isNotEqualTo(golden(false).digest(RgbConversion.PILLOW))
                .isNotEqualTo(golden(true).digest(RgbConversion.TRANSFORMERS))
                .isNotEqualTo(ClipPreprocessor.clip(64).digest(RgbConversion.TRANSFORMERS));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[]",
                "{",
                "",
                "{\"resample\": 2}",
                "{\"do_resize\": false}",
                "{\"size\": \"big\"}",
                "{\"size\": 20, \"crop_size\": 30}",
                "{\"image_std\": [0, 1, 1]}",
                "{\"image_mean\": [1]}",
                "{\"do_center_crop\": false}",
                "{\"crop_size\": {}}"
            })
    void refusesWhatItCannotDoAndNamesTheFile(String json) {
        assertThatThrownBy(() -> ClipPreprocessor.parse(json, "some/preprocessor_config.json"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("some/preprocessor_config.json: ");
    }
}
