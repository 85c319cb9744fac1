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
     * @param labels classes of the picture, empty where none is known
     * @param embedding of the response; all of one length
     */
    @SuppressWarnings("ArrayRecordComponent")
    public record Candidate(
            String id, String imageId, String kind, List<Integer> labels, String response, float[] embedding)
            implements Serializable {
        /** Of a picture whose class is not known. */
        public Candidate(String id, String imageId, String kind, String response, float[] embedding) {
            this(id, imageId, kind, List.of(), response, embedding);
        }

        public Candidate {
            labels = List.copyOf(labels);
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
    private final MatchRule rule;
    private final int dimensions;

    /** Any response of the same kind about another picture may be a negative. */
    public RetrievedNegative(List<Candidate> candidates) {
        this(candidates, MatchRule.ANY);
    }

    /** @throws IllegalArgumentException if an id occurs twice or the embeddings differ in length */
    public RetrievedNegative(List<Candidate> candidates, MatchRule rule) {
        this.rule = rule;
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
     * The candidate of the query's kind with the highest similarity whose picture is another, whose response differs after
     * {@link #normalised(String)} and which the rule allows; among equals the one with the lowest id. Empty if there is none.
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
        return negativesFor(List.of(query), count).get(0);
    }

    /**
     * {@link #negativesFor(Candidate, int)} of many queries: what is read of the candidates serves all of them, which is several
     * times as fast as one by one.
     *
     * @return one list a query, in their order
     */
    public List<List<Match>> negativesFor(List<Candidate> queries, int count) {
        List<Search> searches = new ArrayList<>();
        for (Candidate query : queries) {
            Pool pool = pools.get(query.kind);
            if (pool != null) {
                checkLength(query);
            }
            searches.add(new Search(query, normalised(query.response), pool, new BestMatches<>(count)));
        }
        float[] similarities = new float[BLOCK];
        int blocks = pools.values().stream()
                .mapToInt(pool -> pool.blocks.size())
                .max()
                .orElse(0);
        for (int block = 0; block < blocks; block++) {
            for (Search search : searches) {
                if (search.pool != null && block < search.pool.blocks.size()) {
                    multiply(search.query.embedding, search.pool.blocks.get(block), similarities);
                    offer(search, block * BLOCK, similarities);
                }
            }
        }
        return searches.stream().map(search -> search.best.values()).toList();
    }

    /** @param pool null where no candidate is of the query's kind */
    private record Search(Candidate query, String text, Pool pool, BestMatches<Match> best) {}

    private void offer(Search search, int first, float[] similarities) {
        List<Candidate> candidates = search.pool.candidates;
        int last = Math.min(first + BLOCK, candidates.size());
        for (int i = first; i < last; i++) {
            float similarity = similarities[i - first];
            if (!rule.inWindow(similarity) || !search.best.mayTake(similarity)) {
                continue;
            }
            Candidate candidate = candidates.get(i);
            String its = search.pool.texts.get(i);
            if (rule.allows(search.query, candidate) && !its.equals(search.text)) {
                search.best.offer(candidate.id, its, similarity, new Match(candidate, similarity));
            }
        }
    }

    /** Four rows at once, so that sums are loaded and stored a quarter as often; the order of the additions stays. */
    private static void multiply(float[] query, float[] block, float[] out) {
        Arrays.fill(out, 0);
        int k = 0;
        for (; k + 3 < query.length; k += 4) {
            float first = query[k];
            float second = query[k + 1];
            float third = query[k + 2];
            float fourth = query[k + 3];
            int row = k * BLOCK;
            for (int i = 0; i < BLOCK; i++) {
                out[i] = out[i]
                        + first * block[row + i]
                        + second * block[row + BLOCK + i]
                        + third * block[row + 2 * BLOCK + i]
                        + fourth * block[row + 3 * BLOCK + i];
            }
        }
        for (; k < query.length; k++) {
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
