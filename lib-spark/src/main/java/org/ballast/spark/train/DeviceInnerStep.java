package org.ballast.spark.train;

import static org.bytedeco.pytorch.global.torch.zeros_like;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.ballast.core.mllm.Objective;
import org.ballast.core.mllm.ObjectiveValue;
import org.ballast.spark.train.OptimizerSettings.Algorithm;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The replica on the objective's device: parameters, gradient and updater state stay there, float32, and cross to the host by explicit copies in {@link #load},
 * {@link #theta} and {@link #updaterState} alone. Moves as {@link OptimizerSettings} says, and so as {@link Dl4jInnerStep}; the updater state has the same order (the first
 * moments, then the second), so that either may continue what the other began.
 */
public final class DeviceInnerStep<E> implements InnerStep<E> {
    private final Objective<E> objective;
    private final OptimizerSettings optimizer;
    private final Tensor theta;
    private final Tensor gradient;
    /** Null under SGD. */
    private final Tensor firstMoment;
    /** Null under SGD. */
    private final Tensor secondMoment;

    private long iteration;

    /** The objective stays the caller's to close. */
    public DeviceInnerStep(Objective<E> objective, OptimizerSettings optimizer) {
        this.objective = objective;
        this.optimizer = optimizer;
        try (var scope = new PointerScope()) {
            int count = Math.toIntExact(objective.parameterCount());
            theta = Tensor.create(new float[count], count)
                    .to(objective.device(), ScalarType.Float)
                    .clone(); // [parameters]
            gradient = zeros_like(theta); // [parameters]
            boolean moments = optimizer.algorithm() == Algorithm.ADAM_W;
            firstMoment = moments ? zeros_like(theta) : null; // [parameters]
            secondMoment = moments ? zeros_like(theta) : null; // [parameters]
            tensors().forEach(Tensor::retainReference);
        }
    }

    private Stream<Tensor> tensors() {
        return Stream.of(theta, gradient, firstMoment, secondMoment).filter(t -> t != null);
    }

    @Override
    public void load(float[] newTheta, float[] state, long newIteration) {
        int count = Math.toIntExact(theta.numel());
        if (state.length != 0 && state.length != (long) optimizer.stateSlots() * count) {
            throw new IllegalArgumentException("the updater keeps " + optimizer.stateSlots() + " x " + count
                    + " values of state, got " + state.length);
        }
        copy(newTheta, 0, theta);
        if (firstMoment != null && state.length == 0) {
            firstMoment.zero_();
            secondMoment.zero_();
        } else if (firstMoment != null) {
            copy(state, 0, firstMoment);
            copy(state, count, secondMoment);
        }
        iteration = newIteration;
    }

    private static void copy(float[] from, int at, Tensor to) {
        int count = Math.toIntExact(to.numel());
        if (from.length < at + count) {
            throw new IllegalArgumentException("cannot copy " + from.length + " values into " + count);
        }
        try (var scope = new PointerScope()) {
            float[] part = from.length == count ? from : Arrays.copyOfRange(from, at, at + count);
            to.copy_(Tensor.create(part, count)); // [parameters]
        }
    }

    @Override
    public ObjectiveValue step(List<E> batch) {
        ObjectiveValue value = objective.evaluateAt(iteration, theta, gradient, batch);
        try (var scope = new PointerScope();
                var noGrad = new NoGradGuard()) {
            clip();
            double rate = optimizer.rate().at(iteration);
            Tensor direction = firstMoment == null ? gradient : adamDirection(); // [parameters]
            // both terms look at the parameters before the step
            theta.mul_(new Scalar(1 - rate * optimizer.weightDecay())).sub_(direction, new Scalar(rate));
        }
        iteration++;
        return value;
    }

    /** Scales the gradient to the norm's bound where it is longer. */
    private void clip() {
        if (optimizer.maxGradientNorm() > 0) {
            double norm = gradient.norm().item_double();
            if (norm > optimizer.maxGradientNorm()) {
                gradient.mul_(new Scalar(optimizer.maxGradientNorm() / norm));
            }
        }
    }

    private Tensor adamDirection() {
        double beta1 = optimizer.beta1();
        double beta2 = optimizer.beta2();
        firstMoment.mul_(new Scalar(beta1)).add_(gradient, new Scalar(1 - beta1));
        secondMoment.mul_(new Scalar(beta2)).addcmul_(gradient, gradient, new Scalar(1 - beta2));
        double correction = Math.sqrt(1 - Math.pow(beta2, iteration + 1.0)) / (1 - Math.pow(beta1, iteration + 1.0));
        Tensor root = secondMoment.sqrt().add_(new Scalar(optimizer.epsilon())); // [parameters]
        return firstMoment.div(root).mul_(new Scalar(correction)); // [parameters]
    }

    @Override
    public float[] theta() {
        float[] out = new float[Math.toIntExact(theta.numel())];
        copyOut(theta, out, 0);
        return out;
    }

    @Override
    public float[] updaterState() {
        if (firstMoment == null) {
            return new float[0];
        }
        int count = Math.toIntExact(theta.numel());
        float[] out = new float[2 * count];
        copyOut(firstMoment, out, 0);
        copyOut(secondMoment, out, count);
        return out;
    }

    private static void copyOut(Tensor from, float[] to, int at) {
        try (var scope = new PointerScope()) {
            Tensor host = from.cpu(); // [parameters]
            new FloatPointer(host.data_ptr()).get(to, at, Math.toIntExact(host.numel()));
        }
    }

    @Override
    public void close() {
        tensors().forEach(Tensor::releaseReference);
    }
}
