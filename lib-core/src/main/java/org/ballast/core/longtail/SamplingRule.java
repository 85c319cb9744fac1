package org.ballast.core.longtail;

import java.io.Serializable;
import java.util.Objects;

/**
 * What the table {@code sampling} is made with.
 *
 * @param strategy whose weights the samples get
 * @param progress t/T of progressive balancing, in [0, 1]
 * @param beta of the effective number of samples, in [0, 1)
 */
public record SamplingRule(SamplingStrategy strategy, double progress, double beta) implements Serializable {
    public SamplingRule {
        Objects.requireNonNull(strategy, "strategy");
        if (!(progress >= 0 && progress <= 1)) {
            throw new IllegalArgumentException("sampling: progress must be in [0, 1], was " + progress);
        }
        if (!(beta >= 0 && beta < 1)) {
            throw new IllegalArgumentException("sampling: beta must be in [0, 1), was " + beta);
        }
    }
}
