package org.ballast.core.drift;

import java.io.Serializable;

/**
 * What distinguishes one head from another on the same features.
 *
 * @param name label in reports, such as {@code tsp} or {@code tsp-free}
 * @param kind which logits
 * @param kappa concentration of a tSP head, and of the tSP density that scores samples of any head
 * @param initialScale s of a tSP head at the start; the scale of a cosine head
 * @param scaleRateMultiplier learning rate of s (or of the cosine scale) as a multiple of that of the weights; 0 keeps it
 * @param multiplier fixed factor on a tSP head's logits; 1 as published
 * @param tau strength of logit adjustment, 0 for none
 */
public record HeadSettings(
        String name,
        Kind kind,
        double kappa,
        double initialScale,
        double scaleRateMultiplier,
        double multiplier,
        double tau)
        implements Serializable {

    /** The families of heads. */
    public enum Kind {
        TSP,
        COSINE,
        LINEAR
    }

    public HeadSettings {
        if (name.isBlank()) {
            throw new IllegalArgumentException("a head needs a name");
        }
        if (!(scaleRateMultiplier >= 0 && Double.isFinite(scaleRateMultiplier)) || !(tau >= 0 && tau < 1e3)) {
            throw new IllegalArgumentException("head " + name + ": learning-rate multiplier of the scale "
                    + scaleRateMultiplier + ", tau " + tau + ": both must be finite and >= 0");
        }
    }

    /** The tSP head as published: kappa 16, s from 0 at the common learning rate. */
    public static HeadSettings tsp(String name) {
        return new HeadSettings(name, Kind.TSP, TspSimilarity.PUBLISHED_KAPPA, 0, 1, 1, 0);
    }

    /** The tSP head with its logits multiplied, so that its probabilities can become sharp. */
    public static HeadSettings tspScaled(String name, double multiplier) {
        return new HeadSettings(name, Kind.TSP, TspSimilarity.PUBLISHED_KAPPA, 0, 1, multiplier, 0);
    }

    /** The cosine head with a fixed scale. */
    public static HeadSettings cosine(String name, double scale) {
        return new HeadSettings(name, Kind.COSINE, TspSimilarity.PUBLISHED_KAPPA, scale, 0, 1, 0);
    }

    /** The linear head. */
    public static HeadSettings linear(String name) {
        return new HeadSettings(name, Kind.LINEAR, TspSimilarity.PUBLISHED_KAPPA, 0, 1, 1, 0);
    }

    /** The same head with logit adjustment. */
    public HeadSettings adjusted(String newName, double strength) {
        return new HeadSettings(newName, kind, kappa, initialScale, scaleRateMultiplier, multiplier, strength);
    }

    /** The layer for features of width {@code features} and the classes counted in {@code trainCounts}. */
    HeadLayer layer(int features, int[] trainCounts) {
        HeadLayer layer =
                switch (kind) {
                    case TSP -> new TspHead(features, trainCounts.length, kappa, initialScale, multiplier);
                    case COSINE -> new CosineHead(features, trainCounts.length, initialScale);
                    case LINEAR -> new LinearHead(features, trainCounts.length);
                };
        if (tau > 0) {
            layer.adjustLogits(tau, trainCounts);
        }
        return layer;
    }
}
