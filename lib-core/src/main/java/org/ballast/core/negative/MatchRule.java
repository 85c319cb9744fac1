package org.ballast.core.negative;

import java.io.Serializable;
import java.util.Collections;
import org.ballast.core.negative.RetrievedNegative.Candidate;

/**
 * Which responses may be retrieved as another's negative, beside what always holds (another picture, another text).
 *
 * @param otherClass true: a candidate that shares a class with the query is out; where one of them has no class, another picture is
 *     enough
 * @param least similarity (cosine) of a candidate at least, -1 to 1; -1 for no limit
 * @param most similarity at most, above {@code least}; 1 for no limit, for the embeddings' rounding may exceed it
 */
public record MatchRule(boolean otherClass, double least, double most) implements Serializable {
    /** Another picture and another text are enough. */
    public static final MatchRule ANY = new MatchRule(false, -1, 1);

    public MatchRule {
        if (!(least >= -1 && most <= 1 && least < most)) {
            throw new IllegalArgumentException(
                    "similarity must have -1 <= least < most <= 1, was %s .. %s".formatted(least, most));
        }
    }

    /** Whether a similarity lies in the window; NaN does not. */
    boolean inWindow(float similarity) {
        return similarity >= (least <= -1 ? Float.NEGATIVE_INFINITY : least)
                && similarity <= (most >= 1 ? Float.POSITIVE_INFINITY : most);
    }

    boolean allows(Candidate query, Candidate candidate) {
        return !candidate.imageId().equals(query.imageId())
                && (!otherClass || Collections.disjoint(candidate.labels(), query.labels()));
    }
}
