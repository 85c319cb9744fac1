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
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.data.Completion;
import org.ballast.core.data.CompletionType;
import org.ballast.core.data.Domain;
import org.ballast.core.data.ImageRow;
import org.ballast.core.data.PairRule;
import org.ballast.core.data.RowAccount;
import org.ballast.core.data.Sample;
import org.ballast.core.data.Sha256;
import org.ballast.core.data.Turn;
import org.ballast.core.longtail.PairSampling;
import org.ballast.spark.SparkExtension;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Each format's rows, worked out by hand. */
@ExtendWith(SparkExtension.class)
class ExporterTest {
    private static final byte[] PICTURE = {9, 8, 7};
    private static final byte[] OTHER = {1, 2};
    private static final String ID = Sha256.of(PICTURE);
    private static final String OTHER_ID = Sha256.of(OTHER);
    private static final List<ImageRow> IMAGES = List.of(Stages.image(PICTURE, "png"), Stages.image(OTHER, "jpeg"));
    private static final PairRule RULE =
            PairRule.groundTruthAgainst(EnumSet.of(CompletionType.WEAKENED, CompletionType.RETRIEVED), 350);

    private final SparkSession spark;
    private Stages stages;

    @TempDir
    Path root;

    ExporterTest(SparkSession spark) {
        this.spark = spark;
    }

    @BeforeEach
    void openRoot() {
        stages = new Stages(spark, root, 1 << 20);
    }

    private RowAccount export(String stage, ExportOptions options, List<StageFolder> data, StageFolder... more) {
        StageFolder out = stages.open(stage);
        RowAccount rows = Exporter.run(spark, out, options, data, List.of(more));
        Stages.commit(out);
        assertThat(root.resolve(stage).resolve("_work")).doesNotExist();
        assertThat(root.resolve(stage)).isDirectoryNotContaining("glob:**/_temporary");
        return rows;
    }

    private static ExportOptions options(ExportFormat format, String... splits) {
        return ExportOptions.of(format, RULE, List.of(splits), 1 << 20);
    }

    private StageFolder conversations() {
        return stages.prompts(
                "shard",
                List.of(
                        Stages.prompt("p", ID, "<image>\nWhat?", List.of(), "train"),
                        Stages.prompt("q", ID, "And?", List.of(new Turn("Look: <image>", "A cat.")), "val"),
                        Stages.prompt("t", null, "Say <image>", List.of(), "train")),
                IMAGES);
    }

    private StageFolder truth() {
        return stages.completions(
                "truth",
                List.of(
                        Completion.groundTruth("p", "A cat."),
                        Completion.groundTruth("q", "No."),
                        Completion.groundTruth("t", "Image.")));
    }

    private StageFolder negatives() {
        return stages.completions(
                "negatives",
                List.of(
                        Stages.negative("p", CompletionType.WEAKENED, "A dog."),
                        Stages.negative("p", CompletionType.RETRIEVED, "A bus."),
                        Stages.negative("p", CompletionType.INJECTED, "not asked for"),
                        Stages.negative("q", CompletionType.WEAKENED, "Yes."),
                        Stages.negative("t", CompletionType.WEAKENED, "Text.")));
    }

    @Test
    void trlHasEveryPairOfTheRuleWithItsPictureAndMessages() throws Exception {
        StageFolder shard = conversations();
        StageFolder truth = truth();
        StageFolder negatives = negatives();
        assertThat(export("trl", options(ExportFormat.TRL), List.of(shard), truth, negatives, truth))
                .isEqualTo(new RowAccount(4, 4, 0));
        assertThat(export("val", options(ExportFormat.TRL, "val"), List.of(shard), truth, negatives))
                .isEqualTo(new RowAccount(1, 1, 0));

        List<String> rows = new ArrayList<>();
        for (Row row : read("trl", TrlRows.PAIRS)) {
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
        assertThat(files("trl/pairs"))
                .containsExactly("split=train/train-000000.parquet", "split=val/val-000000.parquet");
    }

    @Test
    void trlHasPromptsWithTheirBestResponse() {
        StageFolder better = stages.completions(
                "better",
                List.of(new Completion(
                        Completion.id("p", "x", 1, 0),
                        "p",
                        "A black cat.",
                        CompletionType.GROUND_TRUTH,
                        2,
                        "m",
                        "x",
                        "{}",
                        1,
                        "stop",
                        0,
                        0)));
        assertThat(export("sft", sft(ExportFormat.TRL), List.of(conversations()), truth(), better, negatives()))
                .isEqualTo(new RowAccount(3, 3, 0));
        assertThat(read("sft", TrlRows.SFT).stream().map(row -> messages(row, "prompt") + messages(row, "completion")))
                .containsExactlyInAnyOrder(
                        "[user: What?][assistant: A black cat.]",
                        "[user: Look: , assistant: A cat., user: And?][assistant: No.]",
                        "[user: Say <image>][assistant: Image.]");
    }

    private static ExportOptions sft(ExportFormat format) {
        return new ExportOptions(
                format,
                ExportOptions.Rows.SFT,
                ExportOptions.Pictures.FILES,
                RULE,
                PairSampling.AS_THEY_ARE,
                List.of(),
                1 << 20,
                1 << 20);
    }

    private List<Row> read(String stage, Table table) {
        return Tables.read(spark, stages(stage), table).collectAsList();
    }

    private StageFolder stages(String stage) {
        return StageFolder.of(new Configuration(), root.toString(), stage);
    }

    private static String messages(Row row, String column) {
        return row.<Row>getList(row.fieldIndex(column)).stream()
                .map(message -> message.getAs("role") + ": " + message.getAs("content"))
                .toList()
                .toString();
    }

    @Test
    void aRowWithoutItsPromptOrPictureIsAnError() {
        StageFolder shard = stages.prompts(
                "shard", List.of(Stages.prompt("p", Sha256.of("other"), "<image>\nWhat?", List.of(), "train")), IMAGES);
        StageFolder dangling = stages.completions(
                "dangling",
                List.of(Completion.groundTruth("gone", "A."), Stages.negative("gone", CompletionType.WEAKENED, "B.")));
        for (ExportFormat format : ExportFormat.values()) {
            StageFolder out = stages.open("dangling-" + format.ordinal());
            assertThatThrownBy(
                            () -> Exporter.run(spark, out, options(format, "train"), List.of(shard), List.of(dangling)))
                    .as("%s", format)
                    .hasMessageContaining("in none of the stages");
        }
        assertThatThrownBy(() -> Exporter.run(
                        spark,
                        stages.open("gone"),
                        options(ExportFormat.TRL, "train"),
                        List.of(shard),
                        List.of(dangling)))
                .hasMessageContaining("prompt 'gone' is in none of the stages");
        StageFolder blind = stages.completions(
                "blind",
                List.of(Completion.groundTruth("p", "A."), Stages.negative("p", CompletionType.WEAKENED, "B.")));
        assertThatThrownBy(() -> Exporter.run(
                        spark,
                        stages.open("blind-out"),
                        options(ExportFormat.TRL, "train"),
                        List.of(shard),
                        List.of(blind)))
                .hasMessageContaining("picture " + Sha256.of("other") + " is in none");
    }

    @Test
    void aPromptThatTwoStagesHoldIsAnErrorAndAPictureIsNot() {
        StageFolder shard = conversations();
        StageFolder twin =
                stages.prompts("twin", List.of(Stages.prompt("z", ID, "<image> Who?", List.of(), "train")), IMAGES);
        StageFolder answers = stages.completions("answers", List.of(Completion.groundTruth("z", "Me.")));
        assertThat(export("both", options(ExportFormat.HF), List.of(shard, twin), answers))
                .isEqualTo(new RowAccount(4, 4, 0));
        assertThat(spark.read().parquet(root.resolve("both/prompts").toString()).count())
                .isEqualTo(4);
        StageFolder same =
                stages.prompts("same", List.of(Stages.prompt("p", ID, "<image> Who?", List.of(), "train")), IMAGES);
        assertThatThrownBy(() -> Exporter.run(
                        spark, stages.open("twice"), options(ExportFormat.HF), List.of(shard, same), List.of(truth())))
                .hasStackTraceContaining("row 'p' of split 'train' comes from several");
    }

    @Test
    void llamaFactoryHasShareGptRowsPicturesAndTheDescription() throws Exception {
        StageFolder shard = conversations();
        StageFolder truth = truth();
        StageFolder negatives = negatives();
        // the text-only row has the picture's mark in its text, which LLaMA-Factory would take for a missing picture
        assertThat(export("lf", options(ExportFormat.LLAMA_FACTORY), List.of(shard), truth, negatives))
                .isEqualTo(new RowAccount(4, 3, 1));
        String image = "images/" + ID.substring(0, 2) + "/" + ID + ".png";
        assertThat(json("lf/preference/val.json"))
                .isEqualTo(tree(
                        """
                        [{"conversations": [
                            {"from": "human", "value": "Look: <image>"},
                            {"from": "gpt", "value": "A cat."},
                            {"from": "human", "value": "And?"}],
                          "chosen": {"from": "gpt", "value": "No."},
                          "rejected": {"from": "gpt", "value": "Yes."},
                          "images": ["%s"]}]
                        """
                                .formatted(image)));
        assertThat(json("lf/preference/train.json").findValuesAsText("value"))
                .containsExactlyInAnyOrder("<image>\nWhat?", "A cat.", "A dog.", "<image>\nWhat?", "A cat.", "A bus.");
        assertThat(root.resolve("lf").resolve(image)).hasBinaryContent(PICTURE);
        assertThat(files("lf/images")).hasSize(1);
        assertThat(json("lf/dataset_info.json"))
                .isEqualTo(
                        tree(
                                """
                        {"lf_train": {"file_name": "preference/train.json", "formatting": "sharegpt", "ranking": true,
                            "columns": {"messages": "conversations", "chosen": "chosen", "rejected": "rejected", "images": "images"}},
                         "lf_val": {"file_name": "preference/val.json", "formatting": "sharegpt", "ranking": true,
                            "columns": {"messages": "conversations", "chosen": "chosen", "rejected": "rejected", "images": "images"}}}
                        """));
        Row quarantined = read("lf", Table.QUARANTINE).get(0);
        assertThat(quarantined.<String>getAs("reason")).isEqualTo("reserved-token");
        assertThat(quarantined.<String>getAs("message"))
                .isEqualTo("1 times <image> in the texts of a row with 0 pictures");

        assertThat(export("lf-sft", sft(ExportFormat.LLAMA_FACTORY), List.of(shard), truth, negatives))
                .isEqualTo(new RowAccount(3, 2, 1));
        assertThat(json("lf-sft/sft/train.json"))
                .isEqualTo(tree(
                        """
                        [{"conversations": [
                            {"from": "human", "value": "<image>\\nWhat?"},
                            {"from": "gpt", "value": "A cat."}],
                          "images": ["%s"]}]
                        """
                                .formatted(image)));
        assertThat(json("lf-sft/dataset_info.json").path("lf-sft_train").has("ranking"))
                .isFalse();
    }

    @Test
    void bpoHasPromptsWithScoredCompletions() throws Exception {
        StageFolder shard = conversations();
        assertThat(export("bpo", options(ExportFormat.BPO), List.of(shard), truth(), negatives()))
                .isEqualTo(new RowAccount(3, 3, 0));
        String image = ID.substring(0, 2) + "/" + ID + ".png";
        JsonNode val = json("bpo/bpo/val.json");
        assertThat(val)
                .isEqualTo(tree(
                        """
                        [{"id": "q", "history": [{"prompt": "Look: <image>", "response": "A cat."}], "prompt": "And?",
                          "image": "%s",
                          "completions": [
                            {"score": 1, "response": "No.", "type": "gt"},
                            {"score": 0, "response": "Yes.", "type": "mllm-hal"}]}]
                        """
                                .formatted(image)));
        JsonNode train = json("bpo/bpo/train.json");
        assertThat(train.findValuesAsText("id")).containsExactly("p", "t");
        assertThat(train.get(0).get("completions").findValuesAsText("type"))
                .startsWith("gt")
                .containsExactlyInAnyOrder("gt", "mllm-hal", "retrieved-hal", "llm-hal");
        assertThat(train.get(1).has("image")).isFalse();
        assertThat(root.resolve("bpo/images").resolve(image)).hasBinaryContent(PICTURE);

        ExportOptions packed = new ExportOptions(
                ExportFormat.BPO,
                ExportOptions.Rows.PREFERENCE,
                ExportOptions.Pictures.WEBDATASET,
                RULE,
                PairSampling.AS_THEY_ARE,
                List.of(),
                1 << 20,
                1 << 20);
        export("bpo-tar", packed, List.of(shard), stages("truth"), stages("negatives"));
        assertThat(files("bpo-tar/images")).containsExactly("images-000000.tar");
        assertThat(Files.readString(root.resolve("bpo-tar/README.md")))
                .contains("path: \"bpo/train.json\"")
                .doesNotContain(".tar");
        assertThat(Tars.read(root.resolve("bpo-tar/images/images-000000.tar")))
                .containsOnlyKeys(image)
                .containsEntry(image, PICTURE);
        assertThat(Files.readAllBytes(root.resolve("bpo-tar/bpo/train.json")))
                .isEqualTo(Files.readAllBytes(root.resolve("bpo/bpo/train.json")));
    }

    private StageFolder samples() {
        return stages.samples(
                "samples",
                List.of(
                        sample("s/1.png", ID, "A [mask].", 0, "cat", Domain.IN_DISTRIBUTION, "train"),
                        sample("s2", OTHER_ID, "A [mask] too.", 2, "cat", Domain.IN_DISTRIBUTION, "train"),
                        sample("o", ID, "", 1, "kite", Domain.OUT_OF_DISTRIBUTION, "open")),
                IMAGES);
    }

    private static Sample sample(
            String id, String image, String caption, int label, String name, Domain domain, String split) {
        return new Sample(id, image, caption, caption.contains("[mask]"), label, name, domain, split, "s", null);
    }

    @Test
    void webDatasetHasShardsOfSamples() throws Exception {
        assertThat(export("wds", options(ExportFormat.WEBDATASET), List.of(samples())))
                .isEqualTo(new RowAccount(3, 3, 0));
        assertThat(files("wds/samples")).containsExactly("open-000000.tar", "train-000000.tar");
        assertThat(Files.readString(root.resolve("wds/README.md")))
                .as("a pattern that no split shares with another whose name it begins")
                .contains("path: \"samples/train-[0-9][0-9][0-9][0-9][0-9][0-9].tar\"");
        var members = Tars.read(root.resolve("wds/samples/train-000000.tar"));
        String key = MemberKeys.of("s/1.png");
        List<String> first = List.of(key + ".png", key + ".cls", key + ".json", key + ".txt");
        List<String> second = List.of("s2.jpg", "s2.cls", "s2.json", "s2.txt");
        boolean ordered = ID.compareTo(OTHER_ID) < 0;
        assertThat(members.keySet())
                .as("rows in the order of their pictures' ids")
                .containsExactlyElementsOf(
                        Stream.concat((ordered ? first : second).stream(), (ordered ? second : first).stream())
                                .toList());
        assertThat(members).containsEntry("s2.jpg", OTHER).containsEntry(key + ".png", PICTURE);
        assertThat(new String(members.get("s2.cls"), StandardCharsets.UTF_8)).isEqualTo("2");
        assertThat(new String(members.get("s2.txt"), StandardCharsets.UTF_8)).isEqualTo("A [mask] too.");
        assertThat(new ObjectMapper().readTree(members.get(key + ".json")))
                .isEqualTo(tree(
                        """
                        {"sample_id": "s/1.png", "image_id": "%s", "caption": "A [mask].", "caption_masked": true, "label": 0,
                         "label_name": "cat", "domain": "id", "source": "s", "split": "train"}
                        """
                                .formatted(ID)));
    }

    @Test
    void webDatasetHasShardsOfPrompts() throws Exception {
        assertThat(export("wds", options(ExportFormat.WEBDATASET, "train"), List.of(conversations()), truth()))
                .isEqualTo(new RowAccount(2, 2, 0));
        var members = Tars.read(root.resolve("wds/prompts/train-000000.tar"));
        assertThat(members).containsOnlyKeys("p.png", "p.json", "t.json");
        assertThat(new ObjectMapper().readTree(members.get("p.json")))
                .isEqualTo(tree(
                        """
                        {"prompt_id": "p", "image_id": "%s", "prompt": "<image>\\nWhat?",
                         "completions": [{"score": 1, "response": "A cat.", "type": "gt"}], "source": "s", "split": "train"}
                        """
                                .formatted(ID)));
    }

    @Test
    void huggingFaceHasSamplesWithClassLabels() {
        assertThat(export("hf", options(ExportFormat.HF), List.of(samples()))).isEqualTo(new RowAccount(3, 3, 0));
        List<Row> rows = spark.read()
                .parquet(root.resolve("hf/samples").toString())
                .orderBy("sample_id")
                .collectAsList();
        assertThat(rows)
                .extracting(row -> row.getAs("sample_id") + " " + row.getAs("label") + " " + row.getAs("label_name")
                        + " " + row.getAs("caption") + " "
                        + row.<Row>getAs("image").<byte[]>getAs("bytes").length)
                .containsExactly("o -1 kite  3", "s/1.png 0 cat A [mask]. 3", "s2 2 cat A [mask] too. 2");
        ExportInputs inputs = new ExportInputs(spark, List.of(stages("samples")), List.of());
        assertThat(HuggingFaceRows.classNames(inputs)).containsExactly("cat", "class 1", "cat (2)");
    }

    private List<String> files(String folder) throws IOException {
        try (Stream<Path> all = Files.walk(root.resolve(folder))) {
            return all.filter(Files::isRegularFile)
                    .map(file -> root.resolve(folder).relativize(file).toString())
                    .filter(name -> !name.endsWith(".crc"))
                    .sorted()
                    .toList();
        }
    }

    private JsonNode json(String file) throws IOException {
        return new ObjectMapper().readTree(root.resolve(file).toFile());
    }

    private static JsonNode tree(String json) throws IOException {
        return new ObjectMapper().readTree(json);
    }
}
