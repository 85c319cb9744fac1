package org.ballast.core.mllm;

import java.util.List;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.DeviceType;

/**
 * A differentiable loss over one flat parameter vector. Safe for concurrent calls from several threads, each with tensors of its own. Owns the model
 * that it was made with.
 *
 * @param <E> one training example
 */
public interface Objective<E> extends AutoCloseable {
    /** Elements of the parameter vector. */
    long parameterCount();

    /** Where {@link #evaluate} wants its tensors. */
    default Device device() {
        return new Device(DeviceType.CPU);
    }

    /** Writes the parameters before the first step into an array of {@link #parameterCount} elements. */
    void initialTheta(float[] into);

    /**
     * Loss and gradient of a batch. Does nothing to {@code theta}.
     *
     * @param theta {@code [parameterCount]}, contiguous, float32 (float64 with a float64 model)
     * @param gradientOrNull of theta's type and shape; overwritten in place with the gradient of the batch's mean loss; null: value only
     * @throws NonFiniteLossException when the loss is no finite number
     */
    ObjectiveValue evaluate(Tensor theta, Tensor gradientOrNull, List<E> batch);

    /**
     * The same at a step of a training, whose number is all that draws (dropout) hang on beside the rows; {@link #evaluate} is step 0.
     *
     * @param step optimizer steps made before
     */
    default ObjectiveValue evaluateAt(long step, Tensor theta, Tensor gradientOrNull, List<E> batch) {
        return evaluate(theta, gradientOrNull, batch);
    }

    @Override
    void close();
}
