package org.ballast.core.mllm.generate;

import java.io.Serializable;
import java.util.Locale;
import java.util.Objects;

/**
 * Decoding against a weakened picture. Of the branches a and b that the direction names, tokens with z_a < log(beta) + max z_a are out, and the others
 * score (1 + alpha) z_a - alpha z_b; both branches get the chosen token. z are raw logits.
 *
 * <p>Source: Leng et al., Visual Contrastive Decoding, 2023; the directions: BPO's text and its published script, which differ.
 *
 * @param alpha weight of the contrast, not negative; not used by {@code NOISED}
 * @param beta plausibility cut in (0, 1]: least share of the best token's probability; not used by {@code NOISED}
 */
public record Contrast(Direction direction, double alpha, double beta) implements Serializable {

    /** Which picture speaks, and which is subtracted. */
    public enum Direction {
        /** Plain decoding from the weakened picture: one branch. */
        NOISED,
        /** Weakened minus clean: amplifies the language model's prior, against the picture. */
        NOISED_MINUS_CLEAN,
        /** Clean minus weakened: amplifies the picture, against the prior. */
        CLEAN_MINUS_NOISED;

        /** The name in configurations: {@code noised}, {@code noised-minus-clean}, {@code clean-minus-noised}. */
        public String code() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        /** The direction of that name. */
        public static Direction ofCode(String code) {
            for (Direction direction : values()) {
                if (direction.code().equals(code)) {
                    return direction;
                }
            }
            throw new IllegalArgumentException(
                    "no direction \"" + code + "\": noised, noised-minus-clean or clean-minus-noised");
        }
    }

    public Contrast {
        Objects.requireNonNull(direction, "direction");
        if (!(alpha >= 0) || Double.isInfinite(alpha) || !(beta > 0 && beta <= 1)) {
            throw new IllegalArgumentException(
                    "contrast with alpha " + alpha + " (at least 0) and beta " + beta + " (in (0, 1])");
        }
    }

    boolean hasTwoBranches() {
        return direction != Direction.NOISED;
    }

    /** Scores of the two branches' logits, written over a's; tokens that are out score negative infinity. */
    void combine(float[] a, float[] b) {
        float highest = Float.NEGATIVE_INFINITY;
        for (float logit : a) {
            highest = Math.max(highest, logit);
        }
        double cut = Math.log(beta) + highest;
        for (int i = 0; i < a.length; i++) {
            a[i] = a[i] < cut ? Float.NEGATIVE_INFINITY : (float) ((1 + alpha) * a[i] - alpha * b[i]);
        }
    }
}
