package org.ballast.core.negative;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Negatives by retrieval: for a response the most similar, yet different response of the same kind about another picture. Similarity is the dot
 * product of the embeddings. Brute force, in blocks; the answer depends on neither the order of the candidates nor that of the queries.
 */
public final class RetrievedNegative {
    private static final int BLOCK = 64;
    private static final Pattern PUNCTUATION = Pattern.compile("\\p{P}+");
    private static final Pattern SPACE = Pattern.compile("\\s+");

    /**
     * A response that may serve as another's negative, or looks for its own.
     *
     * @param id unique among the candidates
     * @param kind what was asked (describe, question ...); null is a kind of its own
     * @param embedding of the response; all of one length
     */
    @SuppressWarnings("ArrayRecordComponent")
    public record Candidate(String id, String imageId, String kind, String response, float[] embedding)
            implements Serializable {
        public Candidate {
            Objects.requireNonNull(id, "id");
            Objects.requireNonNull(imageId, "imageId");
            Objects.requireNonNull(response, "response");
            Objects.requireNonNull(embedding, "embedding");
        }
    }

    /** A negative and its similarity to the response that asked. */
    public record Match(Candidate candidate, float similarity) implements Serializable {}

    /**
     * The candidates of one kind in the order of their ids.
     *
     * @param texts normalised
     * @param blocks each {@code [dimensions, BLOCK]}: one candidate a column
     */
    private record Pool(List<Candidate> candidates, List<String> texts, List<float[]> blocks) {}

    private final Map<String, Pool> pools = new HashMap<>();
    private final int dimensions;

    /** @throws IllegalArgumentException if an id occurs twice or the embeddings differ in length */
    public RetrievedNegative(List<Candidate> candidates) {
        dimensions = candidates.isEmpty() ? 0 : candidates.get(0).embedding.length;
        Set<String> ids = new HashSet<>();
        for (Candidate candidate : candidates) {
            checkLength(candidate);
            if (!ids.add(candidate.id)) {
                throw new IllegalArgumentException("two candidates have the id " + candidate.id);
            }
            pools.computeIfAbsent(
                            candidate.kind, kind -> new Pool(new ArrayList<>(), new ArrayList<>(), new ArrayList<>()))
                    .candidates
                    .add(candidate);
        }
        pools.values().forEach(this::arrange);
    }

    private void arrange(Pool pool) {
        pool.candidates.sort(Comparator.comparing(Candidate::id));
        for (int i = 0; i < pool.candidates.size(); i++) {
            Candidate candidate = pool.candidates.get(i);
            pool.texts.add(normalised(candidate.response));
            if (i % BLOCK == 0) {
                pool.blocks.add(new float[dimensions * BLOCK]);
            }
            float[] block = pool.blocks.get(i / BLOCK);
            for (int k = 0; k < dimensions; k++) {
                block[k * BLOCK + i % BLOCK] = candidate.embedding[k];
            }
        }
    }

    /**
     * The candidate of the query's kind with the highest similarity whose picture is another and whose response differs after
     * {@link #normalised(String)}; among equals the one with the lowest id. Empty if there is none.
     */
    public Optional<Match> negativeFor(Candidate query) {
        return negativesFor(query, 1).stream().findFirst();
    }

    /**
     * The first few of those of {@link #negativeFor}, each saying something else.
     *
     * @param count at most, at least 1
     */
    public List<Match> negativesFor(Candidate query, int count) {
        List<Match> best = new ArrayList<>();
        List<String> said = new ArrayList<>();
        Pool pool = pools.get(query.kind);
        if (pool == null) {
            return best;
        }
        checkLength(query);
        String text = normalised(query.response);
        float[] similarities = new float[BLOCK];
        for (int i = 0; i < pool.candidates.size(); i++) {
            if (i % BLOCK == 0) {
                multiply(query.embedding, pool.blocks.get(i / BLOCK), similarities);
            }
            float similarity = similarities[i % BLOCK];
            if (best.size() == count && !(similarity > best.get(count - 1).similarity)) {
                continue;
            }
            Candidate candidate = pool.candidates.get(i);
            String its = pool.texts.get(i);
            if (candidate.imageId.equals(query.imageId) || its.equals(text)) {
                continue;
            }
            int known = said.indexOf(its);
            if (known >= 0 && !(similarity > best.get(known).similarity)) {
                continue;
            }
            int replaced = known >= 0 ? known : best.size() == count ? count - 1 : -1;
            if (replaced >= 0) {
                best.remove(replaced);
                said.remove(replaced);
            }
            int at = 0;
            while (at < best.size() && !(similarity > best.get(at).similarity)) {
                at++;
            }
            best.add(at, new Match(candidate, similarity));
            said.add(at, its);
        }
        return best;
    }

    private static void multiply(float[] query, float[] block, float[] out) {
        Arrays.fill(out, 0);
        for (int k = 0; k < query.length; k++) {
            float value = query[k];
            int row = k * BLOCK;
            for (int i = 0; i < BLOCK; i++) {
                out[i] += value * block[row + i];
            }
        }
    }

    private void checkLength(Candidate candidate) {
        if (candidate.embedding.length != dimensions) {
            throw new IllegalArgumentException("embedding of " + candidate.id + " has " + candidate.embedding.length
                    + " values, others have " + dimensions);
        }
    }

    /** Lower case, punctuation deleted, white space squeezed. */
    public static String normalised(String response) {
        String bare = PUNCTUATION.matcher(response.toLowerCase(Locale.ROOT)).replaceAll("");
        return SPACE.matcher(bare).replaceAll(" ").strip();
    }
}
