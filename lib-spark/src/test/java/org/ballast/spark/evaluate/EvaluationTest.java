package org.ballast.spark.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.data.Completion;
import org.ballast.core.data.CompletionType;
import org.ballast.core.data.ImageRow;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.Sha256;
import org.ballast.spark.SparkExtension;
import org.ballast.spark.evaluate.Metrics.ModelMetrics;
import org.ballast.spark.evaluate.Metrics.PairedDifference;
import org.ballast.spark.evaluate.Metrics.PopeMetrics;
import org.ballast.spark.evaluate.Metrics.PreferenceMetrics;
import org.ballast.spark.evaluate.Metrics.SplitMetrics;
import org.ballast.spark.evaluate.Metrics.WeakeningPoint;
import org.ballast.spark.model.ModelFiles;
import org.ballast.spark.model.ModelSpec;
import org.ballast.spark.rows.CompletionRows;
import org.ballast.spark.rows.ImageRows;
import org.ballast.spark.rows.PromptRows;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The whole evaluation on the golden checkpoint of random weights and its adapter. */
@ExtendWith(SparkExtension.class)
class EvaluationTest {
    private static final Path GOLDENS = Path.of("../lib-core/src/test/resources/goldens/mllm-a");
    private static final String FIRST = "first/describe";

    private static final List<Row> PROMPTS = new ArrayList<>();
    private static final List<Row> COMPLETIONS = new ArrayList<>();
    private static final List<Row> IMAGES = new ArrayList<>();
    private static List<NamedModel> models;
    private static EvaluationResult result;

    @BeforeAll
    static void run(SparkSession spark) throws IOException {
        String photo = image("photo_61x97.png");
        String square = image("square.png");
        String gray = image("gray_90x120.png");
        String palette = image("palette_70x50.png");
        for (String split : List.of("test", "compositional", "train")) {
            String first = split.equals("test") ? FIRST : split + "-0/describe";
            describe(first, photo, split, "What is in the picture?", "A small dog sleeps under the green table.");
            describe(split + "-1/describe", square, split, "Describe it.", "Two red birds.");
            describe(split + "-2/describe", gray, split, "Describe it.", "Three. A dog.");
            describe(split + "-3/describe", palette, split, "What does this show?", "An old house.");
        }
        int number = 0;
        for (String split : List.of("test", "compositional")) {
            for (String kind : List.of("pope-random", "pope-popular")) {
                question(kind, number++, photo, split, "Is there a dog in the picture?", "yes");
                question(kind, number++, square, split, "Is there a house in the picture?", "no");
                question(kind, number++, gray, split, "Is there a bird in the picture?", "no");
            }
        }
        Configuration hadoop = new Configuration();
        ModelFiles checkpoint = ModelFiles.of(hadoopPath("model"), hadoop);
        models = List.of(
                new NamedModel("base", new ModelSpec(checkpoint, null)),
                new NamedModel("bpo", new ModelSpec(checkpoint, ModelFiles.of(hadoopPath("adapter"), hadoop))));
        result = evaluate(spark, EvaluationPlannerTest.options(1), 3);
    }

    private static org.apache.hadoop.fs.Path hadoopPath(String name) {
        return new org.apache.hadoop.fs.Path(
                GOLDENS.resolve(name).toAbsolutePath().normalize().toUri());
    }

    private static EvaluationResult evaluate(SparkSession spark, EvaluateOptions options, int partitions) {
        EvaluationInputs inputs = new EvaluationInputs(
                table(spark, PROMPTS, PromptRows.SCHEMA, partitions),
                table(spark, COMPLETIONS, CompletionRows.SCHEMA, partitions),
                table(spark, IMAGES, ImageRows.SCHEMA, partitions));
        return Evaluation.run(spark, inputs, models, options, null, partitions);
    }

    private static Dataset<Row> table(
            SparkSession spark, List<Row> rows, org.apache.spark.sql.types.StructType schema, int partitions) {
        return spark.createDataFrame(rows, schema).repartition(partitions);
    }

    private static String image(String name) throws IOException {
        byte[] bytes = Files.readAllBytes(GOLDENS.resolve("images").resolve(name));
        String id = Sha256.of(bytes);
        IMAGES.add(ImageRows.toRow(new ImageRow(id, bytes, name, 1, 1, "png")));
        IMAGES.add(ImageRows.toRow(new ImageRow(id, bytes, "again/" + name, 1, 1, "png")));
        return id;
    }

    private static void describe(String id, String image, String split, String text, String response) {
        prompt(id, image, split, "describe", text, response);
        negative(id, "There are two birds near the river.", CompletionType.WEAKENED);
        negative(id, "Three old houses.", CompletionType.RETRIEVED);
    }

    private static void question(String kind, int number, String image, String split, String text, String answer) {
        prompt(kind + "/" + number, image, split, kind, text, answer);
    }

    private static void prompt(String id, String image, String split, String kind, String text, String response) {
        PROMPTS.add(PromptRows.toRow(
                new Prompt(id, image, "<image>\n" + text, List.of(), kind, null, split, "golden", null)));
        COMPLETIONS.add(CompletionRows.toRow(Completion.groundTruth(id, response)));
    }

    private static void negative(String prompt, String response, CompletionType type) {
        COMPLETIONS.add(CompletionRows.toRow(new Completion(
                Completion.id(prompt, type.stored(), 1, 0),
                prompt,
                response,
                type,
                0,
                "golden",
                type.stored(),
                "{}",
                1,
                "eos",
                0,
                0)));
    }

    private static SplitMetrics split(String model, String split) {
        return result.metrics().models().get(model).splits().get(split);
    }

    @Test
    void figuresDoNotDependOnPartitions(SparkSession spark) {
        EvaluationResult one = evaluate(spark, EvaluationPlannerTest.options(1), 1);
        assertThat(MetricsFile.write(one.metrics())).isEqualTo(MetricsFile.write(result.metrics()));
        assertThat(one.examples()).hasSameSizeAs(result.examples());
        for (int index = 0; index < one.examples().size(); index++) {
            assertThat(one.examples().get(index).weakened())
                    .isEqualTo(result.examples().get(index).weakened());
        }
    }

    @Test
    void everyRowIsAccountedFor() {
        // 2 x 4 descriptions, 2 x 6 questions, 4 training rows, 3 of the weakening curve
        assertThat(result.rows()).isEqualTo(8 + 12 + 4 + 3);
        assertThat(result.evaluated()).isEqualTo(result.rows());
        assertThat(result.rejected()).isEmpty();
        assertThat(split("base", "test").picture().rows()).isEqualTo(4);
        assertThat(split("base", "test").pope()).containsOnlyKeys("random", "popular");
        assertThat(split("bpo", "test").preference()).containsOnlyKeys("all", "mllm-hal", "retrieved-hal");
        assertThat(split("bpo", "train").preference().get("all").pairs()).isEqualTo(8);
        assertThat(split("bpo", "train").captions()).isNull();
    }

    @Test
    void scoresAreThoseOfTheReferenceImplementation(SparkSession spark) throws IOException {
        double golden = -66.67211151123047; // response_log_probs.json, "sentence": 9 tokens
        List<Row> train = PROMPTS.stream()
                .filter(row -> row.getString(0).equals("train-0/describe")
                        || row.getString(row.fieldIndex("split")).equals("test")
                        || row.getString(row.fieldIndex("split")).equals("compositional"))
                .toList();
        EvaluationInputs inputs = new EvaluationInputs(
                table(spark, train, PromptRows.SCHEMA, 1),
                table(spark, COMPLETIONS, CompletionRows.SCHEMA, 1),
                table(spark, IMAGES, ImageRows.SCHEMA, 1));
        Metrics metrics = Evaluation.run(spark, inputs, models, EvaluationPlannerTest.options(1), null, 1)
                .metrics();
        PreferenceMetrics pairs =
                metrics.models().get("base").splits().get("train").preference().get("all");
        assertThat(pairs.chosenLogProb()).isCloseTo(golden, within(1e-3));
        assertThat(pairs.chosenLogProbPerToken()).isCloseTo(golden / 9, within(1e-4));
    }

    @Test
    void theCleanEndOfTheWeakeningCurveIsTheCaptionsOwnScore(SparkSession spark) {
        List<WeakeningPoint> points = result.metrics().weakening().points();
        assertThat(points).extracting(WeakeningPoint::step).containsExactly(0, 500, 900);
        assertThat(points.get(0).truth()).isNotEqualTo(points.get(2).truth());
        EvaluateOptions four = withWeakeningRows(EvaluationPlannerTest.options(1), 4);
        Metrics metrics = evaluate(spark, four, 2).metrics();
        // one weakened negative a row: the mean over those pairs is the mean over the rows of the curve
        double clean = metrics.weakening().points().get(0).truth();
        double rows = metrics.models()
                .get("base")
                .splits()
                .get("test")
                .preference()
                .get("mllm-hal")
                .chosenLogProbPerToken();
        assertThat(clean).isCloseTo(rows, within(1e-4));
    }

    private static EvaluateOptions withWeakeningRows(EvaluateOptions o, int rows) {
        return new EvaluateOptions(
                o.splits(),
                o.trainSplit(),
                o.trainPrompts(),
                o.maxRowsPerSplit(),
                o.popePrefix(),
                o.captionKinds(),
                o.pairs(),
                o.beta(),
                o.captionTokens(),
                o.popeTokens(),
                o.unitRows(),
                o.batchRows(),
                new EvaluateOptions.Weakening("test", rows, List.of(0, 900)),
                o.examples(),
                o.exampleStep(),
                o.seed());
    }

    @Test
    void rewardsAreAgainstTheBase() {
        assertThat(split("base", "test").preference().get("all").reward()).isNull();
        PreferenceMetrics base = split("base", "test").preference().get("all");
        PreferenceMetrics bpo = split("bpo", "test").preference().get("all");
        assertThat(bpo.reward().chosen()).isCloseTo(0.1 * (bpo.chosenLogProb() - base.chosenLogProb()), within(1e-9));
        assertThat(bpo.reward().margin())
                .isCloseTo(
                        0.1
                                * (bpo.chosenLogProb()
                                        - base.chosenLogProb()
                                        - (bpo.rejectedLogProb() - base.rejectedLogProb())),
                        within(1e-9));
        assertThat(bpo.chosenLogProb()).isNotEqualTo(base.chosenLogProb());
    }

    @Test
    void pairedDifferencesAreTheDifferencesOfTheFigures() {
        for (PairedDifference difference : result.metrics().paired()) {
            SplitMetrics bpo = split("bpo", difference.split());
            SplitMetrics base = split("base", difference.split());
            double expected =
                    switch (difference.metric()) {
                        case "picture.gap" -> bpo.picture().gap()
                                - base.picture().gap();
                        case "captions.exactMatch" -> bpo.captions().exactMatch()
                                - base.captions().exactMatch();
                        case "captions.wordF1" -> bpo.captions().wordF1()
                                - base.captions().wordF1();
                        case "captions.chairS" -> bpo.captions().chairS()
                                - base.captions().chairS();
                        case "pope.accuracy" -> accuracy(bpo) - accuracy(base);
                        default -> throw new AssertionError(difference.metric());
                    };
            assertThat(difference.mean()).as(difference.toString()).isCloseTo(expected, within(1e-12));
        }
        assertThat(result.metrics().paired()).hasSize(10);
    }

    private static double accuracy(SplitMetrics split) {
        return split.pope().values().stream()
                .mapToDouble(PopeMetrics::accuracy)
                .average()
                .orElseThrow();
    }

    @Test
    void examplesShowPicturesAndEveryAnswer() {
        assertThat(result.examples()).hasSize(3);
        for (Example example : result.examples()) {
            assertThat(example.answers()).extracting(Example.Labelled::label).containsExactly("base", "bpo");
            assertThat(example.negatives())
                    .extracting(Example.Labelled::label)
                    .containsExactlyInAnyOrder("mllm-hal", "retrieved-hal");
            assertThat(example.picture()).isNotEqualTo(example.weakened());
        }
    }

    @Test
    void metricsSurviveTheirFile() {
        String json = MetricsFile.write(result.metrics());
        assertThat(MetricsFile.read(json, "metrics.json")).isEqualTo(result.metrics());
        assertThat(json)
                .contains("\"captions\"", "\"wordF1\"", "\"logProbTrue\"", "\"ood\" : \"out-of-distribution is")
                .doesNotContain("NaN");
        assertThatThrownBy(() -> MetricsFile.read(json.replaceFirst("\"version\" : 1", "\"version\" : 2"), "m.json"))
                .hasMessageContaining("m.json")
                .hasMessageContaining("layout 2");
        assertThatThrownBy(() -> MetricsFile.read(json.replaceFirst("\"models\"", "\"modells\""), "m.json"))
                .hasMessageContaining("m.json")
                .hasMessageContaining("'models'");
    }

    @Test
    void modelsNeedNamesOfTheirOwn(SparkSession spark) {
        List<NamedModel> twice = List.of(models.get(0), models.get(0));
        assertThatThrownBy(() -> Evaluation.run(
                        spark, new EvaluationInputs(null, null, null), twice, EvaluationPlannerTest.options(1), null))
                .hasMessage("two models are called base");
        ModelMetrics base = result.metrics().models().get("base");
        assertThat(base.adapter()).isNull();
        assertThat(base.checkpoint())
                .isEqualTo(models.get(0).spec().checkpoint().digest());
    }
}
