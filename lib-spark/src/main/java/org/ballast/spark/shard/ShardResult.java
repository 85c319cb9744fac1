package org.ballast.spark.shard;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.ballast.core.data.RowAccount;

/**
 * What a run of {@code shard} did.
 *
 * @param annotationRows rows of the annotation files
 * @param rows in (a turn of a conversation is a row), out ({@code samples} and {@code prompts}), quarantined, and in an
 *     update those that stay as they were
 * @param tables rows by table, as they stand now
 * @param changes rows that an update found {@code added}, {@code changed} and {@code removed}
 * @param reasons rows in quarantine by reason, most frequent first
 * @param figures of splits, tails and classes, by name
 * @param durationsMillis wall-clock time by step; short for steps that an earlier run had finished
 */
public record ShardResult(
        long annotationRows,
        RowAccount rows,
        Map<String, Long> tables,
        Map<String, Long> changes,
        Map<String, Long> reasons,
        Map<String, Double> figures,
        Map<String, Long> durationsMillis) {
    public ShardResult {
        tables = Collections.unmodifiableMap(new TreeMap<>(tables));
        changes = Collections.unmodifiableMap(new TreeMap<>(changes));
        reasons = Collections.unmodifiableMap(new LinkedHashMap<>(reasons));
        figures = Collections.unmodifiableMap(new TreeMap<>(figures));
        durationsMillis = Collections.unmodifiableMap(new LinkedHashMap<>(durationsMillis));
    }
}
