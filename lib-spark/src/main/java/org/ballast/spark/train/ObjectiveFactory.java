package org.ballast.spark.train;

import java.io.Serializable;
import org.ballast.core.mllm.Objective;

/** How an executor opens the objective. */
public interface ObjectiveFactory<E> extends Serializable {
    /** Its whole configuration: two factories with equal keys open the same objective. */
    String key();

    Objective<E> open();
}
