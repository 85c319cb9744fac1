package org.ballast.spark.train;

import org.ballast.core.preference.LearningRate;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonIgnore;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/** A {@link LearningRate} as DL4J's updaters ask for it: by iteration, which counts optimizer steps over the whole run. */
record LearningRateSchedule(@JsonIgnore LearningRate rate) implements ISchedule {
    @JsonCreator
    static LearningRateSchedule of(
            @JsonProperty("schedule") LearningRate.Schedule schedule,
            @JsonProperty("base") double base,
            @JsonProperty("warmupSteps") long warmupSteps,
            @JsonProperty("totalSteps") long totalSteps,
            @JsonProperty("minimum") double minimum) {
        return new LearningRateSchedule(new LearningRate(schedule, base, warmupSteps, totalSteps, minimum));
    }

    @JsonProperty("schedule")
    LearningRate.Schedule schedule() {
        return rate.schedule();
    }

    @JsonProperty("base")
    double base() {
        return rate.base();
    }

    @JsonProperty("warmupSteps")
    long warmupSteps() {
        return rate.warmupSteps();
    }

    @JsonProperty("totalSteps")
    long totalSteps() {
        return rate.totalSteps();
    }

    @JsonProperty("minimum")
    double minimum() {
        return rate.minimum();
    }

    @Override
    public double valueAt(int iteration, int epoch) {
        return rate.at(iteration);
    }

    @Override
    public LearningRateSchedule clone() {
        return this;
    }
}
