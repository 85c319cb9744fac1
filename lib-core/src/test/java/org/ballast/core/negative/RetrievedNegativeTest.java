package org.ballast.core.negative;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.ballast.core.negative.RetrievedNegative.Candidate;
import org.ballast.core.negative.RetrievedNegative.Match;
import org.junit.jupiter.api.Test;

class RetrievedNegativeTest {

    private static Candidate candidate(String id, String image, String kind, String response, float... embedding) {
        return new Candidate(id, image, kind, response, embedding);
    }

    @Test
    void takesTheMostSimilarOfTheSameKindAboutAnotherPicture() {
        Candidate query = candidate("q", "i0", "describe", "A red heart.", 1, 0);
        var index = new RetrievedNegative(List.of(
                query,
                candidate("a", "i0", "describe", "A heart in red.", 1, 0), // the same picture
                candidate("b", "i1", "describe", "a RED heart", 1, 0), // the same words
                candidate("c", "i1", "question", "An orange heart.", 1, 0), // another kind
                candidate("d", "i2", "describe", "A blue heart.", .9f, .1f),
                candidate("e", "i3", "describe", "A racing car.", .1f, .9f)));
        assertThat(index.negativeFor(query)).hasValueSatisfying(match -> {
            assertThat(match.candidate().id()).isEqualTo("d");
            assertThat(match.similarity()).isEqualTo(.9f);
        });
    }

    @Test
    void givesTheFirstFewWithoutRepeatingItself() {
        var random = new Random(4);
        List<Candidate> candidates = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            candidates.add(candidate(
                    "c%03d".formatted(i),
                    "image" + random.nextInt(50),
                    "kind",
                    "text " + random.nextInt(40),
                    random.nextInt(20) / 20f,
                    random.nextInt(20) / 20f));
        }
        var index = new RetrievedNegative(candidates);
        for (Candidate query : candidates.subList(0, 60)) {
            List<Candidate> expected = new ArrayList<>();
            List<Candidate> left = new ArrayList<>(candidates);
            for (int i = 0; i < 5; i++) {
                Candidate next = plain(left, query);
                expected.add(next);
                left.removeIf(candidate -> candidate.response().equals(next.response()));
            }
            assertThat(index.negativesFor(query, 5))
                    .extracting(RetrievedNegative.Match::candidate)
                    .isEqualTo(expected);
        }
    }

    @Test
    void amongEqualsTheLowestIdWins() {
        List<Candidate> candidates = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            candidates.add(candidate("id%03d".formatted(i), "image" + i, null, "text " + i, .5f, .5f));
        }
        Candidate query = candidate("q", "image0", null, "text 1", 1, 1);
        Collections.shuffle(candidates, new Random(1));
        assertThat(new RetrievedNegative(candidates).negativeFor(query))
                .hasValueSatisfying(match -> assertThat(match.candidate().id()).isEqualTo("id002"));
    }

    @Test
    void equalsThePlainSearchInAnyOrder() {
        var random = new Random(3);
        List<Candidate> candidates = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            float[] embedding = new float[24];
            for (int k = 0; k < embedding.length; k++) {
                embedding[k] = (float) random.nextGaussian();
            }
            candidates.add(candidate(
                    "c" + i,
                    "image" + random.nextInt(120),
                    "kind" + random.nextInt(3),
                    "text " + random.nextInt(60),
                    embedding));
        }
        List<Candidate> shuffled = new ArrayList<>(candidates);
        Collections.shuffle(shuffled, random);
        var index = new RetrievedNegative(candidates);
        var other = new RetrievedNegative(shuffled);
        for (Candidate query : candidates) {
            Match match = index.negativeFor(query).orElseThrow();
            assertThat(match.candidate()).isSameAs(plain(candidates, query));
            assertThat(other.negativeFor(query)).hasValue(match);
        }
    }

    private static Candidate plain(List<Candidate> candidates, Candidate query) {
        Candidate best = null;
        float highest = Float.NEGATIVE_INFINITY;
        for (Candidate candidate : candidates) {
            float dot = 0;
            for (int k = 0; k < query.embedding().length; k++) {
                dot += query.embedding()[k] * candidate.embedding()[k];
            }
            boolean allowed = candidate.kind().equals(query.kind())
                    && !candidate.imageId().equals(query.imageId())
                    && !candidate.response().equals(query.response());
            if (allowed && dot > highest) {
                best = candidate;
                highest = dot;
            }
        }
        return best;
    }

    @Test
    void thereMayBeNone() {
        Candidate only = candidate("a", "i", "describe", "text", 1, 0);
        var index = new RetrievedNegative(List.of(only));
        assertThat(index.negativeFor(only)).isEqualTo(Optional.empty());
        assertThat(index.negativeFor(candidate("b", "j", "other", "words", 1, 0)))
                .isEmpty();
        assertThat(new RetrievedNegative(List.of()).negativeFor(only)).isEmpty();
    }

    @Test
    void refusesDoubleIdsAndUnequalLengths() {
        Candidate one = candidate("a", "i", "describe", "text", 1, 0);
        assertThatThrownBy(() -> new RetrievedNegative(List.of(one, one))).hasMessageContaining("the id a");
        Candidate three = candidate("b", "i", "describe", "text", 1, 0, 0);
        assertThatThrownBy(() -> new RetrievedNegative(List.of(one, three)))
                .hasMessage("embedding of b has 3 values, others have 2");
        assertThatThrownBy(() -> new RetrievedNegative(List.of(one)).negativeFor(three))
                .hasMessageContaining("b has 3 values");
    }

    @Test
    void normalisesCasePunctuationAndSpace() {
        assertThat(RetrievedNegative.normalised("  Keycap: #.\n \u201cSecret\u201d  BUTTON! "))
                .isEqualTo("keycap secret button");
        assertThat(RetrievedNegative.normalised("...")).isEmpty();
    }
}
