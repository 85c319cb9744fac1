package org.ballast.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import org.assertj.core.api.SoftAssertions;
import org.ballast.core.data.Sha256;
import org.ballast.core.image.AlphaMode;
import org.ballast.core.image.DifferenceHash;
import org.ballast.core.image.ImageDecoder;
import org.ballast.core.image.ImageLimits;
import org.ballast.core.image.RgbConversion;
import org.ballast.core.image.RgbImage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Random pictures of every format, size and option that Pillow writes, decoded here and by Pillow. Skipped without Pillow and numpy. */
class PictureInteroperabilityIT {
    private static final int PICTURES = 400;

    @Test
    void everyPixelIsPillows(@TempDir Path folder) throws Exception {
        assumeTrue(Python.has("PIL, numpy"), "nobody has checked that pictures are decoded as Pillow does");
        Path pictures = Files.createDirectories(folder.resolve("pictures"));
        Path out = folder.resolve("expected.json");
        int exit = Python.run(
                out, Python.script("make_random_pictures.py"), pictures.toString(), "2027", Integer.toString(PICTURES));
        assertThat(exit).as(Files.readString(Path.of(out + ".err"))).isZero();
        JsonNode expected = new ObjectMapper().readTree(out.toFile());
        assertThat(expected.size()).isEqualTo(PICTURES);
        var limits = new ImageLimits(1 << 20, 1 << 20, 4096);
        var dropped = new ImageDecoder(limits, new RgbConversion(AlphaMode.DROP, RgbConversion.Orientation.APPLY));
        var white = new ImageDecoder(limits, RgbConversion.TRANSFORMERS);
        SoftAssertions softly = new SoftAssertions();
        for (var entry : expected.properties()) {
            byte[] bytes = Files.readAllBytes(pictures.resolve(entry.getKey()));
            RgbImage onWhite = white.decode(bytes);
            softly.assertThat(Sha256.of(dropped.decode(bytes).rgb()))
                    .as(entry.getKey())
                    .isEqualTo(entry.getValue().get("rgb").asText());
            softly.assertThat(Sha256.of(onWhite.rgb()))
                    .as(entry.getKey() + " on white")
                    .isEqualTo(entry.getValue().get("white").asText());
            softly.assertThat(HexFormat.of().toHexDigits(DifferenceHash.of(onWhite)))
                    .as(entry.getKey() + " dHash")
                    .isEqualTo(entry.getValue().get("dhash").asText());
        }
        softly.assertAll();
    }
}
