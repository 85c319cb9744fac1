package org.ballast.core.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class SentenceEncoderTest {
    private static SentenceEncoder encoder;

    @BeforeAll
    static void open() throws IOException {
        encoder = new SentenceEncoder();
    }

    @AfterAll
    static void close() {
        encoder.close();
    }

    private static double cosine(String one, String other) {
        float[] a = encoder.encode(one);
        float[] b = encoder.encode(other);
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }

    @Test
    void similarSentencesAreCloserThanOthers() {
        double alike = cosine("A dog runs over the grass.", "A puppy is running on a lawn.");
        double other = cosine("A dog runs over the grass.", "The stock market fell on Monday.");
        assertThat(alike).isGreaterThan(0.6);
        assertThat(other).isLessThan(0.2);
        assertThat(cosine("red heart. Related: love.", "orange heart. Related: love."))
                .isGreaterThan(cosine("red heart. Related: love.", "racing car. Related: vehicle."));
    }

    @Test
    void vectorsAreOfLengthOneAndStayAsTheyAre() {
        float[] vector = encoder.encode("A dog runs over the grass.");
        assertThat(vector).hasSize(SentenceEncoder.DIMENSIONS);
        assertThat(cosine("A dog runs over the grass.", "A dog runs over the grass."))
                .isCloseTo(1, within(1e-6));
        // processors round int8 products differently
        assertThat(Arrays.copyOf(vector, 4))
                .containsExactly(new float[] {0.0093f, 0.0306f, 0.0395f, 0.0272f}, within(1e-2f));
    }

    @Test
    void aVectorDoesNotDependOnItsNeighbours() {
        List<String> texts = List.of("wavy dash.", "A much longer text about a house by the river.", "", "wavy dash.");
        List<float[]> all = encoder.encodeAll(texts);
        assertThat(all).hasSize(4);
        for (int i = 0; i < texts.size(); i++) {
            assertThat(all.get(i)).isEqualTo(encoder.encode(texts.get(i)));
        }
        assertThat(all.get(3)).isSameAs(all.get(0));
        assertThat(encoder.encodeAll(List.of())).isEmpty();
    }

    @Test
    void longTextsAreCutAtTheModelsLimit() {
        // one token a word; 254 fit beside the two special tokens
        assertThat(encoder.encode("house ".repeat(2000))).isEqualTo(encoder.encode("house ".repeat(254)));
        assertThat(encoder.encode("house ".repeat(253))).isNotEqualTo(encoder.encode("house ".repeat(254)));
    }
}
