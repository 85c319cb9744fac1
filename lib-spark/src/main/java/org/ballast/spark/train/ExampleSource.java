package org.ballast.spark.train;

import java.io.Serializable;
import java.util.List;

/**
 * Examples by index, read on the executors. What it opens there (a file, a broadcast) it opens once a JVM; see
 * {@link ExecutorCache}.
 */
public interface ExampleSource<E> extends Serializable {
    /**
     * The examples of these indexes, in this order; an index may come twice.
     *
     * @throws IllegalArgumentException if an index is not there
     */
    List<E> fetch(long[] indexes);
}
