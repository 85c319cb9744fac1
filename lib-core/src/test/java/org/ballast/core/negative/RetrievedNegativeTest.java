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
    void manyQueriesAtOnceGiveWhatEachGivesAlone() {
        var random = new Random(5);
        List<Candidate> candidates = drawn(random, 400, 8);
        var index = new RetrievedNegative(candidates);
        List<List<Match>> together = index.negativesFor(candidates, 3);
        for (int i = 0; i < candidates.size(); i++) {
            assertThat(together.get(i)).isEqualTo(index.negativesFor(candidates.get(i), 3));
        }
        assertThat(index.negativesFor(List.of(), 3)).isEmpty();
    }

    @Test
    void anotherClassIsAskedForWhereBothAreKnown() {
        Candidate query = new Candidate("q", "i0", "describe", List.of(3, 7), "A sparrow.", new float[] {1, 0});
        Candidate same = new Candidate("a", "i1", "describe", List.of(7), "Sparrows.", new float[] {1, 0});
        Candidate other = new Candidate("b", "i2", "describe", List.of(4), "A finch.", new float[] {.8f, .6f});
        Candidate unknown = new Candidate("c", "i3", "describe", List.of(), "A bird.", new float[] {.9f, .4f});
        List<Candidate> all = List.of(query, same, other, unknown);
        var strict = new RetrievedNegative(all, new MatchRule(true, -1, 1));
        assertThat(ids(strict.negativesFor(query, 3))).containsExactly("c", "b");
        assertThat(ids(strict.negativesFor(unknown, 3))).containsExactly("b", "a", "q");
        assertThat(ids(new RetrievedNegative(all).negativesFor(query, 3))).containsExactly("a", "c", "b");
    }

    @Test
    void similaritiesLieInTheWindow() {
        Candidate query = candidate("q", "i0", "k", "words", 1, 0);
        List<Candidate> all = List.of(
                candidate("a", "i1", "k", "same", 1.0000001f, 0),
                candidate("b", "i2", "k", "close", .9f, .1f),
                candidate("c", "i3", "k", "near", .6f, .4f),
                candidate("d", "i4", "k", "far", -1, 0),
                candidate("e", "i5", "k", "nothing", Float.NaN, 0));
        assertThat(ids(new RetrievedNegative(all, new MatchRule(false, .5, .95)).negativesFor(query, 5)))
                .containsExactly("b", "c");
        assertThat(ids(new RetrievedNegative(all).negativesFor(query, 5))).containsExactly("a", "b", "c", "d");
        assertThatThrownBy(() -> new MatchRule(false, .5, .5)).hasMessageContaining("was 0.5 .. 0.5");
        assertThatThrownBy(() -> new MatchRule(false, -1.5, 1)).hasMessageContaining("-1 <= least");
    }

    @Test
    void bestOfPartsOfferedAgainAreTheBestOfAll() {
        var random = new Random(6);
        List<Candidate> candidates = drawn(random, 300, 4);
        var whole = new RetrievedNegative(candidates);
        for (Candidate query : candidates.subList(0, 50)) {
            BestMatches<Match> merged = new BestMatches<>(4);
            List<Match> parts = new ArrayList<>();
            for (int i = 0; i < 300; i += 100) {
                parts.addAll(new RetrievedNegative(candidates.subList(i, i + 100)).negativesFor(query, 4));
            }
            Collections.shuffle(parts, random);
            parts.forEach(match -> merged.offer(
                    match.candidate().id(),
                    RetrievedNegative.normalised(match.candidate().response()),
                    match.similarity(),
                    match));
            assertThat(merged.values()).isEqualTo(whole.negativesFor(query, 4));
        }
    }

    private static List<Candidate> drawn(Random random, int count, int dimensions) {
        List<Candidate> candidates = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            float[] embedding = new float[dimensions];
            for (int k = 0; k < dimensions; k++) {
                embedding[k] = random.nextInt(7) - 3;
            }
            candidates.add(candidate(
                    "c" + i,
                    "image" + random.nextInt(60),
                    "k" + random.nextInt(2),
                    "t" + random.nextInt(90),
                    embedding));
        }
        return candidates;
    }

    private static List<String> ids(List<Match> matches) {
        return matches.stream().map(match -> match.candidate().id()).toList();
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
