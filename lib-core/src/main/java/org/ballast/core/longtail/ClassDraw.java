package org.ballast.core.longtail;

import java.io.Serial;
import java.io.Serializable;
import org.ballast.core.data.ItemRandom;

/**
 * An epoch as a list of draws with replacement, each a class by its probability and then one of the class's samples, all
 * alike. Draw i of an epoch depends on seed, epoch and i alone, so an epoch may be drawn in parts and anywhere.
 */
public final class ClassDraw implements Serializable {
    @Serial
    private static final long serialVersionUID = 1;

    private static final String STREAM = "sample";

    private final long[] counts;
    private final double[] upTo;
    private final int last;

    /**
     * What was drawn.
     *
     * @param classIndex index of the class in the given order
     * @param sample index of the sample in its class
     */
    public record Draw(int classIndex, long sample) {}

    /**
     * @param counts samples of each class, at least one above 0
     * @param progress see {@link SamplingStrategy#probabilities}
     */
    public ClassDraw(SamplingStrategy strategy, long[] counts, double progress) {
        this.counts = counts.clone();
        double[] probabilities = strategy.probabilities(counts, progress);
        upTo = new double[counts.length];
        double sum = 0;
        int most = 0;
        for (int k = 0; k < counts.length; k++) {
            sum += probabilities[k];
            upTo[k] = sum;
            most = counts[k] > 0 ? k : most;
        }
        last = most;
    }

    /** Draw number {@code i} of an epoch. */
    public Draw draw(long seed, int epoch, long i) {
        var random = ItemRandom.of(seed, STREAM, epoch + "/" + i, 0);
        double place = random.nextDouble();
        int low = 0;
        int high = last;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (upTo[middle] > place) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return new Draw(low, random.nextLong(counts[low]));
    }
}
