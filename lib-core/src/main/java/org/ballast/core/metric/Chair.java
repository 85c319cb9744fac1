package org.ballast.core.metric;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * CHAIR: hallucinated objects in captions. A mention is hallucinated if its object is not in the picture. A share
 * without a denominator is null.
 *
 * @param captions number of captions, those that mention nothing too
 * @param mentions mentions of objects, repeated ones counted
 * @param hallucinated hallucinated ones among them
 * @param chairS captions with at least one hallucination / all captions
 * @param chairI hallucinated / all mentions, as the original code counts
 * @param chairIDistinctObjects the same with each object counted once a caption
 * @param recall distinct true objects mentioned / distinct true objects
 */
public record Chair(
        int captions,
        int mentions,
        int hallucinated,
        double chairS,
        Double chairI,
        Double chairIDistinctObjects,
        Double recall) {

    /** A caption and the objects that its picture shows. */
    public record Caption(String text, Set<String> groundTruth) {
        public Caption {
            groundTruth = Set.copyOf(groundTruth);
        }
    }

    /**
     * Counts over captions.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Chair of(ObjectVocabulary vocabulary, List<Caption> captions) {
        if (captions.isEmpty()) {
            throw new IllegalArgumentException("no caption to score");
        }
        int mentions = 0;
        int hallucinated = 0;
        int hallucinating = 0;
        int distinct = 0;
        int distinctHallucinated = 0;
        int trueObjects = 0;
        int recalled = 0;
        for (Caption caption : captions) {
            List<String> mentioned = vocabulary.mentions(caption.text());
            Set<String> objects = new LinkedHashSet<>(mentioned);
            int wrong = (int) mentioned.stream()
                    .filter(object -> !caption.groundTruth().contains(object))
                    .count();
            int wrongObjects = (int) objects.stream()
                    .filter(object -> !caption.groundTruth().contains(object))
                    .count();
            mentions += mentioned.size();
            hallucinated += wrong;
            hallucinating += wrong > 0 ? 1 : 0;
            distinct += objects.size();
            distinctHallucinated += wrongObjects;
            trueObjects += caption.groundTruth().size();
            recalled += objects.size() - wrongObjects;
        }
        return new Chair(
                captions.size(),
                mentions,
                hallucinated,
                (double) hallucinating / captions.size(),
                share(hallucinated, mentions),
                share(distinctHallucinated, distinct),
                share(recalled, trueObjects));
    }

    private static Double share(int part, int whole) {
        return whole == 0 ? null : (double) part / whole;
    }
}
