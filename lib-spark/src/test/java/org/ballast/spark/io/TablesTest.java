package org.ballast.spark.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.metadata.ParquetMetadata;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.data.Completion;
import org.ballast.core.data.ImageRow;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.RowAccount;
import org.ballast.core.data.Sha256;
import org.ballast.spark.SparkExtension;
import org.ballast.spark.rows.CompletionRows;
import org.ballast.spark.rows.ImageRows;
import org.ballast.spark.rows.PromptRows;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(SparkExtension.class)
class TablesTest {
    private final SparkSession spark;

    @TempDir
    Path root;

    TablesTest(SparkSession spark) {
        this.spark = spark;
    }

    private StageFolder open(String stage) {
        StageFolder folder = StageFolder.of(new Configuration(), root.toString(), stage);
        folder.open(RunHeader.now(stage, "test", "c", Map.of()), false);
        return folder;
    }

    private static void commit(StageFolder folder) {
        folder.commit(new Manifest(
                folder.header(), "{}", "v", Map.of(), Map.of(), new RowAccount(0, 0, 0), Map.of(), Map.of()));
    }

    private static List<Prompt> prompts(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> new Prompt(
                        "p" + i,
                        null,
                        "What is " + i + "?",
                        List.of(),
                        null,
                        i,
                        i % 10 == 0 ? "1" : "val-b",
                        "s",
                        null))
                .toList();
    }

    private Dataset<Row> rows(List<Prompt> prompts, int partitions) {
        return spark.createDataFrame(prompts.stream().map(PromptRows::toRow).toList(), PromptRows.SCHEMA)
                .repartition(partitions);
    }

    /** Digest of each Parquet file by its folder and part number. */
    private static Map<String, String> contents(Path table) throws IOException {
        Map<String, String> contents = new TreeMap<>();
        try (Stream<Path> files = Files.walk(table)) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith(".parquet")).toList()) {
                String name = table.relativize(file).toString().replaceFirst("part-(\\d+)-.*", "part-$1");
                contents.put(name, Sha256.of(Files.readAllBytes(file)));
            }
        }
        return contents;
    }

    static ParquetMetadata footer(Path table) throws IOException {
        try (Stream<Path> files = Files.walk(table)) {
            Path file = files.filter(f -> f.toString().endsWith(".parquet"))
                    .findFirst()
                    .orElseThrow();
            try (ParquetFileReader reader = ParquetFileReader.open(
                    HadoopInputFile.fromPath(new org.apache.hadoop.fs.Path(file.toUri()), new Configuration()))) {
                return reader.getFooter();
            }
        }
    }

    @Test
    void theSameRowsGiveTheSameFilesWhateverTheirPartitionsAndOrder() throws IOException {
        List<Prompt> prompts = prompts(500);
        Map<String, String> reference = null;
        for (int partitions : new int[] {1, 2, 5}) {
            List<Prompt> shuffled = new ArrayList<>(prompts);
            Collections.shuffle(shuffled, new Random(partitions));
            StageFolder folder = open("p" + partitions);
            assertThat(Tables.write(rows(shuffled, partitions), folder, Table.PROMPTS, 6_000))
                    .isEqualTo(500);
            Map<String, String> contents = contents(root.resolve("p" + partitions + "/prompts"));
            assertThat(contents.keySet()).anyMatch(name -> name.startsWith("split=1/"));
            assertThat(contents).hasSizeGreaterThan(3);
            if (reference != null) {
                assertThat(contents).isEqualTo(reference);
            }
            reference = contents;
        }
    }

    @Test
    void readsSeveralFoldersAsOneWithSplitsAsText() {
        StageFolder one = open("one");
        StageFolder two = open("two");
        List<Prompt> prompts = prompts(20);
        Tables.write(rows(prompts.subList(0, 5), 2), one, Table.PROMPTS, 1 << 20);
        Tables.write(rows(prompts.subList(5, 20), 2), two, Table.PROMPTS, 1 << 20);
        assertThatThrownBy(() -> Tables.read(spark, List.of(one, two), Table.PROMPTS))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("stage 'one'")
                .hasMessageContaining("not finished");
        commit(one);
        commit(two);
        List<Prompt> read = Tables.read(spark, List.of(one, two), Table.PROMPTS).collectAsList().stream()
                .map(PromptRows::fromRow)
                .toList();
        assertThat(read).containsExactlyInAnyOrderElementsOf(prompts);
        assertThatThrownBy(() -> Tables.read(spark, List.of(one), Table.SAMPLES))
                .hasMessageContaining("stage 'one' has no table 'samples'");
    }

    @Test
    void replacesWhatWasThereAndKeepsAnEmptyTableReadable() {
        StageFolder folder = open("again");
        Tables.write(rows(prompts(20), 1), folder, Table.PROMPTS, 1 << 20);
        assertThat(Tables.write(rows(prompts(7), 1), folder, Table.PROMPTS, 1 << 20))
                .isEqualTo(7);
        assertThat(Tables.write(rows(List.of(), 1), folder, Table.PROMPTS, 1 << 20))
                .isZero();
        assertThat(Tables.write(
                        spark.createDataFrame(List.<Row>of(), CompletionRows.SCHEMA), folder, Table.COMPLETIONS, 1))
                .isZero();
    }

    @Test
    void picturesAreUncompressedCarryTheHuggingFaceKeyAndAreStoredOnce() throws IOException {
        StageFolder folder = open("pictures");
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            byte[] bytes = new byte[1_000];
            new Random(i % 10).nextBytes(bytes);
            rows.add(ImageRows.toRow(new ImageRow(Sha256.of(bytes), bytes, "f%02d.png".formatted(i), 8, 8, "png")));
        }
        Collections.shuffle(rows, new Random(1));
        Dataset<Row> images = spark.createDataFrame(rows, ImageRows.SCHEMA).repartition(3);
        assertThat(Tables.write(images, folder, Table.IMAGES, 20_000, true)).isEqualTo(10);
        List<ImageRow> read = Tables.read(spark, folder, Table.IMAGES).collectAsList().stream()
                .map(ImageRows::fromRow)
                .toList();
        assertThat(read).allSatisfy(row -> assertThat(row.imageId()).isEqualTo(Sha256.of(row.bytes())));
        assertThat(read).extracting(ImageRow::path).allMatch(path -> path.startsWith("f0"));

        ParquetMetadata footer = footer(root.resolve("pictures/images"));
        assertThat(footer.getFileMetaData().getKeyValueMetaData().get("huggingface"))
                .contains("\"image\":{\"_type\":\"Image\"}")
                .contains("\"width\":{\"dtype\":\"int32\",\"_type\":\"Value\"}");
        assertThat(footer.getFileMetaData().getKeyValueMetaData()).containsKey("org.apache.spark.version");
        assertThat(footer.getBlocks().get(0).getColumns().get(0).getCodec())
                .isEqualTo(CompressionCodecName.UNCOMPRESSED);

        Tables.write(rows(prompts(3), 1), folder, Table.PROMPTS, 1 << 20);
        assertThat(footer(root.resolve("pictures/prompts"))
                        .getBlocks()
                        .get(0)
                        .getColumns()
                        .get(0)
                        .getCodec())
                .isEqualTo(CompressionCodecName.ZSTD);
    }

    @Test
    void dataCardListsTablesWithTheirSplits() throws IOException {
        StageFolder folder = open("card");
        Tables.write(rows(prompts(20), 1), folder, Table.PROMPTS, 1 << 20);
        Tables.write(
                spark.createDataFrame(
                        List.of(CompletionRows.toRow(Completion.groundTruth("p0", "A."))), CompletionRows.SCHEMA),
                folder,
                Table.COMPLETIONS,
                1 << 20);
        commit(folder);
        assertThat(Files.readString(root.resolve("card/README.md")))
                .startsWith(
                        """
                        ---
                        configs:
                        - config_name: completions
                          data_files:
                          - split: full
                            path: "completions/*.parquet"
                        - config_name: prompts
                          data_files:
                          - split: 1
                            path: "prompts/split=1/*.parquet"
                          - split: val_b
                            path: "prompts/split=val-b/*.parquet"
                        ---
                        """);
    }

    @Test
    void wavesKeepWhatIsFinishedAndDropWhatWasCutOff() throws IOException {
        StageFolder folder = open("waves");
        List<Prompt> prompts = prompts(30);
        Waves waves = Waves.of(folder, Table.PROMPTS);
        assertThat(waves.read(spark).count()).isZero();
        assertThat(waves.write(0, () -> rows(prompts.subList(0, 10), 2))).isTrue();
        assertThat(waves.write(2, () -> rows(prompts.subList(20, 30), 1))).isTrue();
        assertThat(waves.write(1, () -> rows(prompts.subList(10, 15), 1))).isTrue();
        // as a SIGKILL leaves it: files, but no mark of success
        Files.delete(root.resolve("waves/_work/prompts/wave-00001/_SUCCESS"));

        Waves continued = Waves.of(open("waves"), Table.PROMPTS);
        assertThat(continued.finished()).containsExactly(0, 2);
        assertThat(root.resolve("waves/_work/prompts/wave-00001")).doesNotExist();
        assertThat(continued.write(0, () -> {
                    throw new AssertionError("a finished wave was computed again");
                }))
                .isFalse();
        continued.write(1, () -> rows(prompts.subList(10, 20), 2));
        assertThat(continued.consolidate(spark, 1 << 20)).isEqualTo(30);

        StageFolder whole = open("whole");
        Tables.write(rows(prompts, 3), whole, Table.PROMPTS, 1 << 20);
        assertThat(contents(root.resolve("waves/prompts"))).isEqualTo(contents(root.resolve("whole/prompts")));
    }
}
