package org.ballast.spark.picture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.data.ImageRow;
import org.ballast.core.data.Sha256;
import org.ballast.core.image.RgbConversion;
import org.ballast.core.image.RgbImage;
import org.ballast.spark.SparkExtension;
import org.ballast.spark.rows.ImageRows;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SparkExtension.class)
class ThumbnailsTest {
    private final List<Row> images = new ArrayList<>();

    private String store(byte[] bytes) {
        String id = Sha256.of(bytes);
        images.add(ImageRows.toRow(new ImageRow(id, bytes, "picture.png", null, null, null, 1, null)));
        return id;
    }

    private static byte[] picture(int width, int height) {
        return new RgbImage(width, height, new byte[3 * width * height]).toPng();
    }

    @Test
    void shrinkWhatIsLargeAndLeaveOutWhatCannotBeShown(SparkSession spark) throws IOException {
        String wide = store(picture(896, 448));
        String line = store(picture(1000, 1));
        String small = store(picture(10, 20));
        String broken = store(new byte[] {1, 2, 3});
        String other = store(picture(5, 5));

        Map<String, byte[]> shown = Thumbnails.of(
                spark.createDataset(images, Encoders.row(ImageRows.SCHEMA)),
                List.of(wide, line, small, broken, "lost"),
                RgbConversion.TRANSFORMERS);

        assertThat(shown).containsOnlyKeys(wide, line, small).doesNotContainKey(other);
        assertThat(size(shown.get(wide))).isEqualTo("224 x 112");
        assertThat(size(shown.get(line))).isEqualTo("224 x 1");
        assertThat(size(shown.get(small))).isEqualTo("10 x 20");
    }

    @Test
    void areNoneOfNone(SparkSession spark) {
        assertThat(Thumbnails.of(
                        spark.createDataset(images, Encoders.row(ImageRows.SCHEMA)),
                        List.of(),
                        RgbConversion.TRANSFORMERS))
                .isEmpty();
    }

    private static String size(byte[] png) throws IOException {
        var image = ImageIO.read(new ByteArrayInputStream(png));
        return image.getWidth() + " x " + image.getHeight();
    }
}
