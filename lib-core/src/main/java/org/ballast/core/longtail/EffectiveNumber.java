package org.ballast.core.longtail;

/**
 * E_n = (1 - beta^n) / (1 - beta), the number of samples that are not covered by others, and class weights that go with
 * 1 / E_n (Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, equations 5 and 10).
 */
public final class EffectiveNumber {
    private EffectiveNumber() {}

    /**
     * E_n: 1 for beta = 0, towards n as beta goes to 1.
     *
     * @param samples n, at least 0
     * @param beta in [0, 1)
     */
    public static double of(long samples, double beta) {
        if (samples < 0 || !(beta >= 0 && beta < 1)) {
            throw new IllegalArgumentException(
                    "effective number of %d samples with beta %s: samples >= 0 and beta in [0, 1) are needed"
                            .formatted(samples, beta));
        }
        if (samples == 0) {
            return 0;
        }
        // 1 - beta^n without the loss of digits where beta^n is close to 1
        double rest = 1 - beta;
        return beta == 0 ? 1 : -Math.expm1(samples * Math.log1p(-rest)) / rest;
    }

    /**
     * Weights of the classes' losses, proportional to 1 / E_n; those of the classes with samples add up to their number.
     *
     * @return one a class, 0 for a class without samples
     */
    public static double[] weights(long[] counts, double beta) {
        double[] weights = new double[counts.length];
        double sum = 0;
        int classes = 0;
        for (int k = 0; k < counts.length; k++) {
            if (counts[k] != 0) {
                weights[k] = 1 / of(counts[k], beta);
                sum += weights[k];
                classes++;
            }
        }
        for (int k = 0; k < weights.length; k++) {
            weights[k] = sum == 0 ? 0 : weights[k] / sum * classes;
        }
        return weights;
    }
}
