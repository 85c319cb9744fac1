package org.ballast.spark.evaluate;

/**
 * Mean of a sample and how well it is known.
 *
 * @param standardDeviation sqrt(sum (x - mean)^2 / (n - 1)), 0 for one value
 * @param count number of values
 */
public record Estimate(double mean, double standardDeviation, long count) {

    /** Estimate of at least one value; summed in the given order, so the same values give the same bits. */
    public static Estimate of(double... values) {
        if (values.length == 0) {
            throw new IllegalArgumentException("mean of no values");
        }
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        double mean = sum / values.length;
        double squares = 0;
        for (double value : values) {
            squares += (value - mean) * (value - mean);
        }
        double deviation = values.length == 1 ? 0 : Math.sqrt(squares / (values.length - 1));
        return new Estimate(mean, deviation, values.length);
    }

    /** Standard error of the mean, standardDeviation / sqrt(count). */
    public double standardError() {
        return standardDeviation / Math.sqrt(count);
    }
}
