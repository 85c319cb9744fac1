package org.ballast.core.negative;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Prompts of error injection, and what comes back. */
class InjectionTest {
    private static final InjectionPrompts PROMPTS = new InjectionPrompts(
            List.of("describe"), "D {response}", "描 {response}", "Q {prompt} A {response}", "问 {prompt} 答 {response}");

    @Test
    void choosesByKindAndLanguage() {
        assertThat(PROMPTS.of("describe", "<image>\nDescribe.", "A red ball.")).isEqualTo("D A red ball.");
        assertThat(PROMPTS.of("describe", "<image>\n描述。", "一个红色的球。")).isEqualTo("描 一个红色的球。");
        assertThat(PROMPTS.of(null, "<image>\nWhat is it?", "A ball.")).isEqualTo("Q What is it? A A ball.");
        assertThat(PROMPTS.of("question", "是什么？", "球")).isEqualTo("问 是什么？ 答 球");
    }

    @Test
    void leavesMarksInTheDataAlone() {
        assertThat(PROMPTS.of("question", "say {response}", "{prompt}")).isEqualTo("Q say {response} A {prompt}");
    }

    @Test
    void needsThePlaceOfTheResponse() {
        assertThatThrownBy(() -> new InjectionPrompts(List.of(), "D", "{response}", "{response}", "{response}"))
                .hasMessageContaining("{response}");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "{\"response\": \"A blue ball.\", \"changed\": \"colour\"} | A blue ball.",
                "```json\\n{\"response\": \"A blue ball.\"}\\n``` | A blue ball.",
                "Sure! {\"response\": \"A blue ball.\"} | A blue ball.",
                "A blue ball. | A blue ball.",
                "\"A blue ball.\" | A blue ball.",
                "Response: A blue ball. | A blue ball.",
                "Here is the rewritten response:\\n\"A blue ball.\" | A blue ball.",
                "The rewritten description is:\\n\"A blue ball.\" | A blue ball.",
                "The rewritten description is \"A blue ball.\" | A blue ball.",
                "The rewritten description is wrong. | The rewritten description is wrong.",
                "{\"response\": \"the rewritten description: A blue ball.\"} | A blue ball.",
                "回答：一个蓝色的球。 | 一个蓝色的球。",
                "\"A\" and \"B\" | \"A\" and \"B\"",
                "A set {1, 2} of balls. | A set {1, 2} of balls."
            })
    void readsRepliesOfManyForms(String reply, String expected) {
        assertThat(InjectedNegative.parse(reply.replace("\\n", "\n"))).isEqualTo(expected);
    }

    @Test
    void knowsItsOwnWords() {
        String example = "Correct answer: No\nWrong answer: Yes\n{response}\n{\"response\": \"the wrong answer\"}";
        String told = "Write another answer that is wrong. Keep the form. {response}";
        var prompts = new InjectionPrompts(List.of(), example, "请写出另一个答案 {response}", told, "{response}“错误的答案”");
        assertThat(prompts.isRepeated("the wrong answer")).isTrue();
        assertThat(prompts.isRepeated("The wrong answer.")).isTrue();
        assertThat(prompts.isRepeated("the wrong answer is here")).isFalse();
        assertThat(prompts.isRepeated("Yes")).isFalse();
        assertThat(prompts.isRepeated("")).isFalse();
        assertThat(prompts.isRepeated("write another answer, that is: wrong")).isTrue();
        assertThat(prompts.isRepeated("Keep the form.")).isFalse();
        assertThat(prompts.isRepeated("Write another answer that is right")).isFalse();
        assertThat(prompts.isRepeated("写出另一个答案。")).isTrue();
    }

    @Test
    void trustsNoHalfObject() {
        assertThat(InjectedNegative.parse("{\"response\": \"A blue ba")).isEmpty();
        assertThat(InjectedNegative.parse("{\"answer\": \"A blue ball.\"}")).isEmpty();
        assertThat(InjectedNegative.parse("{\"response\": 3}")).isEmpty();
    }
}
