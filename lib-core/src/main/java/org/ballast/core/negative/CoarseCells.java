package org.ballast.core.negative;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * The coarse quantiser of an inverted file: a unit vector belongs to the cell whose centroid is most similar to it, and a query is
 * compared with what lies in the few cells that are nearest to it (IVF; Sivic and Zisserman, Video Google, ICCV 2003; Jegou et al., Product
 * Quantization for Nearest Neighbor Search, PAMI 2011, section IV). Similarity is the dot product; among equals the lowest number wins.
 */
public final class CoarseCells implements Serializable {
    private static final long serialVersionUID = 1L;

    private final List<float[]> centroids;
    private final double spread;

    /**
     * @param centroids one a cell, at least one, of length 1
     * @param spread mean similarity of the vectors to their centroids, above 0, at most 1
     */
    public CoarseCells(List<float[]> centroids, double spread) {
        if (centroids.isEmpty()) {
            throw new IllegalArgumentException("there must be at least one cell");
        }
        if (!(spread > 0 && spread <= 1)) {
            throw new IllegalArgumentException("spread must be above 0 and at most 1, was " + spread);
        }
        int dimensions = centroids.get(0).length;
        for (float[] centroid : centroids) {
            if (centroid.length != dimensions) {
                throw new IllegalArgumentException(
                        "centroids of %d and %d values".formatted(dimensions, centroid.length));
            }
        }
        this.centroids = new ArrayList<>(centroids);
        this.spread = spread;
    }

    /** Number of cells. */
    public int size() {
        return centroids.size();
    }

    /** The cell of a vector. */
    public int nearest(float[] vector) {
        int best = 0;
        float highest = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < centroids.size(); i++) {
            float similarity = dot(vector, centroids.get(i));
            if (similarity > highest) {
                best = i;
                highest = similarity;
            }
        }
        return best;
    }

    /**
     * The cells to search for a query, the most promising first. Members of a cell whose centroid has similarity c to the query have
     * about c spread, so where matches must not be more similar than {@code most}, cells beyond {@code most / spread} come in the
     * order of their distance from it.
     *
     * @param count at most, at least 1
     * @param most upper end of the window of similarities; 1 for none
     */
    public int[] nearest(float[] query, int count, double most) {
        if (count < 1) {
            throw new IllegalArgumentException("at least 1 cell must be searched, not " + count);
        }
        double target = most >= 1 ? Double.POSITIVE_INFINITY : most / spread;
        double[] promise = new double[centroids.size()];
        Integer[] order = new Integer[centroids.size()];
        for (int i = 0; i < promise.length; i++) {
            double similarity = dot(query, centroids.get(i));
            promise[i] = similarity > target ? 2 * target - similarity : similarity;
            order[i] = i;
        }
        Arrays.sort(
                order,
                Comparator.<Integer>comparingDouble(i -> promise[i]).reversed().thenComparing(i -> i));
        return Arrays.stream(order).limit(count).mapToInt(i -> i).toArray();
    }

    private float dot(float[] vector, float[] centroid) {
        if (vector.length != centroid.length) {
            throw new IllegalArgumentException(
                    "vector of %d values among centroids of %d".formatted(vector.length, centroid.length));
        }
        // four sums: one alone would wait for itself at each step
        float a = 0;
        float b = 0;
        float c = 0;
        float d = 0;
        int k = 0;
        for (; k + 3 < vector.length; k += 4) {
            a += vector[k] * centroid[k];
            b += vector[k + 1] * centroid[k + 1];
            c += vector[k + 2] * centroid[k + 2];
            d += vector[k + 3] * centroid[k + 3];
        }
        for (; k < vector.length; k++) {
            a += vector[k] * centroid[k];
        }
        return a + b + (c + d);
    }
}
