package org.ballast.spark.shard;

import com.fasterxml.jackson.databind.JsonNode;
import org.ballast.core.data.Quarantined;
import org.ballast.core.data.Reason;

/**
 * One row as its source gave it.
 *
 * @param json the row; null for one that cannot be used
 * @param raw the row as text for the quarantine, cut to {@value Quarantined#MAX_RAW} characters
 * @param reason why there is no {@code json}; null when there is
 * @param message one sentence with the offending value; null as {@code reason}
 */
record SourceRow(JsonNode json, String raw, Reason reason, String message) {
    SourceRow {
        if ((json == null) == (reason == null)) {
            throw new IllegalArgumentException("a row has either a value or a reason, was " + json + " and " + reason);
        }
        raw = Quarantined.bounded(raw);
    }

    static SourceRow of(JsonNode json, String raw) {
        return new SourceRow(json, raw, null, null);
    }

    static SourceRow rejected(Reason reason, String message, String raw) {
        return new SourceRow(null, raw, reason, message);
    }
}
