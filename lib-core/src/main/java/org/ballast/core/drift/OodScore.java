package org.ballast.core.drift;

/**
 * Confidence that a sample is in distribution, from a head's outputs; higher = more in distribution, the
 * out-of-distribution score is its negative.
 */
public enum OodScore {
    /** max_k tSP(c_k) against the class weights. */
    TSP_DENSITY,
    /** Maximum softmax probability. */
    MSP,
    /** max_k z_k. */
    MAX_LOGIT,
    /** log sum_k exp(z_k): the negative free energy at temperature 1. */
    ENERGY;

    /**
     * The confidence of one sample.
     *
     * @param logits z by class
     * @param cosine cosine of the feature behind the neck and each class weight
     */
    public double confidence(double[] logits, double[] cosine, TspSimilarity similarity) {
        return switch (this) {
            case TSP_DENSITY -> similarity.at(max(cosine));
            case MSP -> 1 / sumExpShifted(logits, 1);
            case MAX_LOGIT -> max(logits);
            case ENERGY -> energy(logits, 1);
        };
    }

    /** T log sum_k exp(z_k / T), without overflow. */
    public static double energy(double[] logits, double temperature) {
        return max(logits) + temperature * Math.log(sumExpShifted(logits, temperature));
    }

    private static double sumExpShifted(double[] logits, double temperature) {
        double max = max(logits);
        double sum = 0;
        for (double logit : logits) {
            sum += Math.exp((logit - max) / temperature);
        }
        return sum;
    }

    private static double max(double[] values) {
        double max = Double.NEGATIVE_INFINITY;
        for (double value : values) {
            max = Math.max(max, value);
        }
        return max;
    }
}
