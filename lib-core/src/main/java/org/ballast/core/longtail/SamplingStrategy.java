package org.ballast.core.longtail;

/**
 * How often a class is drawn: p_k proportional to n_k^q over classes with samples (Kang et al., Decoupling Representation and
 * Classifier for Long-Tailed Recognition, ICLR 2020, equation 1 and section 4.1).
 */
public enum SamplingStrategy {
    /** q = 1: each sample alike. */
    INSTANCE_BALANCED,
    /** q = 0: each class alike. */
    CLASS_BALANCED,
    /** q = 1/2. */
    SQUARE_ROOT,
    /** (1 - t/T) of instance-balanced and t/T of class-balanced in epoch t of T. */
    PROGRESSIVELY_BALANCED;

    /**
     * Probability of each class.
     *
     * @param counts samples of each class, at least one above 0
     * @param progress t/T in [0, 1]; only {@link #PROGRESSIVELY_BALANCED} reads it
     * @return one a class, 0 for a class without samples; they add up to 1
     * @throws IllegalArgumentException when no class has samples, a count is negative or progress out of range
     */
    public double[] probabilities(long[] counts, double progress) {
        if (!(progress >= 0 && progress <= 1)) {
            throw new IllegalArgumentException("progress t/T must be in [0, 1], was " + progress);
        }
        return switch (this) {
            case INSTANCE_BALANCED -> power(counts, 1);
            case CLASS_BALANCED -> power(counts, 0);
            case SQUARE_ROOT -> power(counts, 0.5);
            case PROGRESSIVELY_BALANCED -> {
                double[] mixed = power(counts, 1);
                double[] balanced = power(counts, 0);
                for (int k = 0; k < mixed.length; k++) {
                    mixed[k] = (1 - progress) * mixed[k] + progress * balanced[k];
                }
                yield mixed;
            }
        };
    }

    private static double[] power(long[] counts, double exponent) {
        double[] weights = new double[counts.length];
        double sum = 0;
        for (int k = 0; k < counts.length; k++) {
            if (counts[k] < 0) {
                throw new IllegalArgumentException("class %d has %d samples".formatted(k, counts[k]));
            }
            weights[k] = counts[k] == 0 ? 0 : Math.pow(counts[k], exponent);
            sum += weights[k];
        }
        if (sum == 0) {
            throw new IllegalArgumentException("no class has a sample");
        }
        for (int k = 0; k < weights.length; k++) {
            weights[k] /= sum;
        }
        return weights;
    }
}
