package org.ballast.core.preference;

/**
 * RPO: loss = -log sigma(beta d) + lambda (-policy chosen / chosen tokens): DPO and the chosen response's mean
 * negative log-likelihood, averaged over its own tokens.
 *
 * <p>Pang et al. 2024, "Iterative Reasoning Preference Optimization", with the weight on the second term.
 */
public record RpoLoss(double beta, double lambda) implements PreferenceLoss {
    public RpoLoss {
        PreferenceLoss.positiveBeta(beta);
        if (!(lambda >= 0 && Double.isFinite(lambda))) {
            throw new IllegalArgumentException("the weight of the NLL term must be finite and >= 0, is " + lambda);
        }
    }

    @Override
    public LossGradient evaluate(PairLogProbs pair) {
        double x = beta * pair.logRatioDifference();
        double slope = -beta * PreferenceLoss.sigmoid(-x);
        double loss = PreferenceLoss.negativeLogSigmoid(x) - lambda * pair.policyChosen() / pair.chosenTokens();
        return new LossGradient(loss, slope - lambda / pair.chosenTokens(), -slope, -slope, slope);
    }
}
