package org.ballast.core.metric;

import java.util.ArrayList;
import java.util.List;

/**
 * How far confidence and accuracy agree: ECE = sum over bins of |b|/n |accuracy(b) - mean confidence(b)|, bins (lo, hi]
 * of equal width over (0, 1]; a confidence of 0 falls into the first.
 *
 * @param nll mean of -log softmax(z)_y in nats; null where only confidences were given
 */
public record Calibration(int samples, double ece, Double nll, double accuracy, List<Bin> bins) {
    /** Bins that the literature uses. */
    public static final int BINS = 15;

    public Calibration {
        bins = List.copyOf(bins);
    }

    /** One bin; accuracy and mean confidence are null where it is empty. */
    public record Bin(int count, Double accuracy, Double confidence) {}

    /**
     * From logits {@code [samples][classes]}; the confidence is the greatest softmax value, ties go to the lowest class.
     *
     * @throws IllegalArgumentException on no sample, unequal lengths, a label out of range or a logit that is not finite
     */
    public static Calibration ofLogits(double[][] logits, int[] labels, int bins) {
        if (logits.length != labels.length) {
            throw new IllegalArgumentException(logits.length + " rows of logits, but " + labels.length + " labels");
        }
        double[] confidence = new double[logits.length];
        boolean[] right = new boolean[logits.length];
        double nll = 0;
        for (int i = 0; i < logits.length; i++) {
            double[] z = logits[i];
            if (labels[i] < 0 || labels[i] >= z.length) {
                throw new IllegalArgumentException(
                        "label of sample " + i + " is " + labels[i] + ", outside 0.." + (z.length - 1));
            }
            int best = 0;
            for (int k = 0; k < z.length; k++) {
                if (!Double.isFinite(z[k])) {
                    throw new IllegalArgumentException("logit of sample " + i + ", class " + k + " is " + z[k]);
                }
                best = z[k] > z[best] ? k : best;
            }
            double sum = 0;
            for (double value : z) {
                sum += Math.exp(value - z[best]);
            }
            confidence[i] = 1 / sum;
            right[i] = best == labels[i];
            nll += Math.log(sum) + z[best] - z[labels[i]];
        }
        Calibration binned = ofConfidence(confidence, right, bins);
        return new Calibration(binned.samples, binned.ece, nll / labels.length, binned.accuracy, binned.bins);
    }

    /**
     * From confidences in [0, 1] and whether each was right.
     *
     * @throws IllegalArgumentException on no sample, unequal lengths, no bin, or a confidence outside [0, 1]
     */
    public static Calibration ofConfidence(double[] confidence, boolean[] right, int bins) {
        if (confidence.length != right.length) {
            throw new IllegalArgumentException(confidence.length + " confidences, but " + right.length + " outcomes");
        }
        if (confidence.length == 0 || bins < 1) {
            throw new IllegalArgumentException(confidence.length + " samples, " + bins + " bins: need one of each");
        }
        int[] count = new int[bins];
        int[] hits = new int[bins];
        double[] sum = new double[bins];
        int allHits = 0;
        for (int i = 0; i < confidence.length; i++) {
            if (!(confidence[i] >= 0 && confidence[i] <= 1 + 1e-12)) {
                throw new IllegalArgumentException("confidence of sample " + i + " is " + confidence[i]);
            }
            int b = Math.min(Math.max((int) Math.ceil(confidence[i] * bins) - 1, 0), bins - 1);
            count[b]++;
            sum[b] += confidence[i];
            if (right[i]) {
                hits[b]++;
                allHits++;
            }
        }
        double ece = 0;
        List<Bin> table = new ArrayList<>(bins);
        for (int b = 0; b < bins; b++) {
            if (count[b] == 0) {
                table.add(new Bin(0, null, null));
            } else {
                ece += Math.abs(hits[b] - sum[b]) / confidence.length;
                table.add(new Bin(count[b], (double) hits[b] / count[b], sum[b] / count[b]));
            }
        }
        return new Calibration(confidence.length, ece, null, (double) allHits / confidence.length, table);
    }
}
