package org.ballast.spark.train;

import java.util.TreeMap;

/**
 * Mean of the workers' states, weighted by their examples, in double precision. Results may come in any order; they are
 * added in the order of the workers, so that the same results give the same bits. Holds one sum, and those results that
 * are ahead of their turn.
 */
final class WorkerMean {
    private final TreeMap<Integer, WorkerResult> early = new TreeMap<>();
    private final WorkerResult.Measured measured = new WorkerResult.Measured();
    private int next;
    private double[] theta;
    private double[] updaterState;
    private long iteration;

    synchronized void add(int worker, WorkerResult result) {
        early.put(worker, result);
        while (!early.isEmpty() && early.firstKey() == next) {
            addInTurn(early.pollFirstEntry().getValue());
            next++;
        }
    }

    private void addInTurn(WorkerResult result) {
        long weight = result.measured().examples();
        if (weight == 0) {
            return;
        }
        ReplicaState state = result.state().unpack();
        if (theta == null) {
            theta = new double[state.theta().length];
            updaterState = new double[state.updaterState().length];
        }
        addTo(theta, state.theta(), weight);
        addTo(updaterState, state.updaterState(), weight);
        iteration = Math.max(iteration, state.iteration());
        measured.add(result.measured());
    }

    private static void addTo(double[] sum, float[] values, long weight) {
        if (sum.length != values.length) {
            throw new IllegalStateException("workers differ in length: " + sum.length + ", " + values.length);
        }
        for (int i = 0; i < sum.length; i++) {
            sum[i] += (double) weight * values[i];
        }
    }

    /** The iteration is that of the worker that made the most steps. */
    synchronized ReplicaState state(int workers) {
        if (next != workers || theta == null) {
            throw new IllegalStateException(
                    theta == null ? "no worker had examples" : "results of " + next + " workers of " + workers);
        }
        return new ReplicaState(mean(theta), mean(updaterState), iteration);
    }

    private float[] mean(double[] sum) {
        float[] mean = new float[sum.length];
        for (int i = 0; i < mean.length; i++) {
            mean[i] = (float) (sum[i] / measured.examples());
        }
        return mean;
    }

    WorkerResult.Measured measured() {
        return measured;
    }
}
