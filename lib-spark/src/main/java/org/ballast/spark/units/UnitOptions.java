package org.ballast.spark.units;

import java.io.Serializable;

/**
 * How rows are cut into work.
 *
 * @param unitRows rows a unit
 * @param waveUnits units a wave: one commit each, and the most that a killed run loses
 * @param partitions Spark partitions a wave is cut into, 0: as many as the cluster has slots
 * @param maxFailureRate share of attempts that may be rejected, 0 .. 1
 */
public record UnitOptions(int unitRows, int waveUnits, int partitions, double maxFailureRate) implements Serializable {
    public UnitOptions {
        if (unitRows < 1 || waveUnits < 1 || partitions < 0) {
            throw new IllegalArgumentException(
                    "unit-rows and wave-units must be at least 1 and partitions at least 0, but" + " they are "
                            + unitRows + ", " + waveUnits + ", " + partitions);
        }
        if (!(maxFailureRate >= 0 && maxFailureRate <= 1)) {
            throw new IllegalArgumentException("max-failure-rate is " + maxFailureRate + ", not in 0 .. 1");
        }
    }

    public UnitOptions withPartitions(int other) {
        return new UnitOptions(unitRows, waveUnits, other, maxFailureRate);
    }

    long waveRows() {
        return (long) unitRows * waveUnits;
    }
}
