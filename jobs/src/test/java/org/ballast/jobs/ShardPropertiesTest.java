package org.ballast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.ballast.core.data.Sha256;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds for {@code shard} on any data set: nothing is lost, nothing is doubled, and how it is run changes nothing. */
final class ShardPropertiesTest {
    private static final List<String> TABLES = List.of("images", "samples", "quarantine");

    @TempDir
    private Path folder;

    @BeforeAll
    static void asSparkSubmitSetsIt() {
        Call.asSparkSubmitSetsIt();
    }

    @AfterAll
    static void clear() {
        Call.clear();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void everyRowGoesWhereItBelongs(long seed) throws IOException {
        check(seed);
    }

    @Tag("long")
    @Test
    void everyRowOfManyDataSetsGoesWhereItBelongs() throws IOException {
        for (long seed = 100; seed < 200; seed++) {
            check(seed);
        }
    }

    private void check(long seed) throws IOException {
        Path data = Files.createDirectories(folder.resolve("data-" + seed));
        RandomSamples wanted = RandomSamples.write(data, seed);
        Random random = new Random(seed);
        Map<String, List<String>> first = run(data, "first", wanted.files(), random, wanted);

        List<RandomSamples.AnnotationFile> shuffled = new ArrayList<>(wanted.files());
        Collections.shuffle(shuffled, random);
        assertThat(run(data, "second", shuffled, random, wanted)).isEqualTo(first);
    }

    @Test
    void oneToEightPartitionsGiveTheSameRows() throws IOException {
        RandomSamples wanted = RandomSamples.write(folder, 77);
        Map<String, List<String>> one = null;
        for (int partitions = 1; partitions <= 8; partitions++) {
            Map<String, List<String>> rows = run(folder, "p" + partitions, wanted.files(), partitions, 7, wanted);
            one = one == null ? rows : one;
            assertThat(rows).as("%d partitions", partitions).isEqualTo(one);
        }
    }

    private Map<String, List<String>> run(
            Path data, String stage, List<RandomSamples.AnnotationFile> files, Random random, RandomSamples wanted)
            throws IOException {
        return run(data, stage, files, 1 + random.nextInt(8), 1 + random.nextInt(50), wanted);
    }

    /** The tables of a run, each checked against what must be in it. */
    private Map<String, List<String>> run(
            Path data,
            String stage,
            List<RandomSamples.AnnotationFile> files,
            int partitions,
            int wave,
            RandomSamples wanted)
            throws IOException {
        String sources = files.stream()
                .map(file -> "{ split = %s, annotations = \"%s\" }".formatted(file.split(), data.resolve(file.name())))
                .collect(Collectors.joining(", "));
        Path configuration = Files.writeString(
                data.resolve(stage + ".conf"),
                """
                root = "%s"
                stages.%s {
                  job = shard
                  format = openmmlo
                  images = "%s"
                  sources = [%s]
                  max-failure-rate = 1.0
                  wave-rows = %5$d
                  wave-pictures = %5$d
                  target-file-bytes = 3000
                  execution.partitions = %6$d
                }
                """
                        .formatted(data.resolve("out"), stage, data.resolve("images"), sources, wave, partitions));
        Call.Outcome outcome = Call.run("shard", "--conf", configuration.toString());
        assertThat(outcome.exit()).as(outcome.errors()).isEqualTo(Main.DONE);
        Path output = data.resolve("out").resolve(stage);
        requireAccount(outcome.stage(stage).path("rows"), wanted);
        Map<String, List<String>> tables = new TreeMap<>();
        Map<String, StoredTable> stored = new TreeMap<>();
        for (String table : TABLES) {
            stored.put(table, StoredTable.of(output, table));
            tables.put(table, withoutStage(stored.get(table).contents(), stage));
        }
        requireSamples(stored.get("samples"), stored.get("images"), wanted);
        requireQuarantine(stored.get("quarantine"), data, wanted);
        return tables;
    }

    /** The stage's name is a sample's source. */
    private static List<String> withoutStage(List<String> rows, String stage) {
        return rows.stream()
                .map(row -> row.replace("source: " + stage + "\n", "\n"))
                .sorted()
                .toList();
    }

    private static void requireAccount(JsonNode rows, RandomSamples wanted) {
        assertThat(rows.path("in").asInt()).isEqualTo(wanted.rows());
        assertThat(rows.path("out").asInt()).isEqualTo(wanted.samples().size());
        assertThat(rows.path("quarantined").asInt())
                .isEqualTo(wanted.quarantine().size());
        assertThat(rows.path("unchanged").asInt(0)).isZero();
    }

    private static void requireSamples(StoredTable samples, StoredTable images, RandomSamples wanted) {
        assertThat(samples.column("sample_id")).doesNotHaveDuplicates();
        Map<String, String> found = samples.rows().stream()
                .collect(Collectors.toMap(
                        row -> row.split() + "/" + row.text("sample_id"), row -> row.text("image_id")));
        assertThat(found).isEqualTo(wanted.samples());
        assertThat(images.column("image_id")).doesNotHaveDuplicates().containsAll(found.values());
        for (StoredTable.StoredRow image : images.rows()) {
            assertThat(Sha256.of(image.pictureBytes())).isEqualTo(image.text("image_id"));
            assertThat(image.number("bytes")).isEqualTo(image.pictureBytes().length);
        }
    }

    private static void requireQuarantine(StoredTable quarantine, Path data, RandomSamples wanted) {
        List<String> found = quarantine.rows().stream()
                .map(row -> {
                    String file = row.text("source_file");
                    return file.substring(file.lastIndexOf('/') + 1) + ":" + row.number("position") + " "
                            + row.text("reason");
                })
                .sorted()
                .toList();
        assertThat(found).as("%s", data).isEqualTo(wanted.quarantine());
    }
}
