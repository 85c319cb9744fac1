package org.ballast.core.drift;

import java.io.Serializable;

/**
 * T-distributed spherical similarity of unit vectors with cosine c: tSP(c) = 2 / (1 + kappa (1 - c)), in (0, 2], 2 at
 * c = 1, growing with c. It is affine in t-vMF similarity (Kobayashi, CVPR 2021).
 *
 * <p>"Adapting Multi-modal Large Language Model to Concept Drift in the Long-tailed Open World", arXiv 2405.13459.
 *
 * @param kappa concentration, positive; 16 as published
 */
public record TspSimilarity(double kappa) implements Serializable {
    /** The published concentration. */
    public static final double PUBLISHED_KAPPA = 16;

    public TspSimilarity {
        if (!(kappa > 0 && Double.isFinite(kappa))) {
            throw new IllegalArgumentException("kappa must be positive and finite, is " + kappa);
        }
    }

    /** tSP(c); a cosine that passes 1 by rounding is fine. */
    public double at(double cosine) {
        return 2 / (1 + kappa * (1 - cosine));
    }

    /** d tSP / dc = 2 kappa / (1 + kappa (1 - c))^2 = kappa tSP^2 / 2. */
    public double derivative(double cosine) {
        double tsp = at(cosine);
        return kappa * tsp * tsp / 2;
    }

    /** t-vMF(c) = (1 + c) / (1 + kappa (1 - c)) - 1, in [-1, 1]. */
    public double tVmf(double cosine) {
        return (1 + cosine) / (1 + kappa * (1 - cosine)) - 1;
    }
}
