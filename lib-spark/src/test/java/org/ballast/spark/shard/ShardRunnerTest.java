package org.ballast.spark.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import javax.imageio.ImageIO;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.data.Completion;
import org.ballast.core.data.Domain;
import org.ballast.core.data.ImageRow;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.Quarantined;
import org.ballast.core.data.RowAccount;
import org.ballast.core.data.Sample;
import org.ballast.core.data.Sha256;
import org.ballast.core.image.ImageInspector;
import org.ballast.core.image.ImageLimits;
import org.ballast.spark.SparkExtension;
import org.ballast.spark.io.RunHeader;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.rows.CompletionRows;
import org.ballast.spark.rows.ImageRows;
import org.ballast.spark.rows.PromptRows;
import org.ballast.spark.rows.QuarantinedRows;
import org.ballast.spark.rows.SampleRows;
import org.ballast.spark.shape.ShapeOptions;
import org.ballast.spark.units.TooManyFailuresException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(SparkExtension.class)
class ShardRunnerTest {
    private static final int PICTURES = 12;

    private final SparkSession spark;

    @TempDir
    Path root;

    private Path images;

    ShardRunnerTest(SparkSession spark) {
        this.spark = spark;
    }

    @BeforeEach
    void makePictures() throws IOException {
        images = Files.createDirectories(root.resolve("data/images"));
        for (int i = 0; i < PICTURES; i++) {
            Files.write(images.resolve("p%02d.png".formatted(i)), png(i));
        }
    }

    private static byte[] png(int shade) throws IOException {
        BufferedImage image = new BufferedImage(6, 4, BufferedImage.TYPE_INT_RGB);
        image.setRGB(shade % 6, shade / 6 % 4, 0xff0000 + shade);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(image, "png", out);
        return out.toByteArray();
    }

    private Path write(String name, String text) throws IOException {
        return Files.writeString(root.resolve("data/" + name), text);
    }

    private Path openMmlo() throws IOException {
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            rows.add(
                    "{\"image_id\": \"s%02d\", \"image\": \"images/p%02d.png\", \"text_input\": \"a [mask] %d\", \"label\": %d}"
                            .formatted(i, i % PICTURES, i, i % 2));
        }
        return write("train.json", "[\n" + String.join(",\n", rows) + "\n]\n");
    }

    private ShardInput samples(Path annotations, Path imageRoot) {
        return ShardInput.openMmlo(
                annotations.toString(), imageRoot.toString(), "train", Domain.IN_DISTRIBUTION, "test");
    }

    private ShardPlan plan(int partitions, double maxFailureRate, ShardInput... inputs) {
        return ShardPlanner.plan(
                new Configuration(),
                new ShardOptions(
                        List.of(inputs),
                        null,
                        PictureStorage.EMBED,
                        new ImageInspector(
                                new ImageLimits(10_000, 1_000_000, 1_000), ImageInspector.Check.FULL, 0, false),
                        -1,
                        ShapeOptions.none(),
                        15,
                        5,
                        maxFailureRate,
                        1 << 20,
                        partitions));
    }

    private StageFolder open(String stage) {
        StageFolder folder =
                StageFolder.of(new Configuration(), root.resolve("out").toString(), stage);
        folder.open(RunHeader.now(stage, "shard", "c", Map.of()), false);
        return folder;
    }

    private List<Row> read(StageFolder folder, Table table) {
        return Tables.read(spark, folder, table).collectAsList();
    }

    private List<Quarantined> quarantine(StageFolder folder) {
        return read(folder, Table.QUARANTINE).stream()
                .map(QuarantinedRows::fromRow)
                .toList();
    }

    private List<String> reasons(StageFolder folder) {
        return quarantine(folder).stream()
                .map(row -> row.position() + " " + row.reason().code())
                .sorted()
                .toList();
    }

    /** Digest and number of each Parquet file of the tables. */
    private Set<String> contents(String stage) throws IOException {
        Set<String> contents = new TreeSet<>();
        Path folder = root.resolve("out/" + stage);
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".parquet")
                            && !f.toString().contains("_work")
                            && !f.toString().contains("index/"))
                    .toList()) {
                String name = folder.relativize(file).toString().replaceFirst("part-(\\d+)-.*", "part-$1");
                contents.add(name + " " + Sha256.of(Files.readAllBytes(file)));
            }
        }
        return contents;
    }

    private Path tar(String name, boolean gzip) throws IOException {
        Path tar = root.resolve("data/" + name);
        try (OutputStream file = Files.newOutputStream(tar);
                OutputStream out = gzip ? new GZIPOutputStream(file) : file;
                TarArchiveOutputStream archive = new TarArchiveOutputStream(out)) {
            archive.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            put(archive, "./images/", new byte[0]);
            // an earlier entry of a name that comes again: the later one counts
            put(archive, "./images/p00.png", new byte[] {1, 2, 3});
            put(archive, "../outside.png", png(3));
            try (Stream<Path> files = Files.list(images)) {
                for (Path picture : files.sorted().toList()) {
                    put(archive, "./images/" + picture.getFileName(), Files.readAllBytes(picture));
                }
            }
            put(archive, "./images/" + "long/".repeat(40) + "p.png", png(5));
        }
        return tar;
    }

    private static void put(TarArchiveOutputStream archive, String name, byte[] bytes) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name);
        entry.setSize(bytes.length);
        archive.putArchiveEntry(entry);
        archive.write(bytes);
        archive.closeArchiveEntry();
    }

    @Test
    void givesTheSameTablesForAnyNumberOfPartitionsAndAnyKindOfImageRoot() throws IOException {
        Path annotations = openMmlo();
        Set<String> reference = null;
        int run = 0;
        for (int partitions : new int[] {1, 2, 5}) {
            Path imageRoot = List.of(root.resolve("data"), tar("i.tar", false), tar("i.tar.gz", true))
                    .get(run);
            StageFolder folder = open("run" + run);
            ShardResult result = ShardRunner.run(spark, plan(partitions, 0, samples(annotations, imageRoot)), folder);
            assertThat(result.rows()).isEqualTo(new RowAccount(40, 40, 0));
            assertThat(result.annotationRows()).isEqualTo(40);
            assertThat(result.tables()).containsEntry("images", (long) PICTURES).containsEntry("samples", 40L);
            Set<String> contents = contents("run" + run);
            if (reference != null) {
                assertThat(contents).isEqualTo(reference);
            }
            reference = contents;
            run++;
        }
        StageFolder folder = open("run0");
        List<ImageRow> stored =
                read(folder, Table.IMAGES).stream().map(ImageRows::fromRow).toList();
        for (ImageRow image : stored) {
            assertThat(image.bytes()).isEqualTo(Files.readAllBytes(root.resolve("data/" + image.path())));
            assertThat(image.imageId()).isEqualTo(Sha256.of(image.bytes()));
            assertThat(List.of(image.width(), image.height())).containsExactly(6, 4);
        }
        List<Sample> samples =
                read(folder, Table.SAMPLES).stream().map(SampleRows::fromRow).toList();
        assertThat(samples)
                .hasSize(40)
                .allMatch(Sample::captionMasked)
                .extracting(Sample::split)
                .containsOnly("train");
        Sample thirteenth = samples.stream()
                .filter(s -> s.sampleId().equals("s13"))
                .findFirst()
                .orElseThrow();
        assertThat(thirteenth.imageId()).isEqualTo(Sha256.of(png(1)));
    }

    @Test
    void everyBadRowEndsInQuarantineAndTheBooksBalance() throws IOException {
        Files.writeString(images.resolve("text.png"), "this is no picture");
        Files.write(images.resolve("empty.png"), new byte[0]);
        byte[] whole = png(1);
        Files.write(images.resolve("cut.png"), Arrays.copyOf(whole, whole.length - 20));
        Files.write(images.resolve("huge.png"), new byte[10_001]);
        Path secret = Files.write(root.resolve("secret.png"), png(2));
        Files.createSymbolicLink(images.resolve("link.png"), secret);
        Files.createSymbolicLink(images.resolve("inner.png"), images.resolve("p03.png"));
        String row = "{\"image_id\": \"%s\", \"image\": \"images/%s\", \"text_input\": \"t\", \"label\": %s}";
        Path annotations = write(
                "bad.json",
                "["
                        + String.join(
                                ",",
                                row.formatted("ok", "p00.png", 0),
                                row.formatted("inner", "inner.png", 0),
                                row.formatted("ok", "p01.png", 0),
                                row.formatted("text", "text.png", 0),
                                row.formatted("empty", "empty.png", 0),
                                row.formatted("cut", "cut.png", 0),
                                row.formatted("huge", "huge.png", 0),
                                row.formatted("link", "link.png", 0),
                                row.formatted("gone", "gone.png", 0),
                                row.formatted("climb", "../../secret.png", 0),
                                row.formatted("scheme", "file:/etc/hostname", 0),
                                row.formatted("label", "p02.png", "\"two\""),
                                "{\"image_id\": \"none\", \"text_input\": \"t\", \"label\": 1}",
                                "{\"image\": \"images/p00.png\", \"text_input\": \"t\", \"label\": 1}",
                                row.formatted("folder", "", 0),
                                "null")
                        + "]");
        StageFolder folder = open("bad");
        ShardResult result = ShardRunner.run(spark, plan(2, 1, samples(annotations, root.resolve("data"))), folder);
        assertThat(result.rows()).isEqualTo(new RowAccount(16, 2, 14));
        assertThat(reasons(folder))
                .containsExactlyInAnyOrder(
                        "2 duplicate-id",
                        "3 not-an-image",
                        "4 image-empty",
                        "5 image-truncated",
                        "6 image-too-large",
                        "7 path-escapes-root",
                        "8 image-missing",
                        "9 path-escapes-root",
                        "10 image-missing",
                        "11 bad-label",
                        "12 no-image",
                        "13 missing-field",
                        "14 image-missing",
                        "15 not-a-row");
        assertThat(quarantine(folder)).allSatisfy(bad -> {
            assertThat(bad.sourceFile()).isEqualTo(annotations.toString());
            assertThat(bad.message()).isNotEmpty();
            assertThat(bad.raw()).isNotNull();
        });
        assertThat(result.tables()).containsEntry("images", 2L);
        assertThat(result.reasons()).containsEntry("path-escapes-root", 2L);
    }

    @Test
    void tooManyBadRowsFailTheJobWithTheTopReasons() throws IOException {
        Path annotations = write(
                "half.json",
                "[{\"image_id\": 1, \"image\": \"images/p00.png\", \"text_input\": \"t\", \"label\": 0}, {\"image_id\": 2}]");
        ShardInput input = samples(annotations, root.resolve("data"));
        assertThatThrownBy(() -> ShardRunner.run(spark, plan(1, 0.4, input), open("half")))
                .isInstanceOf(TooManyFailuresException.class)
                .hasMessageContaining("1 of 2")
                .hasMessageContaining("no-image 1");
        assertThat(ShardRunner.run(spark, plan(1, 0.5, input), open("half-allowed"))
                        .rows())
                .isEqualTo(new RowAccount(2, 1, 1));
    }

    @Test
    void truncatedJsonFailsTheJobAndCommitsNothing() throws IOException {
        String whole = Files.readString(openMmlo());
        Path cut = write("cut.json", whole.substring(0, whole.length() / 2));
        StageFolder folder = open("cut");
        assertThatThrownBy(() -> ShardRunner.run(spark, plan(1, 1, samples(cut, root.resolve("data"))), folder))
                .isInstanceOf(AnnotationException.class)
                .hasMessageContaining(cut.toString())
                .hasMessageContaining("in row 20 (line 22")
                .hasMessageContaining("byte ");
        assertThat(root.resolve("out/cut/samples")).doesNotExist();
        assertThat(folder.finished()).isFalse();
    }

    @Test
    void cutOffArchivesFailTheJob() throws IOException {
        Path annotations = openMmlo();
        byte[] gzip = Files.readAllBytes(tar("whole.tar.gz", true));
        Path cutGzip = Files.write(root.resolve("data/cut.tar.gz"), Arrays.copyOf(gzip, gzip.length / 2));
        assertThatThrownBy(() -> ShardRunner.run(spark, plan(1, 0, samples(annotations, cutGzip)), open("cut-gz")))
                .isInstanceOf(AnnotationException.class)
                .hasMessageContaining("cut.tar.gz")
                .hasMessageContaining("no whole gzip");
        byte[] tar = Files.readAllBytes(tar("whole.tar", false));
        // in a header, in a body, and behind the last entry, where nothing but the end mark is missing
        int last = tar.length;
        while (tar[last - 1] == 0) {
            last--;
        }
        last = (last + 511) / 512 * 512;
        for (int length : new int[] {3_000, 3_300, last}) {
            Path cutTar = Files.write(root.resolve("data/cut.tar"), Arrays.copyOf(tar, length));
            ShardInput input = samples(annotations, cutTar);
            StageFolder folder = open("cut-tar-" + length);
            assertThatThrownBy(() -> ShardRunner.run(spark, plan(1, 0, input), folder))
                    .isInstanceOf(AnnotationException.class)
                    .hasMessageMatching("image root .*cut.tar is (cut off .*|no readable tar behind .*Truncated.*)");
        }
    }

    @Test
    void continuesAnInterruptedRunWithoutDoingFinishedWavesAgain() throws IOException {
        Path annotations = openMmlo();
        ShardPlan plan = plan(2, 0, samples(annotations, tar("i.tar.gz", true)));
        ShardRunner.run(spark, plan, open("whole"));

        ShardRunner.run(spark, plan, open("killed"));
        Path work = root.resolve("out/killed/_work");
        Path kept = work.resolve("images-wave-00000.json");
        Object keptSince = Files.getLastModifiedTime(kept);
        // as a SIGKILL in the second wave of pictures leaves it
        Files.delete(work.resolve("images-wave-00001.json"));
        for (String later : List.of("out/killed/samples", "out/killed/_work/resolved", "out/killed/_work/compared")) {
            delete(root.resolve(later));
        }
        Files.delete(work.resolve("candidates_15/wave-00002/_SUCCESS"));
        ShardResult result = ShardRunner.run(spark, plan, open("killed"));
        assertThat(result.rows()).isEqualTo(new RowAccount(40, 40, 0));
        assertThat(Files.getLastModifiedTime(kept)).isEqualTo(keptSince);
        assertThat(contents("killed")).isEqualTo(contents("whole"));
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    @Test
    void instructionRowsKeepTheirRepeatedIdsApart() throws IOException {
        String row =
                "{\"id\": \"%s\", \"image\": \"images/%s\", \"conversations\": [{\"from\": \"human\", \"value\": \"<image>\\n%s\"}, {\"from\": \"gpt\", \"value\": \"%s\"}%s]}";
        String second = ", {\"from\": \"human\", \"value\": \"And?\"}, {\"from\": \"gpt\", \"value\": \"No.\"}";
        Path train = write(
                "instruct.json",
                "["
                        + String.join(
                                ",",
                                row.formatted("a", "p00.png", "What?", "A cat.", second),
                                row.formatted("a", "p00.png", "Where?", "Here.", second),
                                row.formatted("a", "p00.png", "What?", "A cat.", second),
                                row.formatted("b/describe", "p01.png", "What?", "A dog.", ""),
                                "{\"id\": \"t\", \"conversations\": [{\"from\": \"human\", \"value\": \"2+2?\"}, {\"from\": \"gpt\", \"value\": \"4\"}]}")
                        + "]");
        Path pope = write(
                "pope.json",
                "{\"question_id\": 1, \"image\": \"images/p00.png\", \"text\": \"Is there a cat?\", \"label\": \"yes\", \"split\": \"val\"}\n");
        StageFolder folder = open("instruct");
        ShardResult result = ShardRunner.run(
                spark,
                plan(
                        2,
                        1,
                        ShardInput.llavaInstruct(
                                train.toString(), root.resolve("data").toString(), "train", "i", "/(describe)$"),
                        ShardInput.pope(pope.toString(), root.resolve("data").toString(), "random", "p")),
                folder);
        assertThat(result.annotationRows()).isEqualTo(6);
        assertThat(result.rows()).isEqualTo(new RowAccount(9, 7, 2));
        assertThat(reasons(folder)).containsExactly("2 duplicate-row", "2 duplicate-row");
        Map<String, Prompt> prompts = new TreeMap<>();
        read(folder, Table.PROMPTS).stream().map(PromptRows::fromRow).forEach(p -> prompts.put(p.promptId(), p));
        assertThat(prompts).containsOnlyKeys("a/0", "a/1", "a/0#2", "a/1#2", "b/describe/0", "t/0", "pope-random/1");
        assertThat(prompts.get("a/1#2").history())
                .extracting(turn -> turn.prompt())
                .containsExactly("<image>\nWhere?");
        assertThat(prompts.get("b/describe/0").kind()).isEqualTo("describe");
        assertThat(prompts.get("t/0").hasImage()).isFalse();
        assertThat(prompts.get("pope-random/1").split()).isEqualTo("val");
        Map<String, String> responses = new TreeMap<>();
        read(folder, Table.COMPLETIONS).stream()
                .map(CompletionRows::fromRow)
                .forEach(c -> responses.put(c.promptId(), c.response()));
        assertThat(responses).containsOnlyKeys(prompts.keySet()).containsEntry("pope-random/1", "yes");
        assertThat(read(folder, Table.COMPLETIONS).stream().map(CompletionRows::fromRow))
                .contains(Completion.groundTruth("a/0#2", "Here."));
        assertThat(result.tables()).containsEntry("images", 2L).doesNotContainKey("samples");
    }
}
