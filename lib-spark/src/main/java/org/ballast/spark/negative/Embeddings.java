package org.ballast.spark.negative;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.ballast.core.data.Prompt;
import org.ballast.core.negative.RetrievedNegative.Candidate;
import org.ballast.core.text.SentenceEncoder;
import org.ballast.spark.train.ExecutorCache;

/** Sentence embeddings of responses, by this JVM's encoder. */
final class Embeddings {
    private static final ExecutorCache<SentenceEncoder> ENCODERS = new ExecutorCache<>(1);

    private Embeddings() {}

    /** Candidates of rows with {@code prompt_id}, {@code image_id}, {@code kind} and {@code response}. */
    static Iterator<Candidate> of(Iterator<Row> rows) {
        List<Candidate> candidates = new ArrayList<>();
        // the sample's responses repeat; so do short answers everywhere
        Map<String, float[]> known = new HashMap<>();
        try (var lease = encoder()) {
            SentenceEncoder encoder = lease.value();
            rows.forEachRemaining(row -> {
                String response = row.getAs("response");
                candidates.add(new Candidate(
                        row.getAs("prompt_id"),
                        row.getAs("image_id"),
                        row.getAs("kind"),
                        response,
                        known.computeIfAbsent(response, encoder::encode)));
            });
        }
        return candidates.iterator();
    }

    /** A prompt whose response is not among the candidates. */
    static Candidate query(Prompt prompt, String response) {
        return new Candidate(prompt.promptId(), prompt.imageId(), prompt.kind(), response, of(response));
    }

    /** Unit vector of a text. */
    static float[] of(String text) {
        try (var lease = encoder()) {
            return lease.value().encode(text);
        }
    }

    private static ExecutorCache<SentenceEncoder>.Lease encoder() {
        return ENCODERS.lease("", () -> {
            try {
                return new SentenceEncoder();
            } catch (IOException e) {
                throw new UncheckedIOException("cannot open the sentence encoder", e);
            }
        });
    }
}
