package org.ballast.spark.train;

import java.io.Serializable;

/** What becomes of the workers' average: the optimizer of the outer loop, whose gradient is the way the average went. */
public sealed interface OuterStep extends Serializable {
    /** Floats of momentum behind each parameter: 0 or 1. */
    int momentumSlots();

    /**
     * The parameters of the next round.
     *
     * @param theta of the round's start
     * @param mean the workers' average, weighted by their examples
     * @param momentum zeros at the start of a run, updated in place; empty where {@link #momentumSlots} is 0
     */
    float[] next(float[] theta, float[] mean, float[] momentum);

    /** The next parameters are the average. */
    record PlainAverage() implements OuterStep {
        @Override
        public int momentumSlots() {
            return 0;
        }

        @Override
        public float[] next(float[] theta, float[] mean, float[] momentum) {
            return mean;
        }
    }

    /**
     * DiLoCo (Douillard et al. 2023): g = theta - mean, buf = momentum buf + g, theta' = theta - learningRate (g +
     * momentum buf). The paper has 0.7 and 0.9; learning rate 1 with momentum 0 is the plain average.
     */
    record Nesterov(double learningRate, double momentum) implements OuterStep {
        public Nesterov {
            if (!(learningRate > 0) || !(momentum >= 0 && momentum < 1)) {
                throw new IllegalArgumentException(
                        "need an outer learning rate > 0 and a momentum in [0, 1): " + learningRate + ", " + momentum);
            }
        }

        @Override
        public int momentumSlots() {
            return 1;
        }

        @Override
        public float[] next(float[] theta, float[] mean, float[] buffer) {
            float[] result = new float[theta.length];
            for (int i = 0; i < theta.length; i++) {
                double gradient = (double) theta[i] - mean[i];
                double moved = momentum * buffer[i] + gradient;
                buffer[i] = (float) moved;
                result[i] = (float) (theta[i] - learningRate * (gradient + momentum * moved));
            }
            return result;
        }
    }
}
