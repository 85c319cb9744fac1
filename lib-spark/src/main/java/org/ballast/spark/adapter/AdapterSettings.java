package org.ballast.spark.adapter;

import java.io.Serializable;
import org.ballast.core.drift.FeatureScaling;
import org.ballast.core.preference.LearningRate;

/**
 * How heads are trained, the same for all.
 *
 * @param workers shards that train side by side and are averaged
 * @param epochs passes over the training rows
 * @param epochsPerRound passes between two averagings; divides {@code epochs}
 * @param batchSize minibatch of one worker
 * @param weightDecay decoupled
 * @param warmupRatio share of all steps
 */
public record AdapterSettings(
        int workers,
        int epochs,
        int epochsPerRound,
        int batchSize,
        double learningRate,
        LearningRate.Schedule schedule,
        double warmupRatio,
        double weightDecay,
        FeatureScaling.Mode scaling)
        implements Serializable {

    public AdapterSettings {
        if (workers < 1 || epochs < 1 || epochsPerRound < 1 || batchSize < 1) {
            throw new IllegalArgumentException("workers " + workers + ", epochs " + epochs + ", epochs per round "
                    + epochsPerRound + ", batch size " + batchSize + ": each must be at least 1");
        }
        if (epochs % epochsPerRound != 0) {
            throw new IllegalArgumentException(
                    epochsPerRound + " epochs per round do not divide " + epochs + " epochs");
        }
        if (!(learningRate > 0 && Double.isFinite(learningRate))
                || !(warmupRatio >= 0 && warmupRatio <= 1)
                || !(weightDecay >= 0 && Double.isFinite(weightDecay))) {
            throw new IllegalArgumentException("learning rate " + learningRate + ", warm-up ratio " + warmupRatio
                    + ", weight decay " + weightDecay + ": out of range");
        }
    }

    /** Rounds of averaging in a whole training. */
    public int rounds() {
        return epochs / epochsPerRound;
    }
}
