package org.ballast.core.preference;

/**
 * DPO: loss = -log sigma(beta d), d = (policy chosen - reference chosen) - (policy rejected - reference rejected).
 *
 * <p>Rafailov et al. 2023, "Direct Preference Optimization", equation 7.
 */
public record SigmoidLoss(double beta) implements PreferenceLoss {
    public SigmoidLoss {
        PreferenceLoss.positiveBeta(beta);
    }

    @Override
    public LossGradient evaluate(PairLogProbs pair) {
        double x = beta * pair.logRatioDifference();
        double slope = -beta * PreferenceLoss.sigmoid(-x); // d loss / d d
        return new LossGradient(PreferenceLoss.negativeLogSigmoid(x), slope, -slope, -slope, slope);
    }
}
