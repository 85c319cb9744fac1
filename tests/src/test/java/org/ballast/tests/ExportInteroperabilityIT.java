package org.ballast.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
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
import org.ballast.spark.export.ExportFormat;
import org.ballast.spark.export.ExportOptions;
import org.ballast.spark.export.Exporter;
import org.ballast.spark.io.Manifest;
import org.ballast.spark.io.RunHeader;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.rows.CompletionRows;
import org.ballast.spark.rows.ImageRows;
import org.ballast.spark.rows.PromptRows;
import org.ballast.spark.rows.SampleRows;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every format of {@code export}, read by the libraries that it is for: Hugging Face {@code datasets}, {@code webdataset},
 * DuckDB, and TRL's own preparation of rows where TRL is installed; LLaMA-Factory's and BPO's JSON by their documented
 * rules. See {@link Python} for which Python that is; without the libraries the test is skipped.
 */
class ExportInteroperabilityIT {
    private static final String CHECK = Python.script("check_exports.py");
    private static final int SAMPLES = 40;
    private static final int PROMPTS = 24;

    @TempDir
    static Path root;

    private static SparkSession spark;
    private static StageFolder samples;
    private static StageFolder prompts;
    private static StageFolder negatives;

    @BeforeAll
    static void start() throws Exception {
        assumeTrue(
                Python.has("pyarrow, datasets, duckdb, webdataset, PIL"),
                "nobody has checked that others read the exports");
        spark = SparkSession.builder()
                .master("local[2]")
                .config("spark.ui.enabled", "false")
                .config("spark.log.level", "WARN")
                .config("spark.sql.shuffle.partitions", "4")
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .getOrCreate();
        writeStages();
    }

    @AfterAll
    static void stop() {
        if (spark != null) {
            spark.stop();
        }
    }

    private static ImageRow picture(int number) throws IOException {
        BufferedImage image = new BufferedImage(8 + number % 5, 6, BufferedImage.TYPE_INT_RGB);
        image.setRGB(0, 0, number);
        String format = number % 2 == 0 ? "png" : "jpeg";
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(image, format, bytes);
        return new ImageRow(
                Sha256.of(bytes.toByteArray()),
                bytes.toByteArray(),
                number + "." + format,
                image.getWidth(),
                image.getHeight(),
                format);
    }

    private static void writeStages() throws IOException {
        List<ImageRow> images = new ArrayList<>();
        for (int i = 0; i < SAMPLES; i++) {
            images.add(picture(i));
        }
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < SAMPLES; i++) {
            boolean open = i % 8 == 7;
            rows.add(SampleRows.toRow(new Sample(
                    "n%02d/%d.JPEG".formatted(i % 4, i),
                    images.get(i).imageId(),
                    "A [mask], \"%d\" of them: \u00e9\u4e2d".formatted(i),
                    true,
                    i % 4,
                    open ? "kite" : "class-" + i % 4,
                    open ? Domain.OUT_OF_DISTRIBUTION : Domain.IN_DISTRIBUTION,
                    open ? "open" : i % 5 == 0 ? "val" : "train",
                    "made",
                    null)));
        }
        samples = stage("samples", Map.of(Table.SAMPLES, rows), images);

        List<Row> asked = new ArrayList<>();
        List<Row> answers = new ArrayList<>();
        List<Row> wrong = new ArrayList<>();
        for (int i = 0; i < PROMPTS; i++) {
            String id = "c" + i + "/0";
            boolean textOnly = i % 6 == 5;
            List<Turn> history = i % 3 == 0 ? List.of(new Turn("<image>\nWhat is it?", "A " + i + ".")) : List.of();
            String text = textOnly ? "Say " + i : history.isEmpty() ? "<image>\nHow many?" : "And then?";
            asked.add(PromptRows.toRow(new Prompt(
                    id,
                    textOnly ? null : images.get(i % 10).imageId(),
                    text,
                    history,
                    "describe",
                    null,
                    i % 4 == 3 ? "val" : "train",
                    "made",
                    null)));
            answers.add(CompletionRows.toRow(Completion.groundTruth(id, "There are " + i + ".\nReally.")));
            wrong.add(CompletionRows.toRow(new Completion(
                    Completion.id(id, "w", 1, 0),
                    id,
                    "There is none of " + i + ".",
                    CompletionType.WEAKENED,
                    0,
                    "m",
                    "w",
                    "{}",
                    1,
                    "stop",
                    3,
                    4)));
        }
        prompts = stage("prompts", Map.of(Table.PROMPTS, asked, Table.COMPLETIONS, answers), images.subList(0, 10));
        negatives = stage("negatives", Map.of(Table.COMPLETIONS, wrong), List.of());
    }

    private static StageFolder stage(String name, Map<Table, List<Row>> tables, List<ImageRow> images) {
        StageFolder folder = open(name);
        tables.forEach((table, rows) -> write(folder, table, rows, table.schema()));
        if (!images.isEmpty()) {
            write(folder, Table.IMAGES, images.stream().map(ImageRows::toRow).toList(), ImageRows.SCHEMA);
        }
        commit(folder, new RowAccount(0, 0, 0));
        return folder;
    }

    private static void write(StageFolder folder, Table table, List<Row> rows, StructType schema) {
        Tables.write(spark.createDataFrame(rows, schema), folder, table, 4_000);
    }

    private static StageFolder open(String stage) {
        StageFolder folder =
                StageFolder.of(new Configuration(), root.resolve("out").toString(), stage);
        folder.open(RunHeader.now(stage, "test", "c", Map.of()), false);
        return folder;
    }

    private static void commit(StageFolder folder, RowAccount rows) {
        folder.commit(new Manifest(folder.header(), "{}", "test", Map.of(), Map.of(), rows, Map.of(), Map.of()));
    }

    /** Exports in small files and waves, and gives the folder to the check. */
    private static JsonNode exported(String format, String name, ExportOptions options, List<StageFolder> data)
            throws Exception {
        StageFolder out = open(name);
        RowAccount rows = Exporter.run(spark, out, options, data, List.of(negatives));
        assertThat(rows.quarantined()).isZero();
        commit(out, rows);
        String folder = out.path().toUri().getPath();
        Path report = root.resolve(name + ".json");
        assertThat(Python.run(report, CHECK, format, folder))
                .as("%s", Files.readString(Path.of(report + ".err")))
                .isZero();
        return new ObjectMapper().readTree(report.toFile());
    }

    private static ExportOptions options(ExportFormat format, ExportOptions.Rows rows) {
        return new ExportOptions(
                format,
                rows,
                ExportOptions.Pictures.FILES,
                PairRule.groundTruthAgainst(EnumSet.of(CompletionType.WEAKENED), 0),
                PairSampling.AS_THEY_ARE,
                List.of(),
                10_000,
                20_000);
    }

    @Test
    void trlReadsPairsAndConversations() throws Exception {
        for (ExportOptions.Rows rows : ExportOptions.Rows.values()) {
            JsonNode report = exported("trl", "trl-" + rows, options(ExportFormat.TRL, rows), List.of(prompts));
            assertThat(report.path("rows").asInt()).isEqualTo(PROMPTS);
            assertThat(report.path("pictures").asInt()).isEqualTo(PROMPTS - PROMPTS / 6);
            if (!report.path("trl").asBoolean()) {
                System.err.println("SKIPPED: TRL is not installed; its documented columns were checked, not its code.");
            }
        }
    }

    @Test
    void llamaFactorysRulesHold() throws Exception {
        for (ExportOptions.Rows rows : ExportOptions.Rows.values()) {
            JsonNode report = exported(
                    "llama-factory", "lf-" + rows, options(ExportFormat.LLAMA_FACTORY, rows), List.of(prompts));
            int all = 0;
            for (String split : List.of("train", "val")) {
                all += report.path("lf-" + rows + "_" + split).path("rows").asInt();
            }
            assertThat(all).isEqualTo(PROMPTS);
        }
    }

    @Test
    void bposRulesHold() throws Exception {
        JsonNode report =
                exported("bpo", "bpo", options(ExportFormat.BPO, ExportOptions.Rows.PREFERENCE), List.of(prompts));
        assertThat(report.at("/train/rows").asInt() + report.at("/val/rows").asInt())
                .isEqualTo(PROMPTS);
        assertThat(report.at("/train/pictures").asInt()).isPositive();
    }

    @Test
    void webdatasetReadsTheShards() throws Exception {
        JsonNode report = exported(
                "webdataset",
                "wds",
                options(ExportFormat.WEBDATASET, ExportOptions.Rows.PREFERENCE),
                List.of(samples, prompts));
        assertThat(report.at("/samples/rows").asInt()).isEqualTo(SAMPLES);
        assertThat(report.at("/samples/shards").asInt()).isGreaterThan(3);
        assertThat(report.at("/samples/ids/0").asText()).isEqualTo("n00/0.JPEG");
        assertThat(report.at("/prompts/rows").asInt()).isEqualTo(PROMPTS);
    }

    @Test
    void datasetsReadsSamplesAndPrompts() throws Exception {
        JsonNode report = exported(
                "hf", "hf", options(ExportFormat.HF, ExportOptions.Rows.PREFERENCE), List.of(samples, prompts));
        assertThat(report.at("/samples/rows/train").asInt()).isGreaterThan(20);
        assertThat(report.at("/samples/rows/open").asInt()).isEqualTo(SAMPLES / 8);
        assertThat(report.at("/samples/pictures").asInt()).isEqualTo(SAMPLES);
        assertThat(report.at("/samples/label").asText()).isEqualTo("ClassLabel");
        assertThat(report.at("/samples/names")).hasToString("[\"class-0\",\"class-1\",\"class-2\",\"class-3\"]");
        assertThat(report.at("/prompts/label").asText()).isEqualTo("Value");
        assertThat(report.at("/prompts/pictures").asInt()).isEqualTo(PROMPTS - PROMPTS / 6);

        Path tables = root.resolve("tables.json");
        assertThat(Python.run(
                        tables,
                        Python.script("check_stage.py"),
                        root.resolve("out/hf").toString()))
                .as("%s", Files.readString(Path.of(tables + ".err")))
                .isZero();
    }
}
