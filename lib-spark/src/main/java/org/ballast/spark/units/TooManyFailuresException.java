package org.ballast.spark.units;

import java.util.Map;

/** More rows were rejected than the configuration allows. */
public final class TooManyFailuresException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public TooManyFailuresException(
            String stage, long rejected, long attempts, double allowed, Map<String, Long> reasons) {
        super("stage " + stage + ": " + rejected + " of " + attempts
                + " attempts were rejected, more than max-failure-rate " + allowed + " allows"
                + (reasons.isEmpty() ? "" : "; most frequent: " + UnitRunner.summary(reasons)));
    }
}
