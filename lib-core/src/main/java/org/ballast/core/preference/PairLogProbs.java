package org.ballast.core.preference;

import java.io.Serializable;

/**
 * Log-probabilities, summed over response tokens, of a preferred and a rejected response to the same prompt under the
 * trained policy and the frozen reference: finite, over at least one token each.
 */
public record PairLogProbs(
        double policyChosen,
        double policyRejected,
        double referenceChosen,
        double referenceRejected,
        int chosenTokens,
        int rejectedTokens)
        implements Serializable {

    public PairLogProbs {
        finite("policyChosen", policyChosen);
        finite("policyRejected", policyRejected);
        finite("referenceChosen", referenceChosen);
        finite("referenceRejected", referenceRejected);
        if (chosenTokens < 1 || rejectedTokens < 1) {
            throw new IllegalArgumentException(
                    "a response without tokens: chosen " + chosenTokens + ", rejected " + rejectedTokens);
        }
    }

    private static void finite(String name, double value) {
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException(name + " is " + value);
        }
    }

    /** w = policy chosen - reference chosen. */
    public double chosenLogRatio() {
        return policyChosen - referenceChosen;
    }

    /** l = policy rejected - reference rejected. */
    public double rejectedLogRatio() {
        return policyRejected - referenceRejected;
    }

    /** d = w - l. */
    public double logRatioDifference() {
        return chosenLogRatio() - rejectedLogRatio();
    }
}
