package org.ballast.core.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.ballast.core.goldens.MathGoldens.assertClose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.stream.Stream;
import org.ballast.core.goldens.MathGoldens;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LongTailAccuracyTest {
    static Stream<JsonNode> cases() {
        return MathGoldens.stream(MathGoldens.json("long_tail.json").get("cases"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void agreesWithTheGoldens(JsonNode golden) {
        int[] counts = MathGoldens.ints(golden.get("train_counts"));
        LongTailAccuracy accuracy = LongTailAccuracy.of(
                counts, MathGoldens.ints(golden.get("label")), MathGoldens.ints(golden.get("prediction")));

        assertClose("all", accuracy.all(), golden.get("top1_all"));
        assertClose("many", accuracy.many().classMean(), golden.get("top1_many"));
        assertClose("many pooled", accuracy.many().pooled(), golden.get("top1_many_pooled_samples"));
        assertClose("medium", accuracy.medium().classMean(), golden.get("top1_medium"));
        assertClose("medium pooled", accuracy.medium().pooled(), golden.get("top1_medium_pooled_samples"));
        assertClose("few", accuracy.few().classMean(), golden.get("top1_few"));
        assertClose("few pooled", accuracy.few().pooled(), golden.get("top1_few_pooled_samples"));
        assertClose(
                "few with training", accuracy.fewWithTraining().classMean(), golden.get("top1_few_without_zero_shot"));
        assertClose("zero-shot", accuracy.zeroShot().classMean(), golden.get("top1_zero_shot"));
        assertClose("balanced", accuracy.balancedAccuracy(), golden.get("balanced_accuracy"));
        assertClose("harmonic", accuracy.harmonicMean(), golden.get("harmonic_mean"));
        assertClose(
                "floored harmonic", accuracy.harmonicMeanFloored(), golden.get("harmonic_mean_floor_0.001_percent"));
        assertClose("worst", accuracy.worstClassAccuracy(), golden.get("worst_class_accuracy"));
        assertThat(accuracy.worstClass()).isEqualTo(golden.get("worst_class").intValue());
        assertThat(accuracy.testedClasses())
                .isEqualTo(golden.get("tested_classes").size());
        assertClose("F1 union", accuracy.macroF1().labelsUnion(), golden.get("macro_f1_labels_union"));
        assertClose("F1 tested", accuracy.macroF1().testedClasses(), golden.get("macro_f1_tested_classes"));
        assertClose("F1 all", accuracy.macroF1().allClasses(), golden.get("macro_f1_all_classes"));
        for (int k = 0; k < counts.length; k++) {
            assertClose(
                    "class " + k,
                    accuracy.classAccuracy().get(k),
                    golden.get("class_accuracy").get(k));
            assertThat(TailSplit.of(counts[k]).name())
                    .isEqualToIgnoringCase(golden.get("class_split").get(k).textValue());
        }
    }

    @Test
    void agreesWithValuesWorkedOutByHand() {
        // class 0 (many): 1 of 2 right; class 1 (few): 1 of 1; class 2 (zero-shot): untested
        LongTailAccuracy accuracy =
                LongTailAccuracy.of(new int[] {101, 19, 0}, new int[] {0, 0, 1}, new int[] {0, 1, 1});
        assertThat(accuracy.all()).isEqualTo(2 / 3.0);
        assertThat(accuracy.many().pooled()).isEqualTo(0.5);
        assertThat(accuracy.medium().pooled()).isNull();
        assertThat(accuracy.few().pooled()).isEqualTo(1);
        assertThat(accuracy.zeroShot().classMean()).isNull();
        assertThat(accuracy.balancedAccuracy()).isEqualTo(0.75);
        assertThat(accuracy.harmonicMean()).isEqualTo(2 / 3.0);
        assertThat(accuracy.worstClass()).isZero();
    }

    @Test
    void refusesWhatItCannotScore() {
        int[] counts = {5, 5};
        assertThatThrownBy(() -> LongTailAccuracy.of(counts, new int[0], new int[0]))
                .hasMessageContaining("no test sample");
        assertThatThrownBy(() -> LongTailAccuracy.of(counts, new int[] {0}, new int[] {2}))
                .hasMessage("prediction of sample 0 is 2, outside 0..1");
        assertThatThrownBy(() -> LongTailAccuracy.of(counts, new int[] {0, -1}, new int[] {0, 0}))
                .hasMessage("label of sample 1 is -1, outside 0..1");
        assertThatThrownBy(() -> LongTailAccuracy.of(counts, new int[] {0}, new int[] {0, 1}))
                .hasMessageContaining("1 labels, but 2 predictions");
    }

    @Test
    void becomesJsonAndBack() throws Exception {
        LongTailAccuracy accuracy =
                LongTailAccuracy.of(new int[] {101, 19, 0}, new int[] {0, 0, 1}, new int[] {0, 1, 1});
        ObjectMapper json = new ObjectMapper();
        assertThat(json.readValue(json.writeValueAsString(accuracy), LongTailAccuracy.class))
                .isEqualTo(accuracy);
    }
}
