package org.ballast.core.negative;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.ballast.core.negative.QualityControl.Against;
import org.ballast.core.negative.QualityControl.Rejection;
import org.ballast.core.text.Words;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class QualityControlTest {
    private static final String PROMPT = "<image>\nWhat is in the picture?";
    private static final String POSITIVE = "A brown dog lies on the grass beside a red ball.";
    private static final List<String> REFUSALS = List.of("^(i'm|i am) (sorry|unable)", "\\bas an ai\\b", "抱歉");

    private static QualityRules rules(Set<QualityRule> on) {
        return new QualityRules(on, REFUSALS, 0.5, 2, 0.8, 3);
    }

    private static QualityRule judged(String negative, boolean cut, List<String> others, List<String> known) {
        return new QualityControl(rules(EnumSet.allOf(QualityRule.class)))
                .judge(negative, cut, new Against(PROMPT, POSITIVE, others, known))
                .map(Rejection::rule)
                .orElse(null);
    }

    private static QualityRule judged(String negative) {
        return judged(negative, false, List.of(), List.of());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "A brown cat lies on the grass beside a red ball.",
                "A brown dog lies under the grass beside a red ball.",
                "Two white horses stand in a field behind a fence."
            })
    void letsErrorsPass(String negative) {
        assertThat(judged(negative)).isNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    EMPTY | ' … '
                    SAME_AS_POSITIVE | a BROWN dog lies on the grass, beside a red ball
                    NEARLY_POSITIVE | The brown dogs lie on grass beside the red balls.
                    REFUSED | I'm sorry, but I can not see any picture in here.
                    REFUSED | As an AI I do not look at pictures or any other files.
                    ECHO_OF_PROMPT | What is in the picture? A cat on the grass.
                    WRONG_LANGUAGE | 一只棕色的狗躺在红色的球旁边
                    LENGTH_RATIO | A cat.
                    LENGTH_RATIO | A cat sits in a tall tree and looks down at the people who walk along the street with bags full of fruit.
                    REPETITION | A cat and a cat and a cat and a cat and a cat and
                    CONTAINS_POSITIVE | A brown dog lies on the grass beside a red ball and a blue kite flies.
                    NOT_WRONG | A dog lies on grass beside a ball.
                    """)
    void rejects(QualityRule rule, String negative) {
        assertThat(judged(negative)).isEqualTo(rule);
    }

    @Test
    void rejectsWhatWasCutByTheLimit() {
        assertThat(judged("Two white horses stand in a field behind", true, List.of(), List.of()))
                .isEqualTo(QualityRule.CUT_BY_LIMIT);
    }

    @Test
    void rejectsWhatAnotherNegativeSaysAlready() {
        List<String> others = List.of("Two white horses stand in a green field behind a fence.");
        assertThat(judged("Two white horses standing in a field behind the fences.", false, others, List.of()))
                .isNull();
        assertThat(judged("Behind a fence two white horses stand in a green field.", false, others, List.of()))
                .isEqualTo(QualityRule.NEAR_DUPLICATE);
        assertThat(judged("Two black horses stand in a green field behind a fence.", false, others, List.of()))
                .as("another error")
                .isNull();
    }

    @Test
    void rejectsWhatIsKnownToBeTrue() {
        String negative = "A happy puppy with its toy in a garden.";
        assertThat(judged(negative)).isNull();
        assertThat(judged(negative, false, List.of(), List.of("In the garden a happy puppy plays; its toy is red.")))
                .as("known words in another order may be an error")
                .isNull();
        assertThat(judged(
                        negative,
                        false,
                        List.of(),
                        List.of("A very happy puppy plays with its favourite toy in the garden")))
                .isEqualTo(QualityRule.NOT_WRONG);
        QualityControl alone = new QualityControl(rules(EnumSet.of(QualityRule.NOT_WRONG)));
        assertThat(alone.judge("A dog.", false, new Against(PROMPT, "puppy", List.of(), List.of("dog"))))
                .map(Rejection::rule)
                .contains(QualityRule.NOT_WRONG);
    }

    @ParameterizedTest
    @EnumSource(QualityRule.class)
    void looksAtNoRuleThatIsOff(QualityRule rule) {
        EnumSet<QualityRule> others = EnumSet.complementOf(EnumSet.of(rule));
        for (String negative : List.of(
                "I'm sorry, but I can not see any picture in here.",
                "A cat.",
                "一只棕色的狗躺在红色的球旁边",
                "A cat and a cat and a cat and a cat and a cat and")) {
            Optional<Rejection> judged = new QualityControl(rules(others))
                    .judge(negative, true, new Against(PROMPT, POSITIVE, List.of(), List.of()));
            assertThat(judged.map(Rejection::rule)).isNotEqualTo(Optional.of(rule));
        }
    }

    @Test
    void seesCirclesOfAnyLength() {
        assertThat(QualityControl.goesInCircles(Words.of("no no no no"))).isTrue();
        assertThat(QualityControl.goesInCircles(Words.of("no no no"))).isFalse();
        assertThat(QualityControl.goesInCircles(
                        Words.of("the sky is blue. ".repeat(2) + "the sea is blue. ".repeat(2) + "the sky is blue")))
                .isTrue();
        assertThat(
                        QualityControl.goesInCircles(
                                Words.of(
                                        "a man walks a dog, a woman walks a dog, and a child on a bench eats ice while a bird looks on")))
                .isFalse();
    }

    @Test
    void countsHanCharactersAsWords() {
        assertThat(ContentWords.of("一只红色的球")).containsExactly("只", "红", "色", "球");
    }

    @Test
    void refusesRulesThatMakeNoSense() {
        assertThatThrownBy(() -> new QualityRules(Set.of(), List.of(), 0, 2, 0.8, 1))
                .hasMessageContaining("least length");
        assertThatThrownBy(() -> new QualityRules(Set.of(), List.of("("), 0.5, 2, 0.8, 1))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
