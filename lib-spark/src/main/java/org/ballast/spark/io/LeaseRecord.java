package org.ballast.spark.io;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * What a lease file holds: the run that writes to a stage. Times are those of the holder's clock and meant for people;
 * whether a lease has run out is judged by the file's modification time.
 *
 * @param runId unique name of this attempt
 * @param since when it began, ISO-8601
 * @param heartbeat when it was renewed last
 * @param expires when it ends unless it is renewed
 * @param leaseSeconds how long it is good for after each renewal
 */
@JsonIgnoreProperties(ignoreUnknown = true)
record LeaseRecord(
        String runId, ProcessMark process, String since, String heartbeat, String expires, int leaseSeconds) {
    LeaseRecord {
        if (runId == null || process == null || since == null || leaseSeconds < 1) {
            throw new IllegalArgumentException("lease needs run id, process, time and length, was (%s, %s, %s, %d)"
                    .formatted(runId, process, since, leaseSeconds));
        }
    }

    static LeaseRecord begun(String runId, int leaseSeconds) {
        return new LeaseRecord(runId, ProcessMark.current(), now().toString(), null, null, leaseSeconds).renewed();
    }

    LeaseRecord renewed() {
        Instant now = now();
        return new LeaseRecord(
                runId,
                process,
                since,
                now.toString(),
                now.plusSeconds(leaseSeconds).toString(),
                leaseSeconds);
    }

    /** The run as a message names it. */
    String holder() {
        return "run %s (%s, since %s)".formatted(runId, process, since);
    }

    private static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.SECONDS);
    }
}
