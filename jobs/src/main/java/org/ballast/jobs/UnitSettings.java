package org.ballast.jobs;

import org.ballast.core.config.Settings;
import org.ballast.spark.units.UnitOptions;

/** The keys by which jobs cut their rows into units; the same in all of them. */
public final class UnitSettings {
    private UnitSettings() {}

    public static UnitOptions read(Settings settings) {
        return new UnitOptions(
                settings.integer("unit-rows", 1, 1_000_000),
                settings.integer("wave-units", 1, 100_000),
                settings.section("execution").integer("partitions", 0, 1_000_000),
                settings.number("max-failure-rate", 0, 1));
    }

    /** The same with {@code execution.wave-seconds}, {@code execution.waves-at-once} and {@code execution.units-at-once}. */
    public static UnitOptions readWithWaves(Settings settings) {
        Settings execution = settings.section("execution");
        return read(settings)
                .withWaves(execution.integer("wave-seconds", 0, 86_400), execution.integer("waves-at-once", 1, 100))
                .withUnitsAtOnce(execution.integer("units-at-once", 1, 1_000));
    }

    /** Rows that the model works on together. */
    public static int batchSize(Settings settings) {
        return settings.integer("batch-size", 1, 100_000);
    }
}
