package org.ballast.core.preference;

import java.io.Serializable;
import java.util.Locale;

/**
 * Learning rate at a step: linear warm-up from 0 to {@code base} over {@code warmupSteps}, then the schedule; after
 * {@code totalSteps} the last value stays (the closed form of the cosine would rise again). Steps count from 0, so the
 * first update of a schedule with warm-up has rate 0, as in transformers' schedules.
 *
 * @param minimum floor of {@link Schedule#COSINE_WITH_MIN_LR}; 0 for the others
 */
public record LearningRate(Schedule schedule, double base, long warmupSteps, long totalSteps, double minimum)
        implements Serializable {

    /** The shape after the warm-up, u = (step - warm-up) / (total - warm-up). */
    public enum Schedule {
        /** base. */
        CONSTANT,
        /** base (1 - u). */
        LINEAR,
        /** base (1 + cos(pi u)) / 2. */
        COSINE,
        /** minimum + (base - minimum) (1 + cos(pi u)) / 2. */
        COSINE_WITH_MIN_LR;

        /** The name in configurations: {@code constant}, {@code linear}, {@code cosine}, {@code cosine_with_min_lr}. */
        public static Schedule of(String name) {
            for (Schedule schedule : values()) {
                if (schedule.name().toLowerCase(Locale.ROOT).equals(name)) {
                    return schedule;
                }
            }
            throw new IllegalArgumentException(
                    "no learning-rate schedule \"" + name + "\": constant, linear, cosine or cosine_with_min_lr");
        }
    }

    public LearningRate {
        if (!(base >= 0 && Double.isFinite(base))) {
            throw new IllegalArgumentException("the learning rate must be finite and >= 0, is " + base);
        }
        if (warmupSteps < 0 || totalSteps < 1 || warmupSteps > totalSteps) {
            throw new IllegalArgumentException("warm-up of " + warmupSteps + " steps in a total of " + totalSteps
                    + ": need 0 <= warm-up <= total");
        }
        if (!(minimum >= 0 && minimum <= base) || (minimum > 0 && schedule != Schedule.COSINE_WITH_MIN_LR)) {
            throw new IllegalArgumentException(
                    "minimum " + minimum + " with base " + base + " and schedule " + schedule);
        }
    }

    /** A schedule without a floor. */
    public static LearningRate of(Schedule schedule, double base, long warmupSteps, long totalSteps) {
        return new LearningRate(schedule, base, warmupSteps, totalSteps, 0);
    }

    /** Warm-up steps for a share of all steps: ceil(total * ratio). */
    public static long warmupSteps(long totalSteps, double ratio) {
        return (long) Math.ceil(totalSteps * ratio);
    }

    /** The same schedule with another scale. */
    public LearningRate times(double factor) {
        return new LearningRate(schedule, base * factor, warmupSteps, totalSteps, minimum * factor);
    }

    /**
     * The rate of update number {@code step + 1}.
     *
     * @throws IllegalArgumentException if the step is negative
     */
    public double at(long step) {
        if (step < 0) {
            throw new IllegalArgumentException("step " + step + " is negative");
        }
        if (step < warmupSteps) {
            return base * step / warmupSteps;
        }
        double span = Math.max(1, totalSteps - warmupSteps);
        double u = Math.min(1, (step - warmupSteps) / span);
        return switch (schedule) {
            case CONSTANT -> base;
            case LINEAR -> base * (1 - u);
            case COSINE -> base * 0.5 * (1 + Math.cos(Math.PI * u));
            case COSINE_WITH_MIN_LR -> minimum + (base - minimum) * 0.5 * (1 + Math.cos(Math.PI * u));
        };
    }
}
