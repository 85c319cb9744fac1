package org.ballast.core.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;
import org.apache.commons.text.similarity.LevenshteinDistance;

/** The known key that a user most likely meant. */
final class NearestKey {
    private NearestKey() {}

    static String unknown(String prefix, String key, Collection<String> known) {
        return "unknown key " + prefix + key
                + nearest(key, known)
                        .map(near -> ": did you mean " + prefix + near + "?")
                        .orElse("");
    }

    static Optional<String> nearest(String key, Collection<String> known) {
        LevenshteinDistance distance = LevenshteinDistance.getDefaultInstance();
        return known.stream()
                .min(Comparator.<String>comparingInt(k -> distance.apply(key, k))
                        .thenComparing(Comparator.naturalOrder()));
    }
}
