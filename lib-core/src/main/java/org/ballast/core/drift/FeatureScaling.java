package org.ballast.core.drift;

import java.io.Serializable;
import java.util.Locale;

/**
 * What is done to a feature vector before the adapter sees it.
 *
 * @param mean subtracted, one value a column; empty unless {@link Mode#STANDARD}
 * @param deviation divided by, positive; empty unless {@link Mode#STANDARD}
 */
@SuppressWarnings("ArrayRecordComponent")
public record FeatureScaling(Mode mode, float[] mean, float[] deviation) implements Serializable {

    /** Kinds of scaling. */
    public enum Mode {
        /** As it is. */
        NONE,
        /** To unit length; a zero vector stays. */
        L2,
        /** (x - mean) / deviation by column, by the training samples' statistics. */
        STANDARD;

        /** The name in configurations: {@code none}, {@code l2}, {@code standard}. */
        public static Mode of(String name) {
            for (Mode mode : values()) {
                if (mode.name().toLowerCase(Locale.ROOT).equals(name)) {
                    return mode;
                }
            }
            throw new IllegalArgumentException("no feature scaling \"" + name + "\": none, l2 or standard");
        }
    }

    public FeatureScaling {
        if (mean.length != deviation.length) {
            throw new IllegalArgumentException(mean.length + " means, " + deviation.length + " deviations");
        }
        for (int i = 0; i < deviation.length; i++) {
            if (!(deviation[i] > 0)) {
                throw new IllegalArgumentException("deviation of column " + i + " is " + deviation[i]);
            }
        }
    }

    /** Scaling without statistics: {@link Mode#NONE} or {@link Mode#L2}. */
    public static FeatureScaling of(Mode mode) {
        if (mode == Mode.STANDARD) {
            throw new IllegalArgumentException("standard scaling needs statistics");
        }
        return new FeatureScaling(mode, new float[0], new float[0]);
    }

    /** Standard scaling by moments; a column that does not vary is only centred. */
    public static FeatureScaling standard(Moments moments) {
        int width = moments.mean().length;
        float[] mean = new float[width];
        float[] deviation = new float[width];
        for (int i = 0; i < width; i++) {
            mean[i] = (float) moments.mean()[i];
            float root = (float) Math.sqrt(moments.squares()[i] / moments.count());
            deviation[i] = root > 0 ? root : 1;
        }
        return new FeatureScaling(Mode.STANDARD, mean, deviation);
    }

    /**
     * The scaled vector, a new array.
     *
     * @throws IllegalArgumentException if its width is not that of the statistics
     */
    public float[] apply(float[] features) {
        float[] scaled = features.clone();
        switch (mode) {
            case NONE -> {}
            case L2 -> {
                double squares = 0;
                for (float x : features) {
                    squares += (double) x * x;
                }
                double norm = Math.max(Math.sqrt(squares), UnitRows.EPSILON);
                for (int i = 0; i < scaled.length; i++) {
                    scaled[i] = (float) (features[i] / norm);
                }
            }
            case STANDARD -> {
                if (features.length != mean.length) {
                    throw new IllegalArgumentException(
                            "a feature vector of width " + features.length + ", statistics of width " + mean.length);
                }
                for (int i = 0; i < scaled.length; i++) {
                    scaled[i] = (features[i] - mean[i]) / deviation[i];
                }
            }
        }
        return scaled;
    }

    /**
     * Count, mean and sum of squared deviations by column, in double precision, which can be merged (Chan et al. 1979).
     */
    public record Moments(long count, double[] mean, double[] squares) implements Serializable {
        public static Moments empty(int width) {
            return new Moments(0, new double[width], new double[width]);
        }

        /**
         * These and one vector more; overwrites these arrays.
         *
         * @throws IllegalArgumentException if the widths differ
         */
        public Moments plus(float[] features) {
            if (features.length != mean.length) {
                throw new IllegalArgumentException(
                        "a feature vector of width " + features.length + " among vectors of width " + mean.length);
            }
            long n = count + 1;
            for (int i = 0; i < mean.length; i++) {
                double delta = features[i] - mean[i];
                mean[i] += delta / n;
                squares[i] += delta * (features[i] - mean[i]);
            }
            return new Moments(n, mean, squares);
        }

        /** Both together; overwrites these arrays. */
        public Moments plus(Moments other) {
            if (other.count == 0) {
                return this;
            }
            long n = count + other.count;
            for (int i = 0; i < mean.length; i++) {
                double delta = other.mean[i] - mean[i];
                mean[i] += delta * other.count / n;
                squares[i] += other.squares[i] + delta * delta * ((double) count * other.count / n);
            }
            return new Moments(n, mean, squares);
        }
    }
}
