package org.ballast.jobs;

import java.io.IOException;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.config.RunConfig;
import org.ballast.core.config.StageConfig;
import org.ballast.spark.io.StageFolder;

/** A stage whose settings are read: what it reads from outside, and how it runs. */
public interface Task {
    /** Where it writes: the stage's folder under the root, unless the user named another. */
    default StageFolder output(StageConfig stage, RunConfig run, Configuration hadoop) {
        return StageFolder.of(hadoop, run.root(), stage.name());
    }

    /**
     * Digests of what the stage reads that no stage wrote: annotation files, archives, tokenizers. They are part of the
     * stage's digest, so a changed file makes the stage out of date.
     *
     * @throws org.ballast.core.config.ConfigurationException naming every file that is missing
     */
    default Map<String, String> externalInputs(Configuration hadoop) throws IOException {
        return Map.of();
    }

    /**
     * What the plan decides by the machines at hand and the output hangs on: the precision that {@code auto} stands for.
     * Part of the stage's digest.
     */
    default Map<String, String> decided(SparkSession spark) {
        return Map.of();
    }

    /**
     * True when a finished stage of the same settings can be brought up to date with other inputs
     * ({@link StageFolder.State#UPDATE}) instead of being replaced.
     */
    default boolean updates() {
        return false;
    }

    /**
     * Paths of settings that do not tell one output from another: what names the inputs, whose contents are part of
     * {@link #externalInputs}, and what marks rows without changing what they say.
     */
    default Set<String> outsideSettings() {
        return Set.of();
    }

    /** Does the work, writing under the stage's folder; may be called again after it was killed. */
    StageOutcome run(StageContext context) throws Exception;
}
