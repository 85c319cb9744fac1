package org.ballast.spark.units;

import java.io.Serializable;

/**
 * How rows are cut into work.
 *
 * @param unitRows rows a unit
 * @param waveUnits units a wave, a wave being one commit; with {@code waveSeconds} the least. Of n waves that
 *     begin together the first has 1/n of them, the second 2/n and so on
 * @param waveSeconds waves are made as long as this many seconds take by the rate so far; 0: all of {@code waveUnits}
 * @param wavesAtOnce waves under way together, so that nobody waits for a commit: a killed run loses at most these
 * @param unitsAtOnce units that a task has under way together; more than 1 where a unit mostly waits for a server
 * @param partitions Spark partitions a wave is cut into, 0: as many as the cluster has slots; where a task has several units
 *     under way, the waves at once share them
 * @param maxFailureRate share of attempts that may be rejected, 0 .. 1
 */
public record UnitOptions(
        int unitRows,
        int waveUnits,
        int waveSeconds,
        int wavesAtOnce,
        int unitsAtOnce,
        int partitions,
        double maxFailureRate)
        implements Serializable {
    public UnitOptions {
        if (unitRows < 1 || waveUnits < 1 || partitions < 0) {
            throw new IllegalArgumentException(
                    "unit-rows and wave-units must be at least 1 and partitions at least 0, but" + " they are "
                            + unitRows + ", " + waveUnits + ", " + partitions);
        }
        if (waveSeconds < 0 || wavesAtOnce < 1 || unitsAtOnce < 1) {
            throw new IllegalArgumentException(
                    "wave-seconds must be at least 0, waves-at-once and units-at-once at least 1, but they are "
                            + waveSeconds + ", " + wavesAtOnce + ", " + unitsAtOnce);
        }
        if (!(maxFailureRate >= 0 && maxFailureRate <= 1)) {
            throw new IllegalArgumentException("max-failure-rate is " + maxFailureRate + ", not in 0 .. 1");
        }
    }

    /** Waves of one size, one at a time. */
    public UnitOptions(int unitRows, int waveUnits, int partitions, double maxFailureRate) {
        this(unitRows, waveUnits, 0, 1, 1, partitions, maxFailureRate);
    }

    public UnitOptions withPartitions(int other) {
        return new UnitOptions(unitRows, waveUnits, waveSeconds, wavesAtOnce, unitsAtOnce, other, maxFailureRate);
    }

    /** Waves by time, several at once. */
    public UnitOptions withWaves(int seconds, int atOnce) {
        return new UnitOptions(unitRows, waveUnits, seconds, atOnce, unitsAtOnce, partitions, maxFailureRate);
    }

    public UnitOptions withUnitsAtOnce(int units) {
        return new UnitOptions(unitRows, waveUnits, waveSeconds, wavesAtOnce, units, partitions, maxFailureRate);
    }
}
