package org.ballast.core.preference;

import java.io.Serializable;

/** A loss on one pair of responses, a function of the four log-probabilities. */
public sealed interface PreferenceLoss extends Serializable permits SigmoidLoss, ConservativeLoss, RpoLoss {
    /** Strength of the tie to the reference; implicit rewards are beta times log-ratios. */
    double beta();

    /** Value and derivatives for one pair, finite for any finite input whose differences do not overflow. */
    LossGradient evaluate(PairLogProbs pair);

    /** sigma(x) = 1 / (1 + exp(-x)). */
    static double sigmoid(double x) {
        double e = Math.exp(-Math.abs(x));
        return x >= 0 ? 1 / (1 + e) : e / (1 + e);
    }

    /** -log sigma(x) = log(1 + exp(-x)), without overflow. */
    static double negativeLogSigmoid(double x) {
        return Math.max(-x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }

    /** The beta of a loss, checked. */
    static double positiveBeta(double beta) {
        if (!(beta > 0 && Double.isFinite(beta))) {
            throw new IllegalArgumentException("beta must be positive and finite, is " + beta);
        }
        return beta;
    }
}
