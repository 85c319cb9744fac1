package org.ballast.spark.shard;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Collections;
import java.util.Map;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.data.Domain;
import org.ballast.core.data.RowAccount;
import org.ballast.spark.SparkExtension;
import org.ballast.spark.io.Table;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(SparkExtension.class)
class ShardUpdateTest {
    private final SparkSession spark;

    @TempDir
    Path root;

    private ShardRuns runs;

    ShardUpdateTest(SparkSession spark) {
        this.spark = spark;
    }

    @BeforeEach
    void makeRuns() {
        runs = new ShardRuns(spark, root.resolve("out").toString());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void updatesEndWithTheTablesOfAFullRun(long seed) throws IOException {
        RandomData data = new RandomData(seed, root.resolve("data"));
        runs.wavePictures = 7;
        runs.targetFileBytes = 4_000;
        ShardResult first = runs.run("grown", data.inputs("w0"));
        assertThat(first.rows().in())
                .isEqualTo(first.rows().out() + first.rows().quarantined());
        for (int night = 1; night <= 2; night++) {
            data.change();
            ShardResult updated = runs.run("grown", data.inputs("w" + night));
            ShardInput[] shuffled = data.inputs(null);
            Collections.reverse(java.util.Arrays.asList(shuffled));
            runs.partitions = 3;
            ShardResult full = runs.run("full-" + night, shuffled);
            runs.partitions = 2;

            assertThat(runs.tables("grown")).isEqualTo(runs.tables("full-" + night));
            assertThat(updated.rows().in()).isEqualTo(full.rows().in());
            assertThat(updated.rows().quarantined()).isEqualTo(full.rows().quarantined());
            assertThat(updated.rows().unchanged()).isPositive();
            assertThat(updated.tables()).containsAllEntriesOf(without(full.tables(), "images"));
            assertThat(updated.reasons()).isEqualTo(full.reasons());
            assertThat(runs.images("grown"))
                    .doesNotHaveDuplicates()
                    .containsAll(runs.images("full-" + night))
                    .containsAll(runs.named("grown"));
            assertThat(runs.litter("grown")).isEmpty();
        }
    }

    private static Map<String, Long> without(Map<String, Long> tables, String name) {
        Map<String, Long> others = new java.util.TreeMap<>(tables);
        others.remove(name);
        return others;
    }

    @Test
    void tellsWhatCameChangedAndWent() throws IOException {
        Files.createDirectories(root.resolve("data"));
        for (int i = 0; i < 4; i++) {
            Files.write(root.resolve("data/p%d.png".formatted(i)), ShardRuns.png(i));
        }
        ShardInput before = samples("w1", row("a", 0, "A"), row("b", 1, "B"), row("c", 2, "C"));
        ShardResult first = runs.run("told", before);
        assertThat(first.rows()).isEqualTo(new RowAccount(3, 3, 0));
        String parent = runs.folder("told").manifest().run().runId();
        Map<String, Object> times = runs.times("told");

        assertThat(runs.run("told", before)).as("nothing is new").isNull();
        assertThat(runs.times("told")).isEqualTo(times);

        ShardResult updated =
                runs.run("told", samples("w2", row("a", 0, "A"), row("d", 3, "D"), row("c", 2, "another C")));
        assertThat(updated.rows()).isEqualTo(new RowAccount(3, 2, 0, 1));
        assertThat(updated.changes()).isEqualTo(Map.of("added", 1L, "changed", 1L, "removed", 1L));
        assertThat(runs.read("told", Table.SAMPLES))
                .extracting(row -> row.getAs("sample_id") + " " + row.getAs("caption") + " " + row.getAs("window"))
                .containsExactlyInAnyOrder("a A w1", "c another C w2", "d D w2");
        assertThat(runs.read("told", RowIndex.GONE))
                .extracting(row -> row.getAs("key") + " " + row.getAs("reason") + " " + row.getAs("window"))
                .containsExactlyInAnyOrder("b removed w2", "c changed w2");
        assertThat(runs.images("told")).as("pictures stay").hasSize(4);
        assertThat(runs.folder("told").manifest().parent().runId()).isEqualTo(parent);
        assertThat(root.resolve("out/told/manifests/" + parent + ".json")).exists();
    }

    @Test
    void addsFilesForNewRowsAndLeavesTheOthersAlone() throws IOException {
        Files.createDirectories(root.resolve("data"));
        Files.write(root.resolve("data/p0.png"), ShardRuns.png(0));
        runs.run("added", samples(null, row("a", 0, "A")));
        Map<String, Object> before = runs.times("added");
        Files.write(root.resolve("data/p1.png"), ShardRuns.png(1));
        // the same picture under another name is stored already
        Files.write(root.resolve("data/p2.png"), ShardRuns.png(0));
        runs.run("added", samples(null, row("a", 0, "A"), row("b", 1, "B"), row("c", 2, "C")));
        Map<String, Object> after = runs.times("added");
        // what describes all rows is written anew where it changes
        before.keySet()
                .removeIf(name ->
                        !name.contains("part-") || name.matches(".*/(index|duplicates|class_statistics|sampling)/.*"));
        assertThat(before).isNotEmpty();
        assertThat(after).containsAllEntriesOf(before);
        assertThat(runs.read("added", Table.DUPLICATES))
                .extracting(row -> row.getAs("path"))
                .containsExactly("p2.png");
        assertThat(runs.images("added")).hasSize(2);
        assertThat(runs.read("added", Table.SAMPLES)).hasSize(3);
    }

    @Test
    void readsOnlyPicturesThatAreNew() throws IOException {
        Files.createDirectories(root.resolve("data"));
        Files.write(root.resolve("data/p0.png"), ShardRuns.png(0));
        Files.writeString(root.resolve("data/p1.png"), "no picture");
        FileTime since = FileTime.fromMillis(1_700_000_000_000L);
        Files.setLastModifiedTime(root.resolve("data/p0.png"), since);
        Files.setLastModifiedTime(root.resolve("data/p1.png"), since);
        runs.run("kept", samples(null, row("a", 0, "A"), row("b", 1, "B")));
        // other bytes of the same length and time: whoever read them would see it
        byte[] other = ShardRuns.png(0).clone();
        other[other.length / 2]++;
        Files.write(root.resolve("data/p0.png"), other);
        Files.writeString(root.resolve("data/p1.png"), "NO PICTURE");
        Files.setLastModifiedTime(root.resolve("data/p0.png"), since);
        Files.setLastModifiedTime(root.resolve("data/p1.png"), since);
        ShardResult updated = runs.run("kept", samples(null, row("a", 0, "A"), row("b", 1, "B"), row("c", 0, "C")));
        assertThat(updated.rows()).isEqualTo(new RowAccount(3, 1, 1, 1));
        assertThat(runs.named("kept")).containsExactly(org.ballast.core.data.Sha256.of(ShardRuns.png(0)));
        // a new time is looked at
        Files.setLastModifiedTime(root.resolve("data/p0.png"), FileTime.fromMillis(1_800_000_000_000L));
        ShardResult looked = runs.run("kept", samples(null, row("a", 0, "A"), row("b", 1, "B"), row("c", 0, "C")));
        assertThat(looked.reasons()).isEqualTo(Map.of("image-corrupt", 2L, "not-an-image", 1L));
        assertThat(runs.read("kept", Table.SAMPLES)).isEmpty();
    }

    @Test
    void listsPicturesThatAreThereAgainAndThoseThatLookAlike() throws IOException {
        runs.dHash = true;
        Files.createDirectories(root.resolve("data"));
        Files.write(root.resolve("data/p0.png"), ShardRuns.png(0));
        Files.write(root.resolve("data/p1.png"), ShardRuns.png(0));
        // the same pixels in another file
        java.io.ByteArrayOutputStream bmp = new java.io.ByteArrayOutputStream();
        javax.imageio.ImageIO.write(
                javax.imageio.ImageIO.read(root.resolve("data/p0.png").toFile()), "bmp", bmp);
        Files.write(root.resolve("data/p2.png"), bmp.toByteArray());
        ShardResult result = runs.run("alike", samples(null, row("a", 0, "A"), row("b", 1, "B"), row("c", 2, "C")));
        assertThat(result.rows()).isEqualTo(new RowAccount(3, 3, 0));
        String png = org.ballast.core.data.Sha256.of(ShardRuns.png(0));
        String other = org.ballast.core.data.Sha256.of(bmp.toByteArray());
        boolean pngIsFirst = png.compareTo(other) < 0;
        assertThat(runs.read("alike", Table.DUPLICATES))
                .extracting(row -> row.mkString(" "))
                .containsExactlyInAnyOrder(
                        png + " p1.png " + png + " exact 0",
                        pngIsFirst
                                ? other + " p2.png " + png + " perceptual 0"
                                : png + " p0.png " + other + " perceptual 0");
    }

    @Test
    void referencesPicturesThatNobodyLooksAt() throws IOException {
        runs.pictures = PictureStorage.REFERENCE;
        Files.createDirectories(root.resolve("data"));
        runs.run("referenced", samples(null, row("a", 0, "A"), row("b", 0, "B")));
        runs.run("referenced", samples(null, row("a", 0, "A"), row("b", 0, "B"), row("c", 7, "C")));
        String uri = root.resolve("data").toUri().toString().replaceFirst("file:/+", "file:/");
        assertThat(runs.read("referenced", Table.IMAGES))
                .extracting(row -> row.getStruct(row.fieldIndex("image")).getString(1))
                .containsExactlyInAnyOrder(uri + "p0.png", uri + "p7.png");
        assertThat(runs.read("referenced", Table.SAMPLES)).hasSize(3);
        assertThat(runs.images("referenced"))
                .containsAll(runs.named("referenced"))
                .hasSize(2);
    }

    private ShardInput samples(String window, String... rows) throws IOException {
        Path file = Files.createDirectories(root.resolve("rows")).resolve("rows.json");
        Files.writeString(file, "[" + String.join(",", rows) + "]");
        return new ShardInput(
                AnnotationLayout.OPENMMLO,
                file.toString(),
                root.resolve("data").toString(),
                "train",
                Domain.IN_DISTRIBUTION,
                "test",
                "",
                null,
                null,
                window);
    }

    private static String row(String id, int picture, String caption) {
        return "{\"image_id\": \"%s\", \"image\": \"p%d.png\", \"text_input\": \"%s\", \"label\": 0}"
                .formatted(id, picture, caption);
    }
}
