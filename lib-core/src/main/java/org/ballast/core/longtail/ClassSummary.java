package org.ballast.core.longtail;

import java.util.Collection;

/**
 * What the classes of a split are like.
 *
 * @param classes with at least one sample
 * @param samples of them
 * @param largest samples of the largest class
 * @param smallest samples of the smallest class
 * @param imbalanceRatio largest / smallest, at least 1; 1 without classes
 * @param entropy of the prior, -sum p log p in nats: 0 for one class, log(classes) when all are equal
 * @param effectiveClasses exp(entropy): as many equal classes have this entropy; 0 without classes
 */
public record ClassSummary(
        int classes,
        long samples,
        long largest,
        long smallest,
        double imbalanceRatio,
        double entropy,
        double effectiveClasses) {

    /**
     * Sums up.
     *
     * @param counts samples of each class; those without any play no part
     */
    public static ClassSummary of(Collection<Long> counts) {
        long[] sizes = counts.stream()
                .mapToLong(Long::longValue)
                .filter(n -> n > 0)
                .sorted()
                .toArray();
        if (sizes.length == 0) {
            return new ClassSummary(0, 0, 0, 0, 1, 0, 0);
        }
        long samples = 0;
        for (long size : sizes) {
            samples += size;
        }
        double entropy = 0;
        for (long size : sizes) {
            double prior = (double) size / samples;
            entropy -= prior * Math.log(prior);
        }
        entropy = Math.max(0, entropy); // -1 log 1 is -0.0
        long largest = sizes[sizes.length - 1];
        return new ClassSummary(
                sizes.length, samples, largest, sizes[0], (double) largest / sizes[0], entropy, Math.exp(entropy));
    }
}
