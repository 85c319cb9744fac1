package org.ballast.core.image;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HexFormat;
import java.util.Map;
import java.util.stream.Stream;
import org.ballast.core.data.Sha256;
import org.ballast.core.image.ImageInspector.Check;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Generated pictures of every kind against what Pillow reads from them: {@code goldens/pictures}. */
class PictureGoldensTest {
    private static final ImageLimits LIMITS = new ImageLimits(1 << 20, 1 << 20, 4096);
    private static final JsonNode EXPECTED = PixelGoldens.json("pictures/pictures.json");

    static Stream<String> pictures() {
        return EXPECTED.properties().stream().map(Map.Entry::getKey);
    }

    private static byte[] file(String name) {
        return PixelGoldens.bytes("pictures/" + name);
    }

    @ParameterizedTest
    @MethodSource("pictures")
    void decodesAsPillowDoes(String name) throws ImageRejected {
        JsonNode expected = EXPECTED.get(name);
        byte[] bytes = file(name);
        ImageHeader header = ImageHeader.read(bytes);
        // Pillow turns a TIFF upright as it opens it, and no other format
        boolean turned = header.format() == ImageHeader.Format.TIFF;
        var asStored = new RgbConversion(
                AlphaMode.DROP, turned ? RgbConversion.Orientation.APPLY : RgbConversion.Orientation.IGNORE);
        RgbImage rgb = new ImageDecoder(LIMITS, asStored).decode(bytes);
        assertThat(rgb.width()).isEqualTo(expected.get("size").get(0).asInt());
        assertThat(rgb.height()).isEqualTo(expected.get("size").get(1).asInt());
        assertThat(Sha256.of(rgb.rgb())).isEqualTo(expected.get("rgb").asText());
        RgbImage white = new ImageDecoder(LIMITS, RgbConversion.TRANSFORMERS).decode(bytes);
        assertThat(Sha256.of(white.rgb())).isEqualTo(expected.get("white").asText());
    }

    @ParameterizedTest
    @MethodSource("pictures")
    void hashesAsImagehashDoes(String name) throws ImageRejected {
        var inspector = new ImageInspector(LIMITS, Check.HEADER, 0, true);
        long hash = inspector.inspect(file(name)).dHash();
        assertThat(HexFormat.of().toHexDigits(hash))
                .isEqualTo(EXPECTED.get(name).get("dhash").asText());
    }
}
