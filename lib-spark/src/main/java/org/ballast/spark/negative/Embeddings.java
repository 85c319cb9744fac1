package org.ballast.spark.negative;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.ballast.core.text.SentenceEncoder;
import org.ballast.spark.train.ExecutorCache;

/** Sentence embeddings of responses, by this JVM's encoder. */
final class Embeddings {
    private static final ExecutorCache<SentenceEncoder> ENCODERS = new ExecutorCache<>(1);

    private Embeddings() {}

    /** Unit vector of a text. */
    static float[] of(String text) {
        try (var lease = encoder()) {
            return lease.value().encode(text);
        }
    }

    /** This JVM's sentence encoder. */
    static ExecutorCache<SentenceEncoder>.Lease encoder() {
        return ENCODERS.lease("", () -> {
            try {
                return new SentenceEncoder();
            } catch (IOException e) {
                throw new UncheckedIOException("cannot open the sentence encoder", e);
            }
        });
    }
}
