package org.ballast.core.preference;

import java.util.List;

/**
 * Means over pairs of the implicit rewards beta (policy - reference) and of plain likelihoods. A tie is no preference
 * for the chosen response.
 *
 * @param accuracy share of pairs whose chosen response has the greater implicit reward
 * @param margin mean of chosen reward - rejected reward
 * @param likelihoodAccuracy share of pairs whose chosen response has the greater summed log-probability (policy only)
 * @param tokenLikelihoodAccuracy the same with log-probabilities divided by tokens
 * @param chosenLogProb mean summed log-probability of the chosen responses under the policy
 */
public record RewardStatistics(
        int pairs,
        double chosenReward,
        double rejectedReward,
        double margin,
        double accuracy,
        double likelihoodAccuracy,
        double tokenLikelihoodAccuracy,
        double chosenLogProb,
        double rejectedLogProb) {

    /**
     * Over pairs, with the beta of the loss.
     *
     * @throws IllegalArgumentException if there is no pair
     */
    public static RewardStatistics of(double beta, List<PairLogProbs> pairs) {
        PreferenceLoss.positiveBeta(beta);
        if (pairs.isEmpty()) {
            throw new IllegalArgumentException("no pair to reward");
        }
        double chosen = 0;
        double rejected = 0;
        int accurate = 0;
        int likelier = 0;
        int likelierByToken = 0;
        double chosenLogProb = 0;
        double rejectedLogProb = 0;
        for (PairLogProbs pair : pairs) {
            chosen += beta * pair.chosenLogRatio();
            rejected += beta * pair.rejectedLogRatio();
            accurate += pair.logRatioDifference() > 0 ? 1 : 0;
            likelier += pair.policyChosen() > pair.policyRejected() ? 1 : 0;
            likelierByToken +=
                    pair.policyChosen() / pair.chosenTokens() > pair.policyRejected() / pair.rejectedTokens() ? 1 : 0;
            chosenLogProb += pair.policyChosen();
            rejectedLogProb += pair.policyRejected();
        }
        double n = pairs.size();
        return new RewardStatistics(
                pairs.size(),
                chosen / n,
                rejected / n,
                (chosen - rejected) / n,
                accurate / n,
                likelier / n,
                likelierByToken / n,
                chosenLogProb / n,
                rejectedLogProb / n);
    }
}
