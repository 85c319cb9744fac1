package org.ballast.spark.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.data.Completion;
import org.ballast.core.data.ImageRow;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.RowAccount;
import org.ballast.core.data.Sample;
import org.ballast.core.data.Sha256;
import org.ballast.spark.SparkExtension;
import org.ballast.spark.io.Manifest;
import org.ballast.spark.io.RunHeader;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.rows.CompletionRows;
import org.ballast.spark.rows.ImageRows;
import org.ballast.spark.rows.PromptRows;
import org.ballast.spark.rows.SampleRows;
import org.ballast.spark.shape.ShapeOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The sample of each format through a whole run, pictures and all. */
@ExtendWith(SparkExtension.class)
class FormatRunsTest {
    private final SparkSession spark;

    @TempDir
    Path root;

    FormatRunsTest(SparkSession spark) {
        this.spark = spark;
    }

    private static ShardInput sample(String name) {
        return FormatSamplesTest.sample(name);
    }

    private StageFolder run(String stage, ShardInput... inputs) {
        StageFolder folder = StageFolder.of(new Configuration(), root.toString(), stage);
        RunHeader header = RunHeader.now(stage, "shard", "c", Map.of());
        folder.open(header, false);
        ShardPlan plan = ShardPlanner.plan(new Configuration(), FormatSamplesTest.options(inputs));
        ShardResult result = ShardRunner.run(spark, plan, folder);
        assertThat(result.rows().quarantined()).isZero();
        folder.commit(new Manifest(folder.header(), "{}", "v", Map.of(), Map.of(), result.rows(), Map.of(), Map.of()));
        return folder;
    }

    private <T> List<T> read(StageFolder folder, Table table, Function<Row, T> codec) {
        return Tables.read(spark, folder, table).collectAsList().stream()
                .map(codec)
                .toList();
    }

    private Map<String, byte[]> pictures(StageFolder folder) {
        return read(folder, Table.IMAGES, ImageRows::fromRow).stream()
                .collect(Collectors.toMap(ImageRow::imageId, ImageRow::bytes));
    }

    private static byte[] file(String name) throws IOException {
        return Files.readAllBytes(FormatSamplesTest.SAMPLES.resolve(name));
    }

    @Test
    void preferencesOfAllFormatsInOneRun() throws IOException {
        StageFolder folder = run(
                "preferences",
                sample("bpo.json").withIdPrefix("bpo/"),
                sample("vlfeedback-inside.parquet").withIdPrefix("vlf/"),
                sample("rlaif-v.parquet").withIdPrefix("rlaif/"),
                sample("minigpt4/filter_cap.json").withIdPrefix("cc/"),
                sample("llava-instruct.json").withIdPrefix("llava/"),
                sample("webdataset-instruct.tar").withIdPrefix("wds/"));
        Map<String, Prompt> prompts = new TreeMap<>();
        read(folder, Table.PROMPTS, PromptRows::fromRow).forEach(prompt -> prompts.put(prompt.promptId(), prompt));
        assertThat(prompts)
                .containsOnlyKeys(
                        "bpo/b1/0",
                        "bpo/b2/0",
                        "cc/2/0",
                        "cc/3/0",
                        "llava/000001/0",
                        "llava/000001/1",
                        "llava/000002/0",
                        "rlaif/0/0",
                        "rlaif/1/0",
                        "vlf/green/0",
                        "vlf/red/0",
                        "wds/0001/0",
                        "wds/0001/1",
                        "wds/0002/0");
        Map<String, byte[]> pictures = pictures(folder);
        // the reds and greens of different sources are the same files
        assertThat(pictures.get(prompts.get("vlf/red/0").imageId())).isEqualTo(file("pictures/red.png"));
        assertThat(prompts.get("bpo/b1/0").imageId())
                .isEqualTo(prompts.get("llava/000001/0").imageId());
        assertThat(prompts.get("vlf/green/0").imageId())
                .isEqualTo(prompts.get("wds/0001/0").imageId());
        assertThat(pictures.get(prompts.get("cc/3/0").imageId())).isEqualTo(file("minigpt4/image/3.jpg"));
        assertThat(prompts.get("rlaif/1/0").imageId())
                .isEqualTo(prompts.get("cc/2/0").imageId());
        List<String> completions = read(folder, Table.COMPLETIONS, CompletionRows::fromRow).stream()
                .filter(completion -> completion.promptId().matches("(bpo/b1|vlf/red|rlaif/1)/0"))
                .map(completion -> "%s %s %s %.2f %s"
                        .formatted(
                                completion.promptId(),
                                completion.type().stored(),
                                completion.response(),
                                completion.score(),
                                completion.model()))
                .sorted()
                .toList();
        assertThat(completions)
                .containsExactly(
                        "bpo/b1/0 gt A red area. 1.00 source",
                        "bpo/b1/0 llm-hal A red area with a dog. 0.00 source",
                        "bpo/b1/0 mllm-hal A blue area. 0.00 source",
                        "rlaif/1/0 gt It is blue. 1.00 LLaVA-NeXT",
                        "rlaif/1/0 scored It is black. 0.00 LLaVA-NeXT",
                        "vlf/red/0 gt A red area. 4.67 llava",
                        "vlf/red/0 scored A dog. 2.67 qwen_vl");
    }

    @Test
    void samplesOfPictureFoldersAndTars() throws IOException {
        StageFolder folder = run("folders", sample("image-folder"));
        Map<String, Sample> samples = new TreeMap<>();
        read(folder, Table.SAMPLES, SampleRows::fromRow).forEach(sample -> samples.put(sample.sampleId(), sample));
        assertThat(samples).containsOnlyKeys("blue/sky.png", "red/brick.jpg", "red/plain.png");
        assertThat(samples.get("red/brick.jpg").labelName()).isEqualTo("red");
        assertThat(pictures(folder).get(samples.get("blue/sky.png").imageId()))
                .isEqualTo(file("image-folder/blue/sky.png"));

        StageFolder idx = run("idx", sample("idx/areas-images-idx3-ubyte"));
        assertThat(read(idx, Table.SAMPLES, SampleRows::fromRow)).hasSize(3);
        BufferedImage second =
                ImageIO.read(new ByteArrayInputStream(read(idx, Table.IMAGES, ImageRows::fromRow).stream()
                        .filter(image -> image.path().equals("1.png"))
                        .findFirst()
                        .orElseThrow()
                        .bytes()));
        assertThat(List.of(second.getWidth(), second.getHeight())).containsExactly(5, 4);
        assertThat(second.getRaster().getSample(4, 3, 0)).isEqualTo(20 + 19);

        StageFolder tar = run("tar", sample("webdataset-000000.tar"));
        List<Sample> rows = read(tar, Table.SAMPLES, SampleRows::fromRow);
        assertThat(rows).extracting(Sample::sampleId).containsExactlyInAnyOrder("a/0001", "a/0002");
        assertThat(pictures(tar)).hasSize(2).containsKey(Sha256.of(file("pictures/blue.png")));
    }

    @Test
    void aStageOfOurOwnIsReadBackAsItIs() {
        StageFolder first = run(
                "first",
                sample("openmmlo.json"),
                sample("bpo.json"),
                sample("llava-instruct.json"),
                sample("vlfeedback.jsonl"));
        ShardInput stage = ShardInput.of(AnnotationLayout.AUTO, first.path().toString(), null, null, "s");
        StageFolder second = run("second", stage);
        assertThat(read(second, Table.SAMPLES, SampleRows::fromRow))
                .containsExactlyInAnyOrderElementsOf(read(first, Table.SAMPLES, SampleRows::fromRow));
        assertThat(read(second, Table.PROMPTS, PromptRows::fromRow))
                .containsExactlyInAnyOrderElementsOf(read(first, Table.PROMPTS, PromptRows::fromRow));
        List<Completion> completions = read(first, Table.COMPLETIONS, CompletionRows::fromRow);
        assertThat(completions).hasSize(12);
        assertThat(read(second, Table.COMPLETIONS, CompletionRows::fromRow))
                .containsExactlyInAnyOrderElementsOf(completions);
        assertThat(pictures(second).keySet()).isEqualTo(pictures(first).keySet());
    }

    @Test
    void aFolderThatIsNoFinishedStageIsRefused() throws IOException {
        Files.createDirectories(root.resolve("unfinished/samples"));
        Files.writeString(root.resolve("unfinished/run.json"), "{}");
        ShardInput input = ShardInput.of(
                AnnotationLayout.BALLAST, root.resolve("unfinished").toString(), null, null, "s");
        assertThatThrownBy(() -> ShardPlanner.plan(new Configuration(), FormatSamplesTest.options(input)))
                .isInstanceOf(ShardInputException.class)
                .hasMessageContaining("no finished stage");
    }

    @Test
    void rowsThatSayTheSameAreQuarantinedWhateverTheirFormat() throws IOException {
        String row = Files.readString(FormatSamplesTest.SAMPLES.resolve("vlfeedback.jsonl"))
                .lines()
                .findFirst()
                .orElseThrow();
        Files.createDirectories(root.resolve("pictures"));
        Files.write(root.resolve("pictures/red.png"), file("pictures/red.png"));
        Path twice = Files.writeString(
                root.resolve("twice.jsonl"), row + "\n" + row + "\n" + row.replace("A dog.", "A cat.") + "\n{\"id\"\n");
        StageFolder folder = StageFolder.of(new Configuration(), root.toString(), "twice");
        folder.open(RunHeader.now("twice", "shard", "c", Map.of()), false);
        ShardPlan plan = ShardPlanner.plan(
                new Configuration(),
                new ShardOptions(
                        List.of(ShardInput.of(AnnotationLayout.AUTO, twice.toString(), null, "train", "s")),
                        null,
                        PictureStorage.EMBED,
                        FormatSamplesTest.options(sample("bpo.json")).inspector(),
                        -1,
                        ShapeOptions.none(),
                        100,
                        100,
                        1,
                        1 << 20,
                        0));
        ShardResult result = ShardRunner.run(spark, plan, folder);
        assertThat(result.rows()).isEqualTo(new RowAccount(4, 2, 2));
        assertThat(result.reasons()).containsOnlyKeys("duplicate-row", "malformed-row");
        assertThat(read(folder, Table.PROMPTS, PromptRows::fromRow))
                .extracting(Prompt::promptId)
                .containsExactlyInAnyOrder("red/0", "red/0#2");
    }
}
