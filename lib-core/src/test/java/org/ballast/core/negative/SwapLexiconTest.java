package org.ballast.core.negative;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStreamReader;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SwapLexiconTest {

    static SwapLexicon lexicon(String text) {
        try {
            return SwapLexicon.read("my.txt", new StringReader(text));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What the built-in lists look for, in the order of the files. */
    static List<SwapLexicon.Entry> builtIn() throws IOException {
        List<SwapLexicon.Entry> entries = new ArrayList<>();
        for (String name : List.of("swap-en.txt", "swap-zh.txt")) {
            try (var in = new InputStreamReader(SwapLexicon.class.getResourceAsStream(name), StandardCharsets.UTF_8)) {
                entries.addAll(new SwapLexiconReader(name).read(in));
            }
        }
        return entries;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            quoteCharacter = '`',
            textBlock =
                    """
            red | blue                              # my.txt:1: "red | blue" stands before the first [category]
            [colour]                                # my.txt:1: "[colour]" is none of [attribute], [color], [count], [position], [keep]
            [color                                  # my.txt:1: "[color" is none of
            [color];red, scarlet                    # my.txt:2: "red, scarlet" has nothing to be exchanged with
            [color];;red | blue | red               # my.txt:3: "red" is twice in one group
            [color];red || blue                     # my.txt:2: "" is no word
            [color];red | ,blue                     # my.txt:2: "" is no word
            [color];red | Blue                      # my.txt:2: "Blue" must be in lower case
            [position];on a | under a               # my.txt:2: "on a" must not end with an article
            [color];red | blue ^ near cars          # my.txt:2: "near cars" must start with before, after
            [color];red | blue ^ not before         # my.txt:2: "not before" must start with before, after
            [color];red | blue ^ before @cars       # my.txt:2: there is no set @cars above
            [color];red | blue ^ before Cars        # my.txt:2: "Cars" must be one word in lower case
            @cars car                               # my.txt:1: a set must look like @name = word word, not "@cars car"
            @cars = car;@cars = bus                 # my.txt:2: the set @cars is there already
            [keep];hot dog                          # my.txt: has no group of words
            """)
    void namesWhatIsWrong(String text, String message) {
        String lines = text.replace(';', '\n').replace('^', ';');
        assertThatThrownBy(() -> lexicon(lines))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(message);
    }

    @Test
    void readsAFile(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(
                directory.resolve("my.txt"),
                """
                \ufeff# cars and buses
                @wheels = car bus

                [color]
                red | blue ; before @wheels ; not after very
                [keep]
                old red car
                """);
        SwapLexicon lexicon = SwapLexicon.read(file);
        var negative = new SwappedNegative(lexicon, Set.of(SwapCategory.COLOR), 1);
        assertThat(negative.swap("a red car", 1, "i", 0)).isPresent();
        assertThat(negative.swap("a red, car", 1, "i", 0)).isEmpty();
        assertThat(negative.swap("a red dog", 1, "i", 0)).isEmpty();
        assertThat(negative.swap("a very red car", 1, "i", 0)).isEmpty();
        assertThat(negative.swap("an old red car", 1, "i", 0)).isEmpty();
        assertThat(lexicon.digest())
                .isEqualTo(lexicon(Files.readString(file)).digest())
                .isNotEqualTo(SwapLexicon.builtIn().digest());
    }

    @Test
    void saysWhichFileIsNotUtf8(@TempDir Path directory) throws IOException {
        Path file = Files.write(directory.resolve("my.txt"), new byte[] {'[', (byte) 0xe9, ']'});
        assertThatThrownBy(() -> SwapLexicon.read(file)).hasMessage(file + ": is not UTF-8");
    }

    @Test
    void everyBuiltInWordWithoutConditionsIsExchanged() throws IOException {
        var negative = new SwappedNegative(SwapLexicon.builtIn(), EnumSet.allOf(SwapCategory.class), 1);
        assertThat(builtIn().stream()
                        .filter(entry -> entry.group() != null
                                && entry.group().conditions().isEmpty())
                        .map(entry -> entry.form().text()))
                .hasSizeGreaterThan(100)
                .allSatisfy(form ->
                        assertThat(negative.swap(form, 1, "i", 0)).as(form).isPresent());
    }
}
