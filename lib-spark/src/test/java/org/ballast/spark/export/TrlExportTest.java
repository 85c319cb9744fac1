package org.ballast.spark.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.data.Completion;
import org.ballast.core.data.CompletionType;
import org.ballast.core.data.ImageRow;
import org.ballast.core.data.PairRule;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.RowAccount;
import org.ballast.core.data.Sha256;
import org.ballast.core.data.Turn;
import org.ballast.spark.SparkExtension;
import org.ballast.spark.io.Manifest;
import org.ballast.spark.io.RunHeader;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.rows.CompletionRows;
import org.ballast.spark.rows.ImageRows;
import org.ballast.spark.rows.PromptRows;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(SparkExtension.class)
class TrlExportTest {
    private static final byte[] PICTURE = {9, 8, 7};
    private static final PairRule RULE =
            PairRule.groundTruthAgainst(EnumSet.of(CompletionType.WEAKENED, CompletionType.RETRIEVED), 350);

    private final SparkSession spark;

    @TempDir
    Path root;

    TrlExportTest(SparkSession spark) {
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

    private StageFolder shard(List<Prompt> prompts) {
        StageFolder folder = open("shard");
        Tables.write(
                spark.createDataFrame(prompts.stream().map(PromptRows::toRow).toList(), PromptRows.SCHEMA),
                folder,
                Table.PROMPTS,
                1 << 20);
        Tables.write(
                spark.createDataFrame(
                        List.of(ImageRows.toRow(new ImageRow(Sha256.of(PICTURE), PICTURE, "a.png", 1, 1, "png"))),
                        ImageRows.SCHEMA),
                folder,
                Table.IMAGES,
                1 << 20);
        commit(folder);
        return folder;
    }

    private StageFolder completions(String stage, List<Completion> completions) {
        StageFolder folder = open(stage);
        Tables.write(
                spark.createDataFrame(
                        completions.stream().map(CompletionRows::toRow).toList(), CompletionRows.SCHEMA),
                folder,
                Table.COMPLETIONS,
                1 << 20);
        commit(folder);
        return folder;
    }

    private static Completion negative(String promptId, CompletionType type, String response) {
        String policy = type.stored();
        return new Completion(
                Completion.id(promptId, policy, 1, 0), promptId, response, type, 0, "m", policy, "{}", 1, "stop", 0, 0);
    }

    private static Prompt prompt(String id, String imageId, String text, List<Turn> history, String split) {
        return new Prompt(id, imageId, text, history, null, null, split, "s", null);
    }

    @Test
    void writesEveryPairOfTheRuleWithItsPictureAndMessages() throws Exception {
        String image = Sha256.of(PICTURE);
        StageFolder shard = shard(List.of(
                prompt("p", image, "<image>\nWhat?", List.of(), "train"),
                prompt("q", image, "And?", List.of(new Turn("Look: <image>", "A cat.")), "val"),
                prompt("t", null, "Say <image>", List.of(), "train")));
        StageFolder truth = completions(
                "truth",
                List.of(
                        Completion.groundTruth("p", "A cat."),
                        Completion.groundTruth("q", "No."),
                        Completion.groundTruth("t", "Image.")));
        StageFolder negatives = completions(
                "negatives",
                List.of(
                        negative("p", CompletionType.WEAKENED, "A dog."),
                        negative("p", CompletionType.RETRIEVED, "A bus."),
                        negative("p", CompletionType.INJECTED, "not asked for"),
                        negative("q", CompletionType.WEAKENED, "Yes."),
                        negative("t", CompletionType.WEAKENED, "Text.")));
        StageFolder out = open("trl");
        assertThat(TrlExport.run(
                        spark, out, List.of(shard), List.of(truth, negatives, truth), RULE, List.of(), 1 << 20))
                .isEqualTo(new RowAccount(4, 4, 0));
        commit(out);
        assertThat(TrlExport.run(
                        spark, open("val"), List.of(shard), List.of(truth, negatives), RULE, List.of("val"), 1 << 20))
                .isEqualTo(new RowAccount(1, 1, 0));

        List<String> rows = new ArrayList<>();
        for (Row row : Tables.read(spark, out, TrlRows.TABLE).collectAsList()) {
            List<Row> images = row.getList(row.fieldIndex("images"));
            images.forEach(picture -> assertThat(picture.<byte[]>getAs("bytes")).isEqualTo(PICTURE));
            rows.add(images.size() + messages(row, "prompt") + messages(row, "chosen") + messages(row, "rejected"));
        }
        assertThat(rows)
                .containsExactlyInAnyOrder(
                        "1[user: What?][assistant: A cat.][assistant: A dog.]",
                        "1[user: What?][assistant: A cat.][assistant: A bus.]",
                        "1[user: Look: , assistant: A cat., user: And?][assistant: No.][assistant: Yes.]",
                        "0[user: Say <image>][assistant: Image.][assistant: Text.]");
        assertThat(Files.readString(root.resolve("trl/README.md")))
                .contains("config_name: pairs")
                .contains("path: \"pairs/split=val/*.parquet\"");
        assertThat(root.resolve("trl/_work")).doesNotExist();
    }

    private static String messages(Row row, String column) {
        return row.<Row>getList(row.fieldIndex(column)).stream()
                .map(message -> message.getAs("role") + ": " + message.getAs("content"))
                .toList()
                .toString();
    }

    @Test
    void aPairWithoutItsPromptOrPictureIsAnError() {
        StageFolder shard = shard(List.of(prompt("p", Sha256.of("other"), "<image>\nWhat?", List.of(), "train")));
        StageFolder dangling = completions(
                "dangling",
                List.of(Completion.groundTruth("gone", "A."), negative("gone", CompletionType.WEAKENED, "B.")));
        assertThatThrownBy(() -> TrlExport.run(
                        spark, open("out1"), List.of(shard), List.of(dangling), RULE, List.of("train"), 1 << 20))
                .hasStackTraceContaining("prompt 'gone' is in none of the stages");
        StageFolder blind = completions(
                "blind", List.of(Completion.groundTruth("p", "A."), negative("p", CompletionType.WEAKENED, "B.")));
        assertThatThrownBy(() -> TrlExport.run(
                        spark, open("out2"), List.of(shard), List.of(blind), RULE, List.of("train"), 1 << 20))
                .hasStackTraceContaining("picture " + Sha256.of("other") + " is in none");
    }
}
