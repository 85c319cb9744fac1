package org.ballast.jobs;

import java.util.Map;
import java.util.TreeMap;

/**
 * What a stage did.
 *
 * @param rowsIn rows read
 * @param rowsOut rows written, by table
 * @param quarantined rows put aside
 * @param metrics figures, by name
 */
public record StageOutcome(long rowsIn, Map<String, Long> rowsOut, long quarantined, Map<String, Object> metrics) {
    public StageOutcome {
        rowsOut = new TreeMap<>(rowsOut);
        metrics = new TreeMap<>(metrics);
    }
}
