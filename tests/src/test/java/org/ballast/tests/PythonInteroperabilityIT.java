package org.ballast.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.data.CompletionType;
import org.ballast.core.data.Domain;
import org.ballast.core.data.PairRule;
import org.ballast.core.data.RowAccount;
import org.ballast.core.image.ImageInspector;
import org.ballast.core.image.ImageLimits;
import org.ballast.spark.export.ExportFormat;
import org.ballast.spark.export.ExportOptions;
import org.ballast.spark.export.Exporter;
import org.ballast.spark.io.Manifest;
import org.ballast.spark.io.RunHeader;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.shape.ShapeOptions;
import org.ballast.spark.shard.PictureStorage;
import org.ballast.spark.shard.ShardInput;
import org.ballast.spark.shard.ShardOptions;
import org.ballast.spark.shard.ShardPlan;
import org.ballast.spark.shard.ShardPlanner;
import org.ballast.spark.shard.ShardResult;
import org.ballast.spark.shard.ShardRunner;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The sample as {@code shard} and {@code export} write it, opened by pyarrow and Hugging Face {@code datasets}. The
 * Python is that of the environment variable {@code BALLAST_PYTHON}, else {@code python3}; without the two libraries (and
 * Pillow) the test is skipped.
 */
class PythonInteroperabilityIT {
    @TempDir
    static Path root;

    private static SparkSession spark;

    @BeforeAll
    static void start() throws Exception {
        assumeTrue(Python.has("pyarrow, datasets, duckdb, PIL"), "nobody has checked that Python reads the tables");
        spark = SparkSession.builder()
                .master("local[2]")
                .config("spark.ui.enabled", "false")
                .config("spark.sql.shuffle.partitions", "4")
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .getOrCreate();
    }

    @AfterAll
    static void stop() {
        if (spark != null) {
            spark.stop();
        }
    }

    private static JsonNode check(StageFolder stage) throws Exception {
        Path out = root.resolve(stage.stage() + ".json");
        int exit = Python.run(
                out, Python.script("check_stage.py"), stage.path().toUri().getPath());
        assertThat(exit).as(Files.readString(Path.of(out + ".err"))).isZero();
        return new ObjectMapper().readTree(out.toFile());
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

    private static String sample(String name) {
        return Repository.SAMPLE.resolve(name).toString();
    }

    @Test
    void pythonReadsWhatShardAndExportWrite() throws Exception {
        String images = sample("images.tar.gz");
        ShardPlan plan = ShardPlanner.plan(
                new Configuration(),
                new ShardOptions(
                        List.of(
                                ShardInput.openMmlo(
                                        sample("openmmlo-train.json"),
                                        images,
                                        "train",
                                        Domain.IN_DISTRIBUTION,
                                        "emoji"),
                                ShardInput.openMmlo(
                                        sample("openmmlo-open.json"),
                                        images,
                                        "open",
                                        Domain.OUT_OF_DISTRIBUTION,
                                        "emoji"),
                                ShardInput.llavaInstruct(
                                        sample("instruct-compositional-val.json"),
                                        images,
                                        "compositional-val",
                                        "emoji",
                                        "/(describe|presence)$"),
                                ShardInput.pope(sample("pope-random.json"), images, "random", "emoji")),
                        sample("classes.json"),
                        PictureStorage.EMBED,
                        new ImageInspector(
                                new ImageLimits(1 << 20, 1 << 20, 4096), ImageInspector.Check.FULL, 0, false),
                        -1,
                        ShapeOptions.none(),
                        1_000,
                        1_000,
                        0,
                        1 << 20,
                        0));
        StageFolder shard = open("shard");
        ShardResult result = ShardRunner.run(spark, plan, shard);
        commit(shard, result.rows());
        assertThat(result.rows()).isEqualTo(new RowAccount(3_563, 3_563, 0));
        System.err.println("shard of the sample, by step, in ms: " + result.durationsMillis());

        JsonNode report = check(shard);
        assertThat(report.at("/samples/rows/train").asInt()).isEqualTo(2_615);
        assertThat(report.at("/samples/rows/open").asInt()).isEqualTo(270);
        assertThat(report.at("/prompts/rows/compositional-val").asInt()).isGreaterThan(50);
        assertThat(report.at("/completions/rows/full").asInt()).isEqualTo(678);
        assertThat(report.at("/images/features/image").asText()).startsWith("Image(");
        assertThat(report.at("/images/pictures")).hasSize(3);
        report.at("/images/pictures").forEach(size -> assertThat(size).hasToString("[64,64]"));

        StageFolder trl = open("trl");
        Dataset<Row> negatives = Tables.read(spark, shard, Table.COMPLETIONS)
                .selectExpr(
                        "sha2(completion_id, 256) completion_id",
                        "prompt_id",
                        "concat('not ', response) response",
                        "'swapped-hal' type",
                        "0.0D score",
                        "model",
                        "policy",
                        "parameters",
                        "seed",
                        "finish_reason",
                        "prompt_tokens",
                        "completion_tokens");
        StageFolder swapped = open("swapped");
        Tables.write(negatives, swapped, Table.COMPLETIONS, 1 << 20);
        commit(swapped, new RowAccount(678, 678, 0));
        PairRule rule = PairRule.groundTruthAgainst(EnumSet.of(CompletionType.SWAPPED), PairRule.PUBLISHED_MAX_WORDS);
        RowAccount exported = Exporter.run(
                spark,
                trl,
                ExportOptions.of(ExportFormat.TRL, rule, List.of(), 1 << 20),
                List.of(shard),
                List.of(swapped));
        commit(trl, exported);
        assertThat(exported).isEqualTo(new RowAccount(678, 678, 0));
        JsonNode pairs = check(trl).at("/pairs");
        assertThat(pairs.at("/features/images").asText()).contains("Image(");
        assertThat(pairs.at("/features/chosen").asText()).contains("role").contains("content");
        assertThat(pairs.at("/rows/test").asInt()).isPositive();
        assertThat(pairs.at("/pictures/0")).hasToString("[64,64]");
    }
}
