package org.ballast.core.longtail;

import java.io.Serializable;

/**
 * How often pairs of each class are taken: a class of n pairs has the weight (n_max / n)^a a pair, up to a common factor, so
 * that a pair taken at random is of class k with p_k proportional to n_k^(1 - a). With q = 1 - a these are the strategies of
 * {@link SamplingStrategy} (Kang et al., Decoupling Representation and Classifier for Long-Tailed Recognition, ICLR 2020,
 * equation 1): a = 0 takes pairs as they are, a = 1/2 is square-root sampling, a = 1 inverse frequency, each class alike.
 *
 * @param exponent a, 0 to 10; above 1 the tail outweighs the head
 * @param limit pairs of a split at about most, 0 for as many as there are
 * @param seed of what is rounded up and what down
 */
public record PairSampling(double exponent, long limit, long seed) implements Serializable {
    /** Each pair once. */
    public static final PairSampling AS_THEY_ARE = new PairSampling(0, 0, 0);

    public PairSampling {
        if (!(exponent >= 0 && exponent <= 10)) {
            throw new IllegalArgumentException("sampling of pairs: exponent must be in 0 .. 10, was " + exponent);
        }
        if (limit < 0) {
            throw new IllegalArgumentException("sampling of pairs: limit must be >= 0 (0: none), was " + limit);
        }
    }

    /** Whether every pair is taken once, however many there are. */
    public boolean takesAll() {
        return exponent == 0 && limit == 0;
    }
}
