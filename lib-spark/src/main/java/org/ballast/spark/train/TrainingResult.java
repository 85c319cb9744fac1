package org.ballast.spark.train;

/**
 * A finished run.
 *
 * @param steps optimizer steps of a replica over the whole run, those before a resumption included
 * @param examples seen by all workers over the whole run
 * @param resumedRounds rounds that an earlier process had done; 0 for a run in one go
 * @param seconds time of the rounds, those of an earlier process included
 */
public record TrainingResult(
        float[] theta, LossCurve curve, long steps, long examples, int rounds, int resumedRounds, double seconds) {}
