package org.ballast.core.text;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WordsTest {
    @Test
    void areRunsOfLettersAndDigitsInLowerCase() {
        assertThat(Words.of("Two RED balls, ball-2's (x)!"))
                .containsExactly("two", "red", "balls", "ball", "2", "s", "x");
        assertThat(Words.of(" ... ")).isEmpty();
        assertThat(Words.of("")).isEmpty();
    }

    @Test
    void areSingleHanCharacters() {
        assertThat(Words.of("一只红色的球 ball2")).containsExactly("一", "只", "红", "色", "的", "球", "ball2");
    }

    @Test
    void keepTheirMarks() {
        assertThat(Words.of("cafe\u0301 au lait")).containsExactly("cafe\u0301", "au", "lait");
        assertThat(Words.of("हिन्दी")).containsExactly("हिन्दी");
    }
}
