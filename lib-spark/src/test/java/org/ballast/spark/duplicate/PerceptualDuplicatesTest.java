package org.ballast.spark.duplicate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Duplicate;
import org.ballast.core.data.Sha256;
import org.ballast.spark.SparkExtension;
import org.ballast.spark.rows.DuplicateRows;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(SparkExtension.class)
class PerceptualDuplicatesTest {
    private static final StructType IMAGES = new StructType()
            .add("image_id", DataTypes.StringType)
            .add("path", DataTypes.StringType)
            .add("dhash", DataTypes.LongType);

    private final SparkSession spark;

    PerceptualDuplicatesTest(SparkSession spark) {
        this.spark = spark;
    }

    private record Image(String id, String path, Long hash) {}

    private static Image image(String name, Long hash) {
        return new Image(Sha256.of(name.getBytes(StandardCharsets.UTF_8)), name, hash);
    }

    private List<Duplicate> found(List<Image> images, int distance, int partitions) {
        return found(images, distance, partitions, Components.MOST_ON_DRIVER);
    }

    private List<Duplicate> found(List<Image> images, int distance, int partitions, int mostOnDriver) {
        List<Row> rows = images.stream()
                .map(image -> RowFactory.create(image.id, image.path, image.hash))
                .toList();
        Dataset<Row> table = spark.createDataFrame(rows, IMAGES).repartition(partitions);
        try (PerceptualDuplicates duplicates = PerceptualDuplicates.of(table, distance, mostOnDriver)) {
            assertThat(duplicates.rows().schema().fieldNames()).containsExactly(DuplicateRows.SCHEMA.fieldNames());
            return duplicates.rows().collectAsList().stream()
                    .map(DuplicateRows::fromRow)
                    .sorted(Comparator.comparing(Duplicate::imageId))
                    .toList();
        }
    }

    /** Each with each, then the groups by walking. */
    private static List<Duplicate> bruteForce(List<Image> images, int distance) {
        List<Image> sorted = images.stream()
                .filter(image -> image.hash != null)
                .sorted(Comparator.comparing(Image::id))
                .toList();
        Map<String, Image> first = new HashMap<>();
        for (Image start : sorted) {
            List<Image> todo = new ArrayList<>(List.of(start));
            while (!todo.isEmpty()) {
                Image image = todo.remove(todo.size() - 1);
                if (first.putIfAbsent(image.id, start) == null) {
                    sorted.stream()
                            .filter(other -> Long.bitCount(other.hash ^ image.hash) <= distance)
                            .forEach(todo::add);
                }
            }
        }
        return sorted.stream()
                .filter(image -> first.get(image.id) != image)
                .map(image -> new Duplicate(
                        image.id,
                        image.path,
                        first.get(image.id).id,
                        Duplicate.Kind.PERCEPTUAL,
                        Long.bitCount(image.hash ^ first.get(image.id).hash)))
                .toList();
    }

    private static List<Image> some(int seed) {
        var random = new Random(seed);
        List<Image> images = new ArrayList<>();
        for (int group = 0; group < 60; group++) {
            long hash = random.nextLong();
            for (int i = 0; i < 1 + group % 4; i++) {
                images.add(image("picture " + images.size(), hash));
                for (int bit = random.nextInt(6); bit > 0; bit--) {
                    hash ^= 1L << random.nextInt(64); // so that some groups are chains
                }
            }
        }
        images.add(image("no hash", null));
        images.add(image("another without a hash", null));
        Collections.shuffle(images, random);
        return images;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 5, 8})
    void findsWhatComparingAllFinds(int distance) {
        List<Image> images = some(distance);
        List<Duplicate> expected = bruteForce(images, distance);
        assertThat(expected).hasSizeBetween(5, 150);
        assertThat(found(images, distance, 3)).isEqualTo(expected);
    }

    @Test
    void neitherPartitionsMatterNorWhereTheLinksAreJoined() {
        List<Image> images = some(99);
        List<Duplicate> one = found(images, 4, 1);
        Collections.reverse(images);
        assertThat(found(images, 4, 7, 0)).isEqualTo(one).isEqualTo(bruteForce(images, 4));
    }

    @Test
    void aChainIsOneGroup() {
        List<Image> images = new ArrayList<>();
        for (int i = 0; i <= 40; i++) {
            images.add(image("link " + i, (1L << i) - 1));
        }
        List<Duplicate> duplicates = found(images, 1, 2, 0);
        assertThat(duplicates).hasSize(40).isEqualTo(bruteForce(images, 1));
        assertThat(duplicates.stream().map(Duplicate::duplicateOf).distinct()).hasSize(1);
        assertThat(duplicates).anyMatch(duplicate -> duplicate.distance() > 1);
    }

    @Test
    void nothingLooksLikeNothing() {
        assertThat(found(List.of(image("a", 0L), image("b", -1L), image("c", null)), 8, 2))
                .isEmpty();
        assertThat(found(List.of(), 8, 1)).isEmpty();
    }

    @Test
    void refusesDistancesThatBandsCannotServe() {
        Dataset<Row> none = spark.createDataFrame(List.<Row>of(), IMAGES);
        assertThatThrownBy(() -> PerceptualDuplicates.of(none, 9)).hasMessageContaining("was 9");
        assertThatThrownBy(() -> PerceptualDuplicates.of(none, -1)).hasMessageContaining("was -1");
    }
}
