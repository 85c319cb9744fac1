package org.ballast.core.longtail;

import java.io.Serializable;
import java.util.Objects;
import org.ballast.core.data.split.SplitShare;

/**
 * The tail that a split is to have.
 *
 * @param profile shape of the tail
 * @param split that is resampled
 * @param leftOut split that rows go to which are over; another than {@code split}
 * @param imbalanceRatio largest class / smallest class, 1 to 1,000,000
 * @param alpha tail index of {@link TailProfile#PARETO}, above 0, at most 100
 * @param maxSamples samples of the largest class; 0: as many as every class can follow
 * @param order of the classes along the tail
 * @param seed of the digests that decide which samples stay
 */
public record LongTailRule(
        TailProfile profile,
        String split,
        String leftOut,
        double imbalanceRatio,
        double alpha,
        long maxSamples,
        ClassOrder order,
        long seed)
        implements Serializable {
    public LongTailRule {
        Objects.requireNonNull(profile, "profile");
        Objects.requireNonNull(order, "order");
        SplitShare.requireName(split);
        SplitShare.requireName(leftOut);
        require(!split.equals(leftOut), "the split for rows left out", "must be another than that resampled", leftOut);
        require(
                imbalanceRatio >= 1 && imbalanceRatio <= 1e6,
                "the imbalance ratio",
                "must be in 1 .. 1000000",
                imbalanceRatio);
        require(alpha > 0 && alpha <= 100, "alpha", "must be above 0 and at most 100", alpha);
        require(maxSamples >= 0, "samples of the largest class", "must be >= 0", maxSamples);
    }

    private static void require(boolean holds, String field, String rule, Object value) {
        if (!holds) {
            throw new IllegalArgumentException("long tail: %s %s, was %s".formatted(field, rule, value));
        }
    }
}
