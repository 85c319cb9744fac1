package org.ballast.jobs;

import java.io.IOException;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;

/** A stage whose settings are read: what it reads from outside, and how it runs. */
public interface Task {
    /**
     * Digests of what the stage reads that no stage wrote: annotation files, archives, tokenizers. They are part of the
     * stage's digest, so a changed file makes the stage out of date.
     *
     * @throws org.ballast.core.config.ConfigurationException naming every file that is missing
     */
    default Map<String, String> externalInputs(Configuration hadoop) throws IOException {
        return Map.of();
    }

    /** Does the work, writing under the stage's folder; may be called again after it was killed. */
    StageOutcome run(StageContext context) throws Exception;
}
