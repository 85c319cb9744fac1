package org.ballast.spark.train;

import java.util.List;
import org.ballast.core.mllm.Objective;
import org.ballast.core.mllm.ObjectiveValue;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/** Opens a {@link TwoLayerRegression}; one that spoils every batch with the point {@code poison} in it, if asked to. */
record RegressionFactory(int hidden, long padding, String poison, String how) implements ObjectiveFactory<Point> {
    static RegressionFactory of(int hidden) {
        return new RegressionFactory(hidden, 0, "", "");
    }

    @Override
    public String key() {
        return toString();
    }

    @Override
    public Objective<Point> open() {
        return new Poisoned(new TwoLayerRegression(hidden, padding), poison, how);
    }

    private record Poisoned(Objective<Point> sound, String poison, String how) implements Objective<Point> {
        @Override
        public long parameterCount() {
            return sound.parameterCount();
        }

        @Override
        public void initialTheta(float[] into) {
            sound.initialTheta(into);
        }

        @Override
        public ObjectiveValue evaluate(Tensor theta, Tensor gradientOrNull, List<Point> batch) {
            ObjectiveValue value = sound.evaluate(theta, gradientOrNull, batch);
            if (batch.stream().noneMatch(point -> point.id().equals(poison))) {
                return value;
            }
            switch (how) {
                case "loss" -> {
                    return new ObjectiveValue(Double.NaN, value.metrics());
                }
                case "gradient" -> {
                    gradientOrNull.fill_(new Scalar(Double.NaN));
                    return value;
                }
                default -> throw new IllegalArgumentException("the picture of " + poison + " is broken");
            }
        }

        @Override
        public void close() {
            sound.close();
        }
    }
}
