package org.ballast.core.mllm;

import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** A differentiable loss over one flat parameter vector. Safe for concurrent calls from several tasks. */
public interface Objective<E> extends AutoCloseable {
    /** Length of the parameter vector. */
    long parameterCount();

    /** Writes the initial parameters into an array of length {@link #parameterCount()}. */
    void initialTheta(float[] into);

    /**
     * The loss of a batch at theta.
     *
     * @param theta parameters, [parameterCount]
     * @param gradientOrNull receives the gradient of the batch's mean loss in place, contiguous float32 [parameterCount]; null: value only
     */
    ObjectiveValue evaluate(Tensor theta, Tensor gradientOrNull, List<E> batch);
}
