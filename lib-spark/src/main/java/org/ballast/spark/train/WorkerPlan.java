package org.ballast.spark.train;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;

/**
 * What one worker does in one round.
 *
 * @param batches example indexes by step; fewer than the round has steps, or a short last one, where the examples run
 * out
 */
public record WorkerPlan(Round round, int worker, List<long[]> batches) implements Serializable {
    /** Indexes of all batches in order. */
    public long[] indexes() {
        return batches.stream().flatMapToLong(Arrays::stream).toArray();
    }
}
