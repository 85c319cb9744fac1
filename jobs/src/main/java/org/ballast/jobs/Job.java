package org.ballast.jobs;

import org.ballast.core.config.RunConfig;
import org.ballast.core.config.StageConfig;

/** A kind of stage: turns the settings of one into a task. */
public interface Job {
    /** Name on the command line and in {@code reference.conf}. */
    String name();

    /** One line for the help text. */
    String summary();

    /**
     * Reads and validates the settings of a stage; touches no data.
     *
     * @throws org.ballast.core.config.ConfigurationException with every fault
     */
    Task configure(StageConfig stage, RunConfig run);
}
