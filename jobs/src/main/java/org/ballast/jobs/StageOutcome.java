package org.ballast.jobs;

import java.util.Map;
import java.util.TreeMap;
import org.ballast.core.data.RowAccount;
import org.ballast.spark.units.UnitRunner;

/**
 * What a stage did.
 *
 * @param rows in, out and quarantined; they add up
 * @param metrics figures by name, finite
 * @param models digest of each model that it used or wrote, by role
 * @param durationsMillis wall-clock time by step, where it has steps
 */
public record StageOutcome(
        RowAccount rows, Map<String, Double> metrics, Map<String, String> models, Map<String, Long> durationsMillis) {
    public StageOutcome(RowAccount rows, Map<String, Double> metrics, Map<String, String> models) {
        this(rows, metrics, models, Map.of());
    }

    /** What a run over units did: its books, and how many rows each reason put aside. */
    public static StageOutcome of(UnitRunner.Outcome outcome, Map<String, String> models) {
        Map<String, Double> metrics = new TreeMap<>();
        outcome.reasons().forEach((reason, count) -> metrics.put("quarantined." + reason, (double) count));
        return new StageOutcome(outcome.rows(), metrics, models, outcome.durationsMillis());
    }
}
