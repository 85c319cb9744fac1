package org.ballast.core.preference;

import java.util.List;

/**
 * AdamW as torch has it, in plain Java, for tests of what trains: p *= 1 - lr wd, then
 * p -= lr mhat / (sqrt(vhat) + eps). Also clipping by the global norm.
 */
public final class AdamWReference {
    private final double beta1;
    private final double beta2;
    private final double epsilon;
    private final double weightDecay;
    private final double[] first;
    private final double[] second;
    private final boolean epsilonFirst;
    private int step;

    /** torch's. */
    public AdamWReference(int size, double beta1, double beta2, double epsilon, double weightDecay) {
        this(size, beta1, beta2, epsilon, weightDecay, false);
    }

    /**
     * Either form.
     *
     * @param epsilonFirst ND4J's: p -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps)
     */
    public AdamWReference(
            int size, double beta1, double beta2, double epsilon, double weightDecay, boolean epsilonFirst) {
        this.epsilonFirst = epsilonFirst;
        this.beta1 = beta1;
        this.beta2 = beta2;
        this.epsilon = epsilon;
        this.weightDecay = weightDecay;
        this.first = new double[size];
        this.second = new double[size];
    }

    /** Updates the parameters in place. */
    public void update(double[] parameters, double[] gradient, double learningRate) {
        step++;
        for (int i = 0; i < parameters.length; i++) {
            first[i] = beta1 * first[i] + (1 - beta1) * gradient[i];
            second[i] = beta2 * second[i] + (1 - beta2) * gradient[i] * gradient[i];
            double mean = first[i] / (1 - Math.pow(beta1, step));
            double correction = Math.sqrt(1 - Math.pow(beta2, step));
            double scale = epsilonFirst
                    ? (Math.sqrt(second[i]) + epsilon) / correction
                    : Math.sqrt(second[i]) / correction + epsilon;
            parameters[i] -= learningRate * weightDecay * parameters[i] + learningRate * mean / scale;
        }
    }

    public double[] firstMoment() {
        return first.clone();
    }

    public double[] secondMoment() {
        return second.clone();
    }

    /** g *= min(1, max / (norm + 1e-6)), one norm over all tensors; gives the norm before. */
    public static double clip(List<double[]> gradients, double maxNorm) {
        double squares = 0;
        for (double[] gradient : gradients) {
            for (double g : gradient) {
                squares += g * g;
            }
        }
        double norm = Math.sqrt(squares);
        double factor = Math.min(1, maxNorm / (norm + 1e-6));
        for (double[] gradient : gradients) {
            for (int i = 0; i < gradient.length; i++) {
                gradient[i] *= factor;
            }
        }
        return norm;
    }
}
