package org.ballast.core.data;

import java.io.Serializable;

/**
 * Log-probability of a completion under a frozen model: table {@code reference_log_probs}, key all of
 * {@code completion_id}, {@code image_condition}, {@code model}.
 *
 * @param imageCondition {@value #CLEAN}, {@link #weakened(int, long)} or {@value #NO_IMAGE}
 * @param model digest of the frozen model
 * @param logProb natural logarithm, summed over the tokens of the response
 * @param tokens number of those tokens
 */
public record ReferenceLogProb(String completionId, String imageCondition, String model, double logProb, int tokens)
        implements Serializable {
    /** The picture as it is. */
    public static final String CLEAN = "clean";
    /** Without the picture. */
    public static final String NO_IMAGE = "none";

    public ReferenceLogProb {
        Rows.requireText(completionId, "reference", completionId, "completion_id");
        Rows.require(
                imageCondition != null && imageCondition.matches("clean|none|weakened:\\d+:-?\\d+"),
                "reference",
                completionId,
                "image_condition",
                imageCondition,
                "must be clean, none or weakened:<t>:<seed>");
        Rows.requireText(model, "reference", completionId, "model");
        Rows.require(
                Double.isFinite(logProb) && logProb <= 1e-3,
                "reference",
                completionId,
                "log_prob",
                logProb,
                "must be finite and <= 0");
        Rows.require(tokens > 0, "reference", completionId, "tokens", tokens, "must be positive");
    }

    /** Condition of a picture with diffusion noise of step {@code t}. */
    public static String weakened(int t, long seed) {
        return "weakened:" + t + ":" + seed;
    }
}
