package org.ballast.spark.io;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;
import java.time.Instant;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.ballast.core.data.Sha256;

/**
 * What run.json holds: which run of which configuration a stage folder belongs to, written before anything else.
 *
 * @param runId unique name of this run
 * @param stage name of the stage
 * @param job name of the job
 * @param configurationDigest of what changes the output; not of memory or parallelism
 * @param inputs digest of each input by its name: {@link Manifest#digest()} of a stage, or a file's
 * @param startedAt ISO-8601 instant
 */
@JsonIgnoreProperties(value = "digest", allowGetters = true)
public record RunHeader(
        String runId,
        String stage,
        String job,
        String configurationDigest,
        Map<String, String> inputs,
        String startedAt)
        implements Serializable {
    public RunHeader {
        for (String text : new String[] {runId, stage, job, configurationDigest, startedAt}) {
            if (text == null || text.isEmpty()) {
                throw new IllegalArgumentException(
                        "run header needs run id, stage, job, configuration digest and time, was (%s, %s, %s, %s, %s)"
                                .formatted(runId, stage, job, configurationDigest, startedAt));
            }
        }
        inputs = Collections.unmodifiableMap(new TreeMap<>(inputs));
    }

    /** The header of a run that begins now. */
    public static RunHeader now(String stage, String job, String configurationDigest, Map<String, String> inputs) {
        return new RunHeader(
                UUID.randomUUID().toString(),
                stage,
                job,
                configurationDigest,
                inputs,
                Instant.now().toString());
    }

    /** This header with other inputs. */
    public RunHeader withInputs(Map<String, String> others) {
        return new RunHeader(runId, stage, job, configurationDigest, others, startedAt);
    }

    /** True when both runs do the same to whatever their inputs hold. */
    boolean hasSettingsOf(RunHeader other) {
        return job.equals(other.job) && configurationDigest.equals(other.configurationDigest);
    }

    /** {@code sha256} of what identifies the output: job, configuration digest and the inputs' digests. */
    @JsonProperty
    public String digest() {
        return Sha256.of(job, configurationDigest, inputs.toString());
    }
}
