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
 * @param rows in (a turn of a conversation is a row), out ({@code samples} and {@code prompts}), quarantined
 * @param tables rows by table
 * @param reasons rows in quarantine by reason, most frequent first
 * @param durationsMillis wall-clock time by step; short for steps that an earlier run had finished
 */
public record ShardResult(
        long annotationRows,
        RowAccount rows,
        Map<String, Long> tables,
        Map<String, Long> reasons,
        Map<String, Long> durationsMillis) {
    public ShardResult {
        tables = Collections.unmodifiableMap(new TreeMap<>(tables));
        reasons = Collections.unmodifiableMap(new LinkedHashMap<>(reasons));
        durationsMillis = Collections.unmodifiableMap(new LinkedHashMap<>(durationsMillis));
    }
}
