package org.ballast.core.preference;

/**
 * Value of a pair's loss and its derivatives with respect to the four log-probabilities. The gradient of a batch mean
 * is that divided by the number of pairs.
 */
public record LossGradient(
        double loss, double policyChosen, double policyRejected, double referenceChosen, double referenceRejected) {}
