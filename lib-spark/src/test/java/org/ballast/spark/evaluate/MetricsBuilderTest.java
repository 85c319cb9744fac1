package org.ballast.spark.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.ballast.core.metric.ObjectVocabulary;
import org.ballast.spark.evaluate.Metrics.CaptionMetrics;
import org.ballast.spark.evaluate.Metrics.PictureGap;
import org.ballast.spark.evaluate.Metrics.PopeMetrics;
import org.ballast.spark.evaluate.Metrics.PreferenceMetrics;
import org.ballast.spark.evaluate.Metrics.SplitMetrics;
import org.ballast.spark.evaluate.RowResult.Answer;
import org.ballast.spark.evaluate.RowResult.Caption;
import org.ballast.spark.evaluate.RowResult.Key;
import org.ballast.spark.evaluate.RowResult.PairScore;
import org.ballast.spark.evaluate.RowResult.Question;
import org.ballast.spark.evaluate.RowResult.Scored;
import org.ballast.spark.model.ModelFiles;
import org.ballast.spark.model.ModelSpec;
import org.junit.jupiter.api.Test;

/** Figures of four rows, worked out by hand. */
class MetricsBuilderTest {
    private static final ObjectVocabulary OBJECTS =
            ObjectVocabulary.ofQuestions(List.of("Is there a dog in the picture?", "Is there a cat in the picture?"));

    private static final List<RowResult> RESULTS = List.of(
            // chosen -2 over 2 tokens against -3 over 6: better summed, worse a token; and a tie
            caption("base", "a", "A dog.", "a dog", -2, -6, pair("1", -2, 2, -3, 6), pair("2", -4, 4, -4, 4)),
            caption("base", "b", "A cat.", "A dog and a cat", -4, -4, pair("3", -9, 3, -3, 3)),
            question("base", "a", true, "Yes"),
            question("base", "b", false, "yes, it is"),
            caption("bpo", "a", "A dog.", "nothing", -1, -6, pair("1", -1, 2, -4, 6), pair("2", -4, 4, -4, 4)),
            caption("bpo", "b", "A cat.", "a cat", -4, -5, pair("3", -9, 3, -5, 3)),
            question("bpo", "a", true, "No"),
            question("bpo", "b", false, "No."));

    private static final Metrics METRICS = new MetricsBuilder(
                    RESULTS, List.of(model("base"), model("bpo")), EvaluationPlannerTest.options(1), OBJECTS)
            .build(null);

    private static NamedModel model(String name) {
        return new NamedModel(name, new ModelSpec(new ModelFiles("file:/model", name), null));
    }

    private static Key key(String id, String kind) {
        return new Key(id + "/" + kind, "picture-" + id, "test", kind);
    }

    private static PairScore pair(String id, double chosen, int chosenTokens, double rejected, int rejectedTokens) {
        return new PairScore(id, "mllm-hal", new Scored(chosen, chosenTokens), new Scored(rejected, rejectedTokens));
    }

    private static Caption caption(
            String model, String id, String reference, String answer, double truth, double other, PairScore... pairs) {
        return new Caption(
                key(id, "describe"),
                model,
                "<image>",
                reference,
                new Scored(truth, 2),
                new Scored(other, 2),
                new Answer(answer, id.equals("a")),
                List.of(pairs),
                List.of());
    }

    private static Question question(String model, String id, boolean yes, String answer) {
        return new Question(key(id, "pope-random"), model, "?", yes, new Answer(answer, true));
    }

    private static SplitMetrics test(String model) {
        return METRICS.models().get(model).splits().get("test");
    }

    @Test
    void gapIsTheMeanOfTheRowsDifferences() {
        // (-2 + 6)/2 = 2 and 0: mean 1, deviation sqrt 2, error 1
        assertThat(test("base").picture()).isEqualTo(new PictureGap(2, 4, -1.5, -2.5, 1, 1));
    }

    @Test
    void captionsAreComparedWithTheirReferences() {
        CaptionMetrics captions = test("base").captions();
        // "a dog" is "A dog." without article, case and point; bags {dog, and, cat} and {cat}: F1 = 2 / 4
        assertThat(captions.exactMatch()).isEqualTo(0.5);
        assertThat(captions.wordF1()).isCloseTo(0.75, within(1e-15));
        // mentions dog | dog, cat; the second dog is not in its picture
        assertThat(captions.chairI()).isCloseTo(1 / 3.0, within(1e-15));
        assertThat(captions.chairS()).isEqualTo(0.5);
        assertThat(captions.meanWords()).isEqualTo(3.5);
        assertThat(captions.finished()).isEqualTo(0.5);
    }

    @Test
    void popeReadsYesFromAnyAnswerWithoutNo() {
        assertThat(test("base").pope().get("random")).isEqualTo(new PopeMetrics(2, 0.5, 0.5, 1, 2 / 3.0, 1));
        assertThat(test("bpo").pope().get("random")).isEqualTo(new PopeMetrics(2, 0.5, 0, 0, 0, 0));
    }

    @Test
    void aTieCountsHalf() {
        PreferenceMetrics all = test("base").preference().get("all");
        assertThat(all.pairs()).isEqualTo(3);
        assertThat(all.accuracySum()).isCloseTo((1 + 0.5 + 0) / 3, within(1e-15));
        assertThat(all.accuracyPerToken()).isCloseTo((0 + 0.5 + 0) / 3, within(1e-15));
        assertThat(all.reward()).isNull();
    }

    @Test
    void rewardsAreBetaTimesTheLogRatioToTheBase() {
        // chosen +1, 0, 0; rejected -1, 0, -2; margins 2, 0, 2 times beta 0.1
        PreferenceMetrics all = test("bpo").preference().get("all");
        assertThat(all.reward().chosen()).isCloseTo(0.1 / 3, within(1e-15));
        assertThat(all.reward().rejected()).isCloseTo(-0.3 / 3, within(1e-15));
        assertThat(all.reward().margin()).isCloseTo(0.4 / 3, within(1e-15));
        assertThat(all.reward().accuracy()).isCloseTo(2.5 / 3, within(1e-15));
    }

    @Test
    void withoutQuestionsThereIsNoVocabulary() {
        Metrics metrics = new MetricsBuilder(
                        RESULTS, List.of(model("base"), model("bpo")), EvaluationPlannerTest.options(1), null)
                .build(null);
        CaptionMetrics captions =
                metrics.models().get("base").splits().get("test").captions();
        assertThat(captions.chairI()).isNull();
        assertThat(captions.chairS()).isNull();
        assertThat(metrics.paired()).noneMatch(difference -> difference.metric().equals("captions.chairS"));
    }

    @Test
    void aSplitWithoutRowsHasNoFigures() {
        SplitMetrics empty = METRICS.models().get("base").splits().get("compositional");
        assertThat(empty.picture()).isNull();
        assertThat(empty.captions()).isNull();
        assertThat(empty.pope()).isEmpty();
        assertThat(empty.preference()).isEmpty();
    }
}
