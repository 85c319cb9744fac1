package org.ballast.core.preference;

/**
 * cDPO: loss = (1 - e) (-log sigma(beta d)) + e (-log sigma(-beta d)); e is the share of pairs believed to be swapped.
 *
 * <p>Mitchell 2023, "A note on DPO with noisy preferences and relationship to IPO".
 */
public record ConservativeLoss(double beta, double labelSmoothing) implements PreferenceLoss {
    public ConservativeLoss {
        PreferenceLoss.positiveBeta(beta);
        if (!(labelSmoothing >= 0 && labelSmoothing < 0.5)) {
            throw new IllegalArgumentException("label smoothing must lie in [0, 0.5), is " + labelSmoothing);
        }
    }

    @Override
    public LossGradient evaluate(PairLogProbs pair) {
        double x = beta * pair.logRatioDifference();
        double loss = (1 - labelSmoothing) * PreferenceLoss.negativeLogSigmoid(x)
                + labelSmoothing * PreferenceLoss.negativeLogSigmoid(-x);
        double slope =
                beta * (labelSmoothing * PreferenceLoss.sigmoid(x) - (1 - labelSmoothing) * PreferenceLoss.sigmoid(-x));
        return new LossGradient(loss, slope, -slope, -slope, slope);
    }
}
