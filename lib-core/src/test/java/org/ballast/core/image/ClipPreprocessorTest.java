package org.ballast.core.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import org.ballast.core.image.PilResize.Filter;
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
        RgbImage whole = PilResize.resize(image, Filter.BICUBIC, 420, 56);
        RgbImage window = PilResize.resize(image, Filter.BICUBIC, 420, 56, 182, 3, 56, 50);
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
        assertThat(PilResize.resize(two, Filter.BICUBIC, 1, 1).rgb()).containsExactly(106, 0, 255);
    }

    @Test
    void normalisesByHand() {
        RgbImage grey = new RgbImage(1, 1, new byte[] {(byte) 128, 0, (byte) 255});
        var half = new ClipPreprocessor(
                new ClipPreprocessor.ShortestEdge(1),
                Filter.BICUBIC,
                1,
                1,
                false,
                1.0 / 255,
                new double[] {.5, .5, .5},
                new double[] {.5, .5, .25});
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

    @ParameterizedTest
    @ValueSource(strings = {"bilinear", "crop-larger", "keep-size", "exact", "odd", "pad-no-crop"})
    void equalsTransformersInItsOtherForms(String name) throws IOException {
        JsonNode variants = new ObjectMapper().readTree(PixelGoldens.bytes("preprocessor/variants.json"));
        JsonNode variant = variants.path(name);
        ClipPreprocessor preprocessor =
                ClipPreprocessor.parse(variant.path("config").toString(), name);
        for (String image : new String[] {"photo_61x97", "wide_300x40", "tall"}) {
            RgbImage picture = image.equals("tall")
                    ? ExifOrientation.upright(GOLDENS.image("wide_300x40.rgb"), 5)
                    : GOLDENS.image(image + ".rgb");
            float[] pixels = preprocessor.apply(picture);
            byte[] expected = Base64.getDecoder().decode(variant.path(image).asText());
            assertThat(pixels).as(image).hasSize(expected.length);
            byte[] rgb = preprocessor.toRgb(pixels).rgb();
            int plane = expected.length / 3;
            for (int i = 0; i < expected.length; i++) {
                assertThat(rgb[3 * (i % plane) + i / plane])
                        .as(image + " sample " + i)
                        .isEqualTo(expected[i]);
            }
        }
    }

    @Test
    void readsWhatTransformers5Nests(@TempDir Path directory) throws IOException {
        assertThatThrownBy(() -> ClipPreprocessor.read(directory))
                .hasMessageContainingAll(directory.toString(), "preprocessor_config.json", "processor_config.json");
        Files.writeString(directory.resolve("processor_config.json"), "{\"image_processor\": " + CONFIG + "}");
        assertThat(ClipPreprocessor.read(directory)).isEqualTo(golden(false));
        Files.writeString(directory.resolve("processor_config.json"), "{\"image_processor\": {\"resample\": 1}}");
        assertThatThrownBy(() -> ClipPreprocessor.read(directory))
                .hasMessageContainingAll("processor_config.json", "image_processor", "resample = 1");
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
                "{\"resample\": 1}",
                "{\"resample\": \"bicubic\"}",
                "{\"do_resize\": \"no\"}",
                "{\"do_resize\": false, \"do_center_crop\": false}",
                "{\"size\": \"big\"}",
                "{\"size\": 0}",
                "{\"size\": {\"shortest_edge\": 20, \"longest_edge\": 30}}",
                "{\"image_processor_type\": \"SiglipImageProcessor\"}",
                "{\"image_aspect_ratio\": \"anyres\"}",
                "{\"do_pad\": true, \"do_normalize\": false}",
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
