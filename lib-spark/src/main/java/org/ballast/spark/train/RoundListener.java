package org.ballast.spark.train;

/** Told on the driver after each round. */
@FunctionalInterface
public interface RoundListener {
    /** @param rounds how many the run has in all */
    void onRound(LossCurve.Point point, RoundPlan plan, int rounds);
}
