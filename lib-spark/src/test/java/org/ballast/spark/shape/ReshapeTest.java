package org.ballast.spark.shape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.data.Completion;
import org.ballast.core.data.Domain;
import org.ballast.core.data.Duplicate;
import org.ballast.core.data.ImageRow;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.Sample;
import org.ballast.core.data.Sha256;
import org.ballast.core.data.split.GroupBy;
import org.ballast.core.data.split.SplitMode;
import org.ballast.core.longtail.ClassSampling;
import org.ballast.core.longtail.ClassStatistic;
import org.ballast.core.metric.TailSplit;
import org.ballast.spark.SparkExtension;
import org.ballast.spark.examples.PromptWithPicture;
import org.ballast.spark.io.Manifest;
import org.ballast.spark.io.RunHeader;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.StageInputException;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.rows.ClassSamplingRows;
import org.ballast.spark.rows.ClassStatisticRows;
import org.ballast.spark.rows.CompletionRows;
import org.ballast.spark.rows.DuplicateRows;
import org.ballast.spark.rows.ImageRows;
import org.ballast.spark.rows.PromptRows;
import org.ballast.spark.rows.SampleRows;
import org.ballast.spark.units.TooManyFailuresException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(SparkExtension.class)
class ReshapeTest {
    private static final int PICTURES = 60;
    private static final long FILE = 1 << 20;

    private final SparkSession spark;

    @TempDir
    Path root;

    private StageFolder data;

    ReshapeTest(SparkSession spark) {
        this.spark = spark;
    }

    private StageFolder open(String stage) {
        StageFolder folder = StageFolder.of(new Configuration(), root.toString(), stage);
        folder.open(RunHeader.now(stage, "test", "c", Map.of()), false);
        return folder;
    }

    private static void commit(StageFolder folder, Reshape.Result result) {
        folder.commit(new Manifest(
                folder.header(), "{}", "v", Map.of(), Map.of(), result.rows(), result.figures(), Map.of()));
    }

    private static String image(int i) {
        return Sha256.of(new byte[] {(byte) i});
    }

    private static Sample sample(String id, int image, int label, String split) {
        return new Sample(
                id,
                image(image),
                "a picture",
                false,
                label,
                "class " + label,
                Domain.IN_DISTRIBUTION,
                split,
                "s",
                null);
    }

    /** Sixty pictures of three classes with a sample and a prompt of two turns each, and one outside the distribution. */
    @BeforeEach
    void store() {
        List<Sample> samples = new ArrayList<>();
        List<Prompt> prompts = new ArrayList<>();
        List<ImageRow> images = new ArrayList<>();
        for (int i = 0; i < PICTURES; i++) {
            samples.add(sample("s" + i, i, i < 40 ? 0 : i < 55 ? 1 : 2, "train"));
            for (int turn = 0; turn < 2; turn++) {
                prompts.add(new Prompt(
                        "p" + i + "/" + turn, image(i), "<image> What?", List.of(), null, null, "train", "s", null));
            }
            images.add(new ImageRow(image(i), new byte[] {(byte) i}, i + ".png", 1, 1, "png"));
        }
        samples.add(
                new Sample("flag", image(0), "a flag", false, -1, null, Domain.OUT_OF_DISTRIBUTION, "open", "s", null));
        prompts.add(new Prompt("text/0", null, "Why?", List.of(), null, null, "train", "s", null));
        prompts.add(new Prompt("text/1#2", null, "How?", List.of(), null, null, "train", "s", null));
        data = open("data");
        write(data, Table.SAMPLES, samples.stream().map(SampleRows::toRow).toList());
        write(data, Table.PROMPTS, prompts.stream().map(PromptRows::toRow).toList());
        write(data, Table.IMAGES, images.stream().map(ImageRows::toRow).toList());
        write(
                data,
                Table.COMPLETIONS,
                prompts.stream()
                        .map(prompt -> CompletionRows.toRow(Completion.groundTruth(prompt.promptId(), "So.")))
                        .toList());
        commit(data);
    }

    private static void commit(StageFolder folder) {
        commit(folder, new Reshape.Result(new org.ballast.core.data.RowAccount(0, 0, 0), Map.of(), Map.of()));
    }

    private void write(StageFolder stage, Table table, List<Row> rows) {
        Tables.write(spark.createDataFrame(rows, table.schema()), stage, table, FILE);
    }

    private Reshape.Result reshape(
            StageFolder output, List<StageFolder> from, List<StageFolder> previous, ShapeOptions shape) {
        return Reshape.run(spark, output, from, previous, new ReshapeOptions(shape, 0.1, FILE));
    }

    private static ShapeOptions stratified(GroupBy by) {
        return ShapeRow.options(SplitMode.STRATIFIED, null, by);
    }

    private Map<String, String> splits(StageFolder stage, Table table) {
        Map<String, String> splits = new TreeMap<>();
        for (Row row : Tables.read(spark, stage, table)
                .select(table.key().get(0), "split")
                .collectAsList()) {
            assertThat(splits.put(row.getString(0), row.getString(1)))
                    .as("once")
                    .isNull();
        }
        return splits;
    }

    @Test
    void rowsGetTheirSplitsAndPicturesStayWhereTheyAre() {
        StageFolder reshaped = open("reshaped");
        Reshape.Result result = reshape(reshaped, List.of(data), List.of(), stratified(GroupBy.IMAGE));
        commit(reshaped, result);

        assertThat(result.rows().in()).isEqualTo(PICTURES * 3 + 3);
        assertThat(result.rows().quarantined()).isZero();
        assertThat(result.tables())
                .containsEntry("samples", 61L)
                .containsEntry("prompts", 122L)
                .containsEntry("completions", 122L)
                .containsEntry("quarantine", 0L)
                .containsEntry("sampling", (long) splitsOfClasses(reshaped));
        Map<String, String> samples = splits(reshaped, Table.SAMPLES);
        Map<String, String> prompts = splits(reshaped, Table.PROMPTS);
        assertThat(samples).containsEntry("flag", "open");
        // the first picture is the flag's, and stays with it
        assertThat(samples).containsEntry("s0", "open");
        for (int i = 0; i < PICTURES; i++) {
            assertThat(prompts)
                    .containsEntry("p" + i + "/0", samples.get("s" + i))
                    .containsEntry("p" + i + "/1", samples.get("s" + i));
        }
        assertThat(prompts.get("text/0")).isEqualTo(prompts.get("text/1#2"));
        long train = samples.values().stream().filter("train"::equals).count();
        assertThat(train).isBetween(39L, 45L);
        assertThat(result.figures()).containsEntry("rows.samples.train", (double) train);

        assertThat(reshaped.has("images")).isFalse();
        Dataset<Row> asked = Tables.read(spark, List.of(reshaped), Table.PROMPTS);
        List<Row> joined =
                PromptWithPicture.join(spark, List.of(reshaped), asked).collectAsList();
        assertThat(joined).hasSize(122);
        assertThat(joined.stream().filter(row -> row.getAs(PromptWithPicture.PICTURE) != null))
                .hasSize(120);
        assertThat(Tables.read(spark, List.of(reshaped, data), Table.IMAGES).count())
                .as("once, though both have them")
                .isEqualTo(PICTURES);
    }

    private int splitsOfClasses(StageFolder stage) {
        return (int) Tables.read(spark, stage, Table.SAMPLES)
                .filter("label >= 0")
                .select("split", "label")
                .distinct()
                .count();
    }

    @Test
    void classTablesSayWhatIsThere() throws Exception {
        StageFolder reshaped = open("reshaped");
        Reshape.Result result = reshape(reshaped, List.of(data), List.of(), ShapeOptions.none());
        commit(reshaped, result);
        List<ClassStatistic> statistics =
                Tables.read(spark, reshaped, ClassTables.STATISTICS).orderBy("split", "label").collectAsList().stream()
                        .map(ClassStatisticRows::fromRow)
                        .toList();
        assertThat(statistics.stream()
                        .map(one -> one.count().split() + one.count().label()))
                .containsExactly("open-1", "train0", "train1", "train2");
        assertThat(statistics.stream().map(one -> one.count().samples())).containsExactly(1L, 40L, 15L, 5L);
        assertThat(statistics.stream().map(ClassStatistic::band))
                .containsExactly(null, TailSplit.MEDIUM, TailSplit.FEW, TailSplit.FEW);
        assertThat(statistics.get(1).count().labelName()).isEqualTo("class 0");
        assertThat(statistics.get(1).prior()).isCloseTo(40 / 60.0, within(1e-12));
        List<ClassSampling> sampling =
                Tables.read(spark, reshaped, ClassTables.SAMPLING).orderBy("label").collectAsList().stream()
                        .map(ClassSamplingRows::fromRow)
                        .toList();
        assertThat(sampling).hasSize(3);
        assertThat(sampling.get(2).sampleWeight()).as("60 / 3 / 5").isCloseTo(4, within(1e-12));
        assertThat(result.figures())
                .containsEntry("classes.samples.train", 3.0)
                .containsEntry("imbalance-ratio.samples.train", 8.0)
                .doesNotContainKey("classes.prompts.train");
        String card = Files.readString(root.resolve("reshaped/README.md"));
        assertThat(card)
                .contains("## Classes")
                .contains("| `samples` | train | 3 | 8.000 |")
                .contains("`samples` many 0.0 %, medium 33.3 %, few 66.7 %.")
                .contains("config_name: class_statistics");
    }

    @Test
    void rowsOfAnEarlierShapeKeepTheirSplits() {
        StageFolder first = open("first");
        commit(first, reshape(first, List.of(data), List.of(), stratified(GroupBy.IMAGE)));
        StageFolder more = open("more");
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            samples.add(sample("n" + i, 30 + i, 0, "train"));
        }
        write(more, Table.SAMPLES, samples.stream().map(SampleRows::toRow).toList());
        commit(more);
        StageFolder second = open("second");
        Reshape.Result result = reshape(second, List.of(data, more), List.of(first), stratified(GroupBy.IMAGE));
        commit(second, result);
        Map<String, String> before = splits(first, Table.SAMPLES);
        Map<String, String> after = splits(second, Table.SAMPLES);
        assertThat(after).containsAllEntriesOf(before);
        for (int i = 0; i < 30; i++) {
            assertThat(after).containsEntry("n" + i, before.get("s" + (30 + i)));
        }
        assertThat(splits(second, Table.PROMPTS)).isEqualTo(splits(first, Table.PROMPTS));
        assertThat(Tables.read(spark, List.of(second), Table.IMAGES).count()).isEqualTo(PICTURES);
    }

    @Test
    void heldOutCopiesOfAlikePicturesGoToQuarantineWithTheirCompletions() {
        StageFolder source = open("source");
        write(
                source,
                Table.PROMPTS,
                List.of(
                        PromptRows.toRow(
                                new Prompt("a/0", image(1), "<image> 1?", List.of(), null, null, "train", "s", null)),
                        PromptRows.toRow(
                                new Prompt("b/0", image(2), "<image> 2?", List.of(), null, null, "test", "s", null)),
                        PromptRows.toRow(
                                new Prompt("c/0", image(3), "<image> 3?", List.of(), null, null, "test", "s", null))));
        write(
                source,
                Table.COMPLETIONS,
                List.of(
                        CompletionRows.toRow(Completion.groundTruth("a/0", "1")),
                        CompletionRows.toRow(Completion.groundTruth("b/0", "2")),
                        CompletionRows.toRow(Completion.groundTruth("c/0", "3"))));
        ShapeOptions options = ShapeRow.options(SplitMode.SOURCE, null, GroupBy.NEAR_DUPLICATE);
        commit(source);
        assertThatThrownBy(() -> reshape(open("missing"), List.of(source), List.of(), options))
                .isInstanceOf(StageInputException.class)
                .hasMessageContaining("duplicates");

        write(
                source,
                Table.DUPLICATES,
                List.of(
                        DuplicateRows.toRow(new Duplicate(image(2), "2.png", image(1), Duplicate.Kind.PERCEPTUAL, 3)),
                        DuplicateRows.toRow(new Duplicate(image(3), "4.png", image(3), Duplicate.Kind.EXACT, 0))));
        assertThatThrownBy(() -> reshape(open("few"), List.of(source), List.of(), options))
                .isInstanceOf(TooManyFailuresException.class)
                .hasMessageContaining("1 of 3")
                .hasMessageContaining("split-conflict");
        StageFolder reshaped = open("reshaped");
        Reshape.Result result =
                Reshape.run(spark, reshaped, List.of(source), List.of(), new ReshapeOptions(options, 0.5, FILE));
        assertThat(result.rows().quarantined()).isEqualTo(1);
        Row quarantined = Tables.read(spark, reshaped, Table.QUARANTINE).head();
        assertThat(quarantined.<String>getAs("id")).isEqualTo("b/0");
        assertThat(quarantined.<String>getAs("source_file")).isEqualTo("source/prompts");
        assertThat(quarantined.<String>getAs("message")).contains("'train'", "'test'");
        assertThat(splits(reshaped, Table.PROMPTS)).isEqualTo(Map.of("a/0", "train", "c/0", "test"));
        Set<String> answered =
                Tables.read(spark, reshaped, Table.COMPLETIONS).select("prompt_id").collectAsList().stream()
                        .map(row -> row.getString(0))
                        .collect(Collectors.toSet());
        assertThat(answered).containsExactlyInAnyOrder("a/0", "c/0");
        assertThat(result.tables()).as("no row has a label").doesNotContainKeys("class_statistics", "sampling");
    }

    @Test
    void twoRowsOfOneIdAndStagesWithoutRowsAreRefused() {
        StageFolder more = open("more");
        write(more, Table.SAMPLES, List.of(SampleRows.toRow(sample("s7", 7, 0, "train"))));
        commit(more);
        assertThatThrownBy(() -> reshape(open("twice"), List.of(data, more), List.of(), stratified(GroupBy.IMAGE)))
                .isInstanceOf(StageInputException.class)
                .hasMessageContaining("'s7'")
                .hasMessageContaining("[data, more]");
        StageFolder empty = open("empty");
        commit(empty);
        assertThatThrownBy(() -> reshape(open("nothing"), List.of(empty), List.of(), stratified(GroupBy.IMAGE)))
                .isInstanceOf(StageInputException.class)
                .hasMessageContaining("[empty]");
    }
}
