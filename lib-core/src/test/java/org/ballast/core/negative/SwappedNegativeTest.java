package org.ballast.core.negative;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.ballast.core.negative.SwappedNegative.Change;
import org.ballast.core.negative.SwappedNegative.Swap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SwappedNegativeTest {
    private static final SwapLexicon BUILT_IN = SwapLexicon.builtIn();
    private static final Set<SwapCategory> ALL = EnumSet.allOf(SwapCategory.class);
    private static final SwappedNegative ONE = new SwappedNegative(BUILT_IN, ALL, 1);

    private static SwappedNegative of(String lexicon, int changes) {
        return new SwappedNegative(SwapLexiconTest.lexicon(lexicon), ALL, changes);
    }

    /** All that the policy makes of the response, by ordinal. */
    private static List<Swap> swaps(SwappedNegative negative, String response) {
        List<Swap> swaps = new ArrayList<>();
        Optional<Swap> swap = negative.swap(response, 7, "item", 0);
        while (swap.isPresent()) {
            swaps.add(swap.get());
            swap = negative.swap(response, 7, "item", swaps.size());
        }
        return swaps;
    }

    private static List<String> texts(SwappedNegative negative, String response) {
        return swaps(negative, response).stream().map(Swap::text).toList();
    }

    /** With every word of a side that may be drawn. */
    private static Set<Swap> ofManySeeds(SwappedNegative negative, String response) {
        Set<Swap> swaps = new HashSet<>();
        for (int seed = 0; seed < 40; seed++) {
            for (int ordinal = 0; ordinal < 10; ordinal++) {
                negative.swap(response, seed, "item", ordinal).ifPresent(swaps::add);
            }
        }
        return swaps;
    }

    private static Set<String> swapped(String response) {
        Set<String> words = new TreeSet<>();
        swaps(ONE, response).forEach(swap -> swap.changes().forEach(change -> words.add(change.from())));
        return words;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
            ATTRIBUTE | The biggest dog sleeps.                 | The smallest dog sleeps.
            ATTRIBUTE | A tall man smiles.                      | A short man smiles.
            ATTRIBUTE | An elderly woman smiles.                | A young woman smiles.
            ATTRIBUTE | The old man's hat                       | The young man's hat
            COLOR     | A glass of red wine                     | A glass of white wine
            ATTRIBUTE | A boy with curly hair.                  | A boy with straight hair.
            ATTRIBUTE | a square table                          | a triangular table
            ATTRIBUTE | ear: medium-light skin tone             | ear: dark skin tone
            ATTRIBUTE | A dog runs on a sunny day.              | A dog runs on a snowy day.
            COLOR     | The sky is blue.                        | The sky is green.
            COLOR     | A man in a red shirt                    | A man in an orange shirt
            COLOR     | an orange truck                         | a red truck
            COLOR     | A light blue shirt                      | A light pink shirt
            COLOR     | Red roses.                              | Blue roses.
            COLOR     | A dog. Red roses.                       | A dog. Blue roses.
            COUNT     | Two dogs run.                           | Three dogs run.
            COUNT     | I see 2 dogs.                           | I see 10 dogs.
            COUNT     | 3.                                      | 4.
            POSITION  | Left.                                   | Right.
            COUNT     | TWO DOGS RUN.                           | FIVE DOGS RUN.
            POSITION  | A cup is on the left.                   | A cup is on the right.
            POSITION  | A cup to the left of the plate          | A cup to the right of the plate
            POSITION  | It stands on the left side.             | It stands on the right side.
            POSITION  | He waves his right hand.                | He waves his left hand.
            POSITION  | A cat in front of a house               | A cat behind a house
            POSITION  | A cat sleeps under the bed.             | A cat sleeps on top of the bed.
            POSITION  | A lamp above a sofa                     | A lamp below a sofa
            POSITION  | A cat sits next to a dog.               | A cat sits far from a dog.
            POSITION  | The dog is inside the house.            | The dog is outside the house.
            POSITION  | A cup on a table                        | A cup under a table
            POSITION  | No, the picture shows an up arrow.      | No, the picture shows a down arrow.
            """)
    void exchangesWordsOfACategory(SwapCategory category, String response, String expected) {
        Set<Swap> swaps = ofManySeeds(new SwappedNegative(BUILT_IN, Set.of(category), 1), response);
        assertThat(swaps).extracting(Swap::text).contains(expected);
        assertThat(swaps).allSatisfy(swap -> assertThat(swap.changes())
                .hasSize(1)
                .allSatisfy(change -> assertThat(change.category()).isEqualTo(category)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "The Red Cross truck is parked.",
                "Red Cross trucks are parked.",
                "Green Day fans, of whom many sing.",
                "A RED car and a Blue one",
                "A red-haired woman in a two-story house",
                "two- or more",
                "She left the room and turned on the TV.",
                "What is left of the cake is gone.",
                "You are right, that is the right answer.",
                "one cat, a single dog, 1 of them",
                "10,000 people, 2.5 meters, $5, 5%, #2, 2/3, 2nd, 2020",
                "2. A cat.\n3) A dog.",
                "twenty two, number five, page 3, two thirds",
                "An orange and a banana",
                "orange juice, a hot dog, a black and white photo",
                "a traffic light with a light bulb",
                "a girl is a little tired",
                "a black man's hat",
                "a black man, a white woman",
                "he is on the phone, on the other hand",
                "The store is open; the door is closed.",
                "十二个苹果，黑白照片，第三个，晚上面对大海",
                "",
                " \n "
            })
    void leavesAlone(String response) {
        assertThat(texts(ONE, response)).isEmpty();
    }

    @Test
    void takesOneLongPhraseForTheShortOnesInIt() {
        assertThat(swapped("the box on top of the left shelf")).containsExactly("on top of");
        assertThat(swapped("a box on the left side")).containsExactly("on the left");
    }

    @Test
    void aPhraseOfAnotherCategoryStillCounts() {
        var positions = new SwappedNegative(BUILT_IN, Set.of(SwapCategory.POSITION), 1);
        assertThat(texts(positions, "A dog runs on a sunny day.")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "a red car,an orange car",
        "A red car,An orange car",
        "A RED CAR,AN ORANGE CAR",
        "an orange car,a red car",
        "An orange car,A red car",
        "AN ORANGE CAR,A RED CAR",
        "a very red car,a very orange car",
        "a (red) car,a (orange) car",
        "A  red car,An  orange car"
    })
    void correctsTheArticleRightBefore(String response, String expected) {
        assertThat(texts(of("[color]\nred | orange", 1), response)).containsExactly(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "orange,true",
        "uniform,false",
        "unlit,true",
        "unripe,true",
        "one-eyed,false",
        "hour,true",
        "8,true",
        "11,true",
        "2,false",
        "used,false",
        "ugly,true",
        "house,false",
        "European,false"
    })
    void knowsWhichArticleAWordTakes(String word, boolean an) {
        assertThat(Article.takesAn(word)).isEqualTo(an);
    }

    @Test
    void reportsTheChange() {
        assertThat(of("[color]\nred | orange", 1).swap("A shirt. A red car.", 1, "i", 0))
                .hasValue(new Swap(
                        "A shirt. An orange car.", List.of(new Change("red", "orange", SwapCategory.COLOR, 11))));
    }

    @Test
    void bringsInNoWordThatIsThereAlready() {
        String lexicon = "[color]\nred | blue | gray, grey | pink";
        assertThat(texts(of(lexicon, 1), "a red car and a grey, not Blue, dog"))
                .containsExactlyInAnyOrder(
                        "a pink car and a grey, not Blue, dog", "a red car and a pink, not Blue, dog");
        assertThat(texts(of(lexicon, 1), "red and blue and gray and pink")).isEmpty();
    }

    @Test
    void replacesByWhatOnlyReplacesButNeverReplacesIt() {
        assertThat(texts(of("[color]\nred | >scarlet", 1), "a red car")).containsExactly("a scarlet car");
        assertThat(texts(of("[color]\nred | >scarlet", 1), "a scarlet car")).isEmpty();
    }

    @Test
    void makesSeveralChangesThatDiffer() {
        var three = new SwappedNegative(BUILT_IN, ALL, 3);
        assertThat(swaps(three, "Two red cars, 3 blue bikes and a small green house on the left."))
                .isNotEmpty()
                .allSatisfy(swap -> {
                    assertThat(swap.changes()).hasSize(3);
                    assertThat(swap.changes()).extracting(Change::to).doesNotHaveDuplicates();
                    assertThat(swap.changes()).extracting(Change::offset).isSorted();
                });
        assertThat(of("[color]\nred | blue\n[count]\ntwo | three", 5).swap("two red cars", 1, "i", 0))
                .hasValueSatisfying(swap -> assertThat(swap.text()).isEqualTo("three blue cars"));
        assertThat(texts(of("[color]\nred | blue\n[count]\ntwo | three", 2), "two red cars"))
                .containsExactly("three blue cars");
    }

    @Test
    void isAFunctionOfSeedIdAndOrdinal() throws Exception {
        String response = "Two red cars in front of a small wooden house, three dogs on the left.";
        var again = copy(ONE);
        Set<String> bySeed = new HashSet<>();
        Set<String> byId = new HashSet<>();
        for (int i = 0; i < 50; i++) {
            assertThat(again.swap(response, i, "id", i % 5)).isEqualTo(ONE.swap(response, i, "id", i % 5));
            bySeed.add(ONE.swap(response, i, "id", 0).orElseThrow().text());
            byId.add(ONE.swap(response, 1, "id" + i, 0).orElseThrow().text());
        }
        assertThat(bySeed).hasSizeGreaterThan(10);
        assertThat(byId).hasSizeGreaterThan(10);
    }

    private static SwappedNegative copy(SwappedNegative negative) throws Exception {
        var bytes = new ByteArrayOutputStream();
        try (var out = new ObjectOutputStream(bytes)) {
            out.writeObject(negative);
        }
        try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            return (SwappedNegative) in.readObject();
        }
    }

    @Test
    void ordinalsDifferAndVisitEveryWordFirst() {
        String response = "Two red cars in front of a wooden house.";
        List<Swap> swaps = swaps(ONE, response);
        assertThat(swaps).extracting(Swap::text).doesNotHaveDuplicates().hasSizeGreaterThan(15);
        assertThat(swaps.subList(0, 4))
                .extracting(swap -> swap.changes().get(0).from())
                .containsExactlyInAnyOrder("Two", "red", "in front of", "wooden");
        assertThat(ONE.swap(response, 7, "item", swaps.size() + 5)).isEmpty();
    }

    @Test
    void rejectsWhatCannotBe() {
        assertThatThrownBy(() -> new SwappedNegative(BUILT_IN, Set.of(), 1)).hasMessageContaining("no category");
        assertThatThrownBy(() -> new SwappedNegative(BUILT_IN, ALL, 0)).hasMessageContaining("not 0");
        assertThatThrownBy(() -> ONE.swap("a red car", 1, "i", -1)).hasMessageContaining("not -1");
    }

    @ParameterizedTest
    @CsvSource({
        "一只红色的猫坐在桌子的左边。,一只蓝色的猫坐在桌子的左边。",
        "一只红色的猫坐在桌子的左边。,一只红色的猫坐在桌子的右边。",
        "两个人在房子前面。,三个人在房子前面。",
        "两个人在房子前面。,两个人在房子后面。",
        "一位年轻的女人,一位年老的女人"
    })
    void exchangesChineseWords(String response, String expected) {
        assertThat(ofManySeeds(ONE, response)).extracting(Swap::text).contains(expected);
    }

    @Test
    void changesNothingButWhatItReports() throws Exception {
        Random random = new Random(11);
        List<String> words = SwapLexiconTest.builtIn().stream()
                .map(entry -> entry.form().text())
                .toList();
        List<String> fillers = List.of(
                "a", "an", "the", "A", "dog", "house", "with", "and", "is", "hair", "man", "skin", "Cross", "left",
                "😀", "2.5", "é", "table", "in");
        List<String> gaps = List.of(" ", " ", " ", " ", " ", " ", ", ", ". ", "\n", "  ", "-", " (");
        int found = 0;
        for (int i = 0; i < 3000; i++) {
            StringBuilder text = new StringBuilder();
            for (int k = random.nextInt(12) + 1; k > 0; k--) {
                List<String> from = random.nextBoolean() ? words : fillers;
                text.append(from.get(random.nextInt(from.size()))).append(gaps.get(random.nextInt(gaps.size())));
            }
            String response = i % 10 == 0 ? text.toString().toUpperCase(Locale.ROOT) : text.toString();
            var negative = new SwappedNegative(BUILT_IN, ALL, 1 + i % 3);
            Optional<Swap> swap = negative.swap(response, 1, "item" + i, i % 4);
            if (swap.isPresent()) {
                found++;
                assertOnlyChanged(response, swap.get());
            }
        }
        assertThat(found).isGreaterThan(1500);
    }

    private static void assertOnlyChanged(String response, Swap swap) {
        assertThat(RetrievedNegative.normalised(swap.text())).isNotEqualTo(RetrievedNegative.normalised(response));
        StringBuilder expected = new StringBuilder();
        int done = 0;
        for (Change change : swap.changes()) {
            assertThat(response).startsWith(response.substring(0, change.offset()) + change.from());
            expected.append(pattern(response.substring(done, change.offset()))).append(Pattern.quote(change.to()));
            done = change.offset() + change.from().length();
        }
        expected.append(Pattern.quote(response.substring(done)));
        assertThat(swap.text()).matches(Pattern.compile(expected.toString()));
    }

    /** What stands before a change, with either article where it ends with one. */
    private static String pattern(String before) {
        Matcher article =
                Pattern.compile("(?<![\\p{L}\\p{N}])([aA])[nN]?(\\s+)$").matcher(before);
        return article.find()
                ? Pattern.quote(before.substring(0, article.start()))
                        + article.group(1)
                        + "[nN]?"
                        + Pattern.quote(article.group(2))
                : Pattern.quote(before);
    }
}
