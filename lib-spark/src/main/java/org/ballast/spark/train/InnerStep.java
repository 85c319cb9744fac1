package org.ballast.spark.train;

import java.util.List;
import org.ballast.core.mllm.ObjectiveValue;

/**
 * A worker's replica: parameters, updater state and their update, between two averagings. Where it keeps them (DL4J's
 * arrays, a GPU) is its own affair; arrays cross only in {@link #load}, {@link #theta} and {@link #updaterState}.
 * Used by one thread at a time.
 */
public interface InnerStep<E> extends AutoCloseable {
    /**
     * Takes over a state; every later step follows from it alone.
     *
     * @param updaterState as {@link #updaterState()} returned it; an empty array stands for the state of a new run
     * @param iteration optimizer steps made before
     */
    void load(float[] theta, float[] updaterState, long iteration);

    /** Forward, backward and update on one batch; the value is that of before the update. */
    ObjectiveValue step(List<E> batch);

    float[] theta();

    float[] updaterState();

    @Override
    void close();
}
