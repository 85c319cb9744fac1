package org.ballast.core.longtail;

/**
 * Sizes of classes against their rank k = 0 .. K-1, as shares of the largest: r_0 = 1 and, for K &gt; 1, r_{K-1} = 1 / IR.
 * A single class has r_0 = 1.
 */
public enum TailProfile {
    /**
     * r_k = IR^(-k / (K-1)): CIFAR-10-LT and CIFAR-100-LT (Cui et al., Class-Balanced Loss Based on Effective Number of
     * Samples, CVPR 2019; IR is the inverse of their code's {@code imb_factor}).
     */
    EXPONENTIAL {
        @Override
        double share(int k, int classes, double ratio, double alpha) {
            return Math.pow(ratio, -(double) k / (classes - 1));
        }
    },
    /**
     * r_k = 1/IR + (1 - 1/IR) (q_k - q_{K-1}) / (q_0 - q_{K-1}) with q_k = u_k^(-1/alpha), u_k = (k + 1/2) / K: the upper
     * quantiles of a Pareto law with tail index alpha whose location and scale put the largest class at 1 and the smallest
     * at 1 / IR (Pareto's type II). ImageNet-LT and Places-LT (Liu et al., Large-Scale Long-Tailed Recognition in an Open
     * World, CVPR 2019) were drawn from a Pareto law of "power value" alpha = 6; paper and code do not say how exactly.
     * With ImageNet-LT's 1,000 classes of 1,280 to 5 this gives 104 k samples and 349 / 488 / 163 classes with many, medium
     * and few, against the published 116 k and 385 / 479 / 136.
     */
    PARETO {
        @Override
        double share(int k, int classes, double ratio, double alpha) {
            double last = quantile(classes - 1, classes, alpha);
            double place = (quantile(k, classes, alpha) - last) / (quantile(0, classes, alpha) - last);
            return 1 / ratio + (1 - 1 / ratio) * place;
        }
    };

    /** r_k for K &gt; 1. */
    abstract double share(int k, int classes, double ratio, double alpha);

    /**
     * r_k of the class of rank k.
     *
     * @param k 0 for the largest class
     * @param classes K, at least 1
     * @param ratio IR = largest / smallest, at least 1
     * @param alpha tail index of {@link #PARETO}, above 0: the smaller, the heavier the head
     */
    public double relativeSize(int k, int classes, double ratio, double alpha) {
        if (k < 0 || k >= classes) {
            throw new IllegalArgumentException("rank %d is not one of %d classes".formatted(k, classes));
        }
        return classes == 1 ? 1 : share(k, classes, ratio, alpha);
    }

    private static double quantile(int k, int classes, double alpha) {
        return Math.pow((k + 0.5) / classes, -1 / alpha);
    }
}
