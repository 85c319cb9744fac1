package org.ballast.spark.train;

import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Learning rate of update k = 0, 1 ..: {@code base k / warmupSteps} below {@code warmupSteps}; from there, with
 * p = (k - warmupSteps) / (totalSteps - warmupSteps), {@code base} (constant), {@code base (1 - p)} (linear) or
 * {@code minimum + (base - minimum) (1 + cos(pi p)) / 2} (cosine). Past {@code totalSteps} the last value holds.
 *
 * <p>k counts optimizer steps of one replica over the whole run. Source: transformers' {@code get_*_schedule_with_warmup}.
 *
 * @param minimum where the cosine ends; 0 for the other shapes
 */
public record WarmupSchedule(
        @JsonProperty("shape") Shape shape,
        @JsonProperty("base") double base,
        @JsonProperty("minimum") double minimum,
        @JsonProperty("warmupSteps") long warmupSteps,
        @JsonProperty("totalSteps") long totalSteps)
        implements ISchedule {

    /** What follows the warm-up. */
    public enum Shape {
        CONSTANT,
        LINEAR,
        COSINE
    }

    @JsonCreator
    public WarmupSchedule {
        if (!(base >= 0) || Double.isInfinite(base)) {
            throw new IllegalArgumentException("learning rate must be finite and not negative: " + base);
        }
        if (!(minimum >= 0 && minimum <= base) || (shape != Shape.COSINE && minimum != 0)) {
            throw new IllegalArgumentException("minimum learning rate must lie in [0, " + base
                    + "], and be 0 unless the shape is COSINE: " + minimum + " with " + shape);
        }
        if (warmupSteps < 0 || totalSteps < 1 || warmupSteps > totalSteps) {
            throw new IllegalArgumentException(
                    "need 0 <= warm-up steps <= total steps, total >= 1: " + warmupSteps + " of " + totalSteps);
        }
    }

    /** The same rate at every step, without warm-up. */
    public static WarmupSchedule constant(double rate) {
        return new WarmupSchedule(Shape.CONSTANT, rate, 0, 0, 1);
    }

    /** The rate of update {@code step}, counted from 0. */
    public double at(long step) {
        long k = Math.min(step, totalSteps);
        if (k < warmupSteps) {
            return base * k / warmupSteps;
        }
        double progress = (double) (k - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
        return switch (shape) {
            case CONSTANT -> base;
            case LINEAR -> base * (1 - progress);
            case COSINE -> minimum + (base - minimum) * 0.5 * (1 + Math.cos(Math.PI * progress));
        };
    }

    @Override
    public double valueAt(int iteration, int epoch) {
        return at(iteration);
    }

    @Override
    public WarmupSchedule clone() {
        return this;
    }
}
