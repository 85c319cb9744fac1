package org.ballast.core.drift;

import org.ballast.core.preference.LearningRate;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/** A {@link LearningRate} as DL4J's updaters take it: by iteration, which counts the updates of one worker from 0. */
public final class RateSchedule implements ISchedule {
    private final LearningRate rate;

    public RateSchedule(LearningRate rate) {
        this.rate = rate;
    }

    @JsonCreator
    RateSchedule(
            @JsonProperty("schedule") LearningRate.Schedule schedule,
            @JsonProperty("base") double base,
            @JsonProperty("warmupSteps") long warmupSteps,
            @JsonProperty("totalSteps") long totalSteps,
            @JsonProperty("minimum") double minimum) {
        this(new LearningRate(schedule, base, warmupSteps, totalSteps, minimum));
    }

    @Override
    public double valueAt(int iteration, int epoch) {
        return rate.at(iteration);
    }

    public LearningRate.Schedule getSchedule() {
        return rate.schedule();
    }

    public double getBase() {
        return rate.base();
    }

    public long getWarmupSteps() {
        return rate.warmupSteps();
    }

    public long getTotalSteps() {
        return rate.totalSteps();
    }

    public double getMinimum() {
        return rate.minimum();
    }

    @Override
    @SuppressWarnings("MethodDoesntCallSuperMethod")
    public RateSchedule clone() {
        return new RateSchedule(rate);
    }

    // DL4J joins parameters with equal updaters into one block, so equality must be by value
    @Override
    public boolean equals(Object other) {
        return other instanceof RateSchedule schedule && schedule.rate.equals(rate);
    }

    @Override
    public int hashCode() {
        return rate.hashCode();
    }
}
