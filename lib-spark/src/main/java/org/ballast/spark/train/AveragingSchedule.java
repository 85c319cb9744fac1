package org.ballast.spark.train;

import java.io.Serializable;

/**
 * When replicas are averaged (post-local SGD, Lin et al. 2020): every {@code earlyEvery} steps while the step is below
 * {@code earlySteps}, every {@code every} steps from there.
 */
public record AveragingSchedule(long earlySteps, int earlyEvery, int every) implements Serializable {
    public AveragingSchedule {
        if (earlySteps < 0 || earlyEvery < 1 || every < 1) {
            throw new IllegalArgumentException("need early steps >= 0 and averaging at least every step: " + earlySteps
                    + ", " + earlyEvery + ", " + every);
        }
    }

    /** The same interval throughout. */
    public static AveragingSchedule every(int steps) {
        return new AveragingSchedule(0, steps, steps);
    }

    /** Steps of the round that starts at {@code step}; a round does not reach across {@code earlySteps}. */
    public int stepsFrom(long step) {
        return step < earlySteps ? (int) Math.min(earlyEvery, earlySteps - step) : every;
    }
}
