package org.ballast.spark.train;

/**
 * A run between two rounds: all that the next round depends on.
 *
 * @param runKey digest of everything that decides the run's course
 * @param rounds done
 * @param iteration optimizer steps a replica has made
 * @param examples that all workers have seen
 */
record RoundState(
        String runKey,
        int rounds,
        long iteration,
        long examples,
        float[] theta,
        float[] updaterState,
        float[] momentum,
        LossCurve curve) {
    static RoundState start(String runKey, float[] theta, int momentumSlots) {
        return new RoundState(
                runKey, 0, 0, 0, theta, new float[0], new float[momentumSlots * theta.length], LossCurve.empty());
    }

    ReplicaState replica() {
        return new ReplicaState(theta, updaterState, iteration);
    }

    RoundState withCurve(LossCurve other) {
        return new RoundState(runKey, rounds, iteration, examples, theta, updaterState, momentum, other);
    }
}
