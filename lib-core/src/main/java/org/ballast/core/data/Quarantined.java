package org.ballast.core.data;

import java.io.Serializable;

/**
 * A row that could not be used: table {@code quarantine}.
 *
 * @param id of the row, null when it has none
 * @param sourceFile file or table that it came from
 * @param position index of the row there, from 0; -1 when it has none
 * @param message one sentence with the offending value
 * @param raw the row as text, cut to {@value #MAX_RAW} characters; null when there is none
 */
public record Quarantined(String id, String sourceFile, long position, Reason reason, String message, String raw)
        implements Serializable {
    /** Longest {@code raw} that is kept. */
    public static final int MAX_RAW = 2_000;

    public Quarantined {
        Rows.requireText(sourceFile, "quarantined row", id, "source_file");
        Rows.requirePresent(reason, "quarantined row", id, "reason");
        Rows.requireText(message, "quarantined row", id, "message");
        raw = bounded(raw);
    }

    /** {@code raw} cut to {@value #MAX_RAW} characters. */
    public static String bounded(String raw) {
        return raw == null || raw.length() <= MAX_RAW ? raw : raw.substring(0, MAX_RAW);
    }
}
