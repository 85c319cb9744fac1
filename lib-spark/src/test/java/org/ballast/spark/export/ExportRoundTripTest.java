package org.ballast.spark.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.data.Completion;
import org.ballast.core.data.CompletionType;
import org.ballast.core.data.Domain;
import org.ballast.core.data.ImageRow;
import org.ballast.core.data.PairRule;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.RowAccount;
import org.ballast.core.data.Sample;
import org.ballast.core.data.Sha256;
import org.ballast.core.data.Turn;
import org.ballast.core.longtail.PairSampling;
import org.ballast.spark.SparkExtension;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.rows.ImageRows;
import org.ballast.spark.rows.PromptRows;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Random data sets, exported and read back; the same files however Spark cuts the work, and after a failure. */
@ExtendWith(SparkExtension.class)
class ExportRoundTripTest {
    private static final PairRule RULE = PairRule.groundTruthAgainst(EnumSet.of(CompletionType.WEAKENED), 0);
    private static final int FILE_BYTES = 12_000;
    private static final int WAVE_BYTES = 40_000;
    private static final List<String> SPLITS = List.of("train", "val", "odd:name");

    private final SparkSession spark;
    private Stages stages;

    @TempDir
    Path root;

    ExportRoundTripTest(SparkSession spark) {
        this.spark = spark;
    }

    @BeforeEach
    void openRoot() {
        // several files of pictures, so that there are several waves
        stages = new Stages(spark, root, 20_000);
    }

    @AfterEach
    void resetPartitions() {
        spark.conf().set("spark.sql.shuffle.partitions", "4");
    }

    private static List<ImageRow> images(SplittableRandom random, int count) {
        List<ImageRow> images = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] bytes = new byte[1 + random.nextInt(3_000)];
            random.nextBytes(bytes);
            images.add(Stages.image(bytes, random.nextBoolean() ? "png" : "jpeg"));
        }
        return images;
    }

    private static String text(SplittableRandom random) {
        String[] words = {"a", "<image>", "\"", "\\", "\n", "\u00e9", "\ud83d\ude00", "'", "{", "[mask]", "\t", "</s>"};
        StringBuilder text = new StringBuilder("x");
        for (int i = random.nextInt(12); i > 0; i--) {
            text.append(words[random.nextInt(words.length)]);
        }
        return text.toString();
    }

    private static List<Sample> samples(SplittableRandom random, List<ImageRow> images, int count) {
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            samples.add(new Sample(
                    random.nextBoolean() ? "s" + i : "n/" + i + ".JPEG",
                    images.get(random.nextInt(images.size())).imageId(),
                    text(random),
                    random.nextBoolean(),
                    random.nextInt(5),
                    null,
                    Domain.IN_DISTRIBUTION,
                    SPLITS.get(random.nextInt(SPLITS.size())),
                    "made",
                    random.nextBoolean() ? "w" : null));
        }
        return samples;
    }

    private static List<Prompt> prompts(SplittableRandom random, List<ImageRow> images, int count) {
        List<Prompt> prompts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            boolean picture = random.nextInt(4) > 0;
            List<Turn> history = new ArrayList<>();
            for (int turns = random.nextInt(3); turns > 0; turns--) {
                history.add(new Turn("<image> " + text(random), text(random)));
            }
            prompts.add(new Prompt(
                    "p" + i + "/0",
                    picture ? images.get(random.nextInt(images.size())).imageId() : null,
                    "<image>\n" + text(random),
                    history,
                    null,
                    random.nextBoolean() ? random.nextInt(9) : null,
                    SPLITS.get(random.nextInt(SPLITS.size())),
                    "made",
                    null));
        }
        return prompts;
    }

    private static List<Completion> completions(SplittableRandom random, List<Prompt> prompts) {
        List<Completion> completions = new ArrayList<>();
        for (Prompt prompt : prompts) {
            completions.add(Completion.groundTruth(prompt.promptId(), text(random)));
            if (random.nextBoolean()) {
                completions.add(Stages.negative(prompt.promptId(), CompletionType.WEAKENED, text(random)));
            }
        }
        return completions;
    }

    private static ExportOptions options(ExportFormat format) {
        return new ExportOptions(
                format,
                ExportOptions.Rows.PREFERENCE,
                format == ExportFormat.LLAMA_FACTORY ? ExportOptions.Pictures.FILES : ExportOptions.Pictures.WEBDATASET,
                RULE,
                PairSampling.AS_THEY_ARE,
                List.of(),
                FILE_BYTES,
                WAVE_BYTES);
    }

    private RowAccount export(String stage, ExportFormat format, List<StageFolder> data, StageFolder... completions) {
        StageFolder out = stages.open(stage);
        RowAccount rows = Exporter.run(spark, out, options(format), data, List.of(completions));
        Stages.commit(out);
        return rows;
    }

    /** Digests of all files that are no Parquet's checksum and name no run. */
    private Map<String, String> digests(String stage) throws IOException {
        Map<String, String> digests = new TreeMap<>();
        try (Stream<Path> all = Files.walk(root.resolve(stage))) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                String name = root.resolve(stage).relativize(file).toString();
                if (name.contains("/")
                        && !name.endsWith(".crc")
                        && !name.contains("_SUCCESS")
                        && !name.startsWith("quarantine")) {
                    digests.put(name, Sha256.of(Files.readAllBytes(file)));
                }
            }
        }
        return digests;
    }

    @Test
    void samplesComeBackFromTarsAndParquet() throws Exception {
        SplittableRandom random = new SplittableRandom(5);
        List<ImageRow> images = images(random, 60);
        Map<String, byte[]> bytes = new HashMap<>();
        images.forEach(image -> bytes.put(image.imageId(), image.bytes()));
        List<Sample> samples = samples(random, images, 90);
        StageFolder data = stages.samples("data", samples, images);

        assertThat(export("wds", ExportFormat.WEBDATASET, List.of(data))).isEqualTo(new RowAccount(90, 90, 0));
        List<Sample> found = new ArrayList<>();
        for (String name : digests("wds").keySet()) {
            Path tar = root.resolve("wds").resolve(name);
            Map<String, byte[]> members = Tars.read(tar);
            members.forEach((member, content) -> {
                if (member.endsWith(".json")) {
                    Sample sample = sample(tree(content));
                    found.add(sample);
                    String key = MemberKeys.of(sample.sampleId());
                    byte[] picture = members.getOrDefault(key + ".png", members.get(key + ".jpg"));
                    assertThat(picture).isEqualTo(bytes.get(sample.imageId()));
                    assertThat(string(members.get(key + ".txt"))).isEqualTo(sample.caption());
                    assertThat(string(members.get(key + ".cls"))).isEqualTo("" + sample.label());
                    assertThat(name).startsWith("samples/" + sample.split().replace(":", "%3A") + "-");
                }
            });
            assertThat(Files.size(tar) <= FILE_BYTES + 1024 || members.size() == 4)
                    .as("%s has %d bytes in %d members", tar, Files.size(tar), members.size())
                    .isTrue();
        }
        assertThat(found).containsExactlyInAnyOrderElementsOf(samples);

        assertThat(export("hf", ExportFormat.HF, List.of(data))).isEqualTo(new RowAccount(90, 90, 0));
        List<String> rows = new ArrayList<>();
        for (Row row :
                spark.read().parquet(root.resolve("hf/samples").toString()).collectAsList()) {
            rows.add("%s %s %s %s %s %s"
                    .formatted(
                            row.getAs("sample_id"),
                            Sha256.of(row.<Row>getAs("image").<byte[]>getAs("bytes")),
                            row.getAs("caption"),
                            row.getAs("label"),
                            row.getAs("window"),
                            row.getAs("split")));
        }
        assertThat(rows)
                .containsExactlyInAnyOrderElementsOf(samples.stream()
                        .map(sample -> "%s %s %s %s %s %s"
                                .formatted(
                                        sample.sampleId(),
                                        sample.imageId(),
                                        sample.caption(),
                                        sample.label(),
                                        sample.window(),
                                        sample.split()))
                        .toList());

        // as if on another cluster
        spark.conf().set("spark.sql.shuffle.partitions", "1");
        export("wds-again", ExportFormat.WEBDATASET, List.of(data));
        spark.conf().set("spark.sql.shuffle.partitions", "7");
        export("hf-again", ExportFormat.HF, List.of(data));
        assertThat(digests("wds-again")).isEqualTo(digests("wds")).hasSizeGreaterThan(8);
        assertThat(digests("hf-again")).isEqualTo(digests("hf")).hasSizeGreaterThan(8);
    }

    private static Sample sample(JsonNode json) {
        return new Sample(
                json.path("sample_id").asText(),
                json.path("image_id").asText(),
                json.path("caption").asText(),
                json.path("caption_masked").asBoolean(),
                json.path("label").asInt(),
                json.path("label_name").textValue(),
                Domain.of(json.path("domain").asText()),
                json.path("split").asText(),
                json.path("source").asText(),
                json.path("window").textValue());
    }

    private static String string(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static JsonNode tree(byte[] json) {
        try {
            return new ObjectMapper().readTree(json);
        } catch (IOException e) {
            throw new AssertionError(string(json), e);
        }
    }

    @Test
    void promptsComeBackFromJson() throws Exception {
        SplittableRandom random = new SplittableRandom(6);
        List<ImageRow> images = images(random, 40);
        List<Prompt> prompts = prompts(random, images, 70);
        List<Completion> completions = completions(random, prompts);
        StageFolder data = stages.prompts("data", prompts, images);
        StageFolder answers = stages.completions("answers", completions);
        assertThat(export("bpo", ExportFormat.BPO, List.of(data), answers)).isEqualTo(new RowAccount(70, 70, 0));

        Map<String, byte[]> pictures = new HashMap<>();
        List<String> found = new ArrayList<>();
        for (String name : digests("bpo").keySet()) {
            Path file = root.resolve("bpo").resolve(name);
            if (name.endsWith(".tar")) {
                pictures.putAll(Tars.read(file));
            }
        }
        for (String name : digests("bpo").keySet()) {
            if (name.endsWith(".json")) {
                for (JsonNode row : tree(Files.readAllBytes(root.resolve("bpo").resolve(name)))) {
                    String image = row.path("image").textValue();
                    found.add(name
                            + row.path("id").asText()
                            + row.path("prompt").asText()
                            + row.path("history")
                            + (image == null ? null : Sha256.of(pictures.get(image)))
                            + row.path("completions"));
                }
            }
        }
        List<String> expected = new ArrayList<>();
        for (Prompt prompt : prompts) {
            var row = JsonText.object();
            JsonText.putHistory(row, prompt.history());
            var list = row.putArray("completions");
            for (Completion completion : completions) {
                if (completion.promptId().equals(prompt.promptId())) {
                    list.addObject()
                            .put("score", (long) completion.score())
                            .put("response", completion.response())
                            .put("type", completion.type().stored());
                }
            }
            expected.add("bpo/" + prompt.split().replace(":", "%3A") + ".json" + prompt.promptId() + prompt.prompt()
                    + row.path("history") + prompt.imageId() + row.path("completions"));
        }
        assertThat(found).containsExactlyInAnyOrderElementsOf(expected);
        assertThat(pictures).hasSize((int) prompts.stream()
                .map(Prompt::imageId)
                .filter(id -> id != null)
                .distinct()
                .count());
    }

    /** Fails at one row, once. */
    private record FailingOnce(Assembler inner, String key) implements Assembler {
        private static final long serialVersionUID = 1L;
        private static final AtomicBoolean ARMED = new AtomicBoolean();

        @Override
        public FileContainer.Kind kind() {
            return inner.kind();
        }

        @Override
        public long size(LocatedRow row) {
            return inner.size(row);
        }

        @Override
        public List<Record> records(LocatedRow row, Row picture, String file) {
            if (row.key().equals(key) && ARMED.getAndSet(false)) {
                throw new IllegalStateException("stopped here");
            }
            return inner.records(row, picture, file);
        }

        @Override
        public String file(String split, int number) {
            return inner.file(split, number);
        }
    }

    @Test
    void aFailedRunContinuesAtItsWaveAndEndsWithTheSameFiles() throws Exception {
        SplittableRandom random = new SplittableRandom(7);
        List<ImageRow> images = images(random, 60);
        StageFolder data = stages.samples("data", samples(random, images, 90), images);
        export("whole", ExportFormat.WEBDATASET, List.of(data));

        StageFolder out = stages.open("stopped");
        ExportInputs inputs = new ExportInputs(spark, List.of(data), List.of());
        Assembler samples = new WebDatasetRows.Samples();
        var located = PicturePlaces.located(inputs, TextRows.samples(inputs, List.of()))
                .persist();
        PackedFiles plan = PackedFiles.plan(spark, out, "samples", located, samples, FILE_BYTES, WAVE_BYTES);
        assertThat(plan.waves()).hasSizeGreaterThan(2);
        String last = plan.rows()
                .filter("wave = " + (plan.waves().size() - 1))
                .select("key")
                .orderBy("key")
                .first()
                .getString(0);
        FailingOnce.ARMED.set(true);
        PictureWaves waves = new PictureWaves(spark, out, "samples", new FailingOnce(samples, last));
        assertThatThrownBy(() -> waves.write(plan)).hasStackTraceContaining("stopped here");
        Map<String, String> before = digests("stopped");
        Map<String, Object> times = times("stopped/samples");
        assertThat(times).isNotEmpty();

        PackedFiles again = PackedFiles.plan(spark, out, "samples", located, samples, FILE_BYTES, WAVE_BYTES);
        assertThat(again.waves()).isEqualTo(plan.waves());
        assertThat(new PictureWaves(spark, out, "samples", samples).write(again))
                .isEqualTo(90);
        assertThat(times("stopped/samples")).as("finished waves stay").containsAllEntriesOf(times);
        Stages.commit(out);
        assertThat(digests("stopped")).isEqualTo(digests("whole")).containsAllEntriesOf(samplesOf(before));
        located.unpersist();
    }

    private static Map<String, String> samplesOf(Map<String, String> digests) {
        Map<String, String> tars = new TreeMap<>(digests);
        tars.keySet().removeIf(name -> !name.startsWith("samples/") || name.contains("_temporary"));
        return tars;
    }

    private Map<String, Object> times(String folder) throws IOException {
        Map<String, Object> times = new TreeMap<>();
        try (Stream<Path> files = Files.list(root.resolve(folder))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                times.put(file.getFileName().toString(), Files.getLastModifiedTime(file));
            }
        }
        return times;
    }

    @Test
    void aReferencedPictureIsNamedAndNotCopied() throws Exception {
        String uri = "file:///pictures/cat.png";
        String id = Sha256.of(uri);
        StageFolder data = stages.open("data");
        Row image = RowFactory.create(null, uri);
        Object[] columns = new Object[ImageRows.SCHEMA.length()];
        columns[ImageRows.SCHEMA.fieldIndex("image_id")] = id;
        columns[ImageRows.SCHEMA.fieldIndex("image")] = image;
        Tables.write(
                spark.createDataFrame(List.of(RowFactory.create(columns)), ImageRows.SCHEMA), data, Table.IMAGES, 1000);
        Tables.write(
                spark.createDataFrame(
                        List.of(PromptRows.toRow(Stages.prompt("p", id, "<image>\nWhat?", List.of(), "train"))),
                        Table.PROMPTS.schema()),
                data,
                Table.PROMPTS,
                1000);
        Stages.commit(data);
        StageFolder answers = stages.completions(
                "answers",
                List.of(
                        Completion.groundTruth("p", "A cat."),
                        Stages.negative("p", CompletionType.WEAKENED, "A dog.")));

        export("lf", ExportFormat.LLAMA_FACTORY, List.of(data), answers);
        assertThat(tree(Files.readAllBytes(root.resolve("lf/preference/train.json")))
                        .at("/0/images/0")
                        .asText())
                .isEqualTo("/pictures/cat.png");
        assertThat(root.resolve("lf/images")).doesNotExist();

        export("trl", ExportFormat.TRL, List.of(data), answers);
        Row row = spark.read().parquet(root.resolve("trl/pairs").toString()).first();
        Row picture = row.<Row>getList(row.fieldIndex("images")).get(0);
        assertThat(picture.<byte[]>getAs("bytes")).isNull();
        assertThat(picture.<String>getAs("path")).isEqualTo("/pictures/cat.png");

        assertThatThrownBy(() -> export("wds", ExportFormat.WEBDATASET, List.of(data), answers))
                .hasMessageContaining("row 'p': the stage holds the name of picture " + uri);
    }
}
