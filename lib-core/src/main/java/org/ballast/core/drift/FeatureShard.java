package org.ballast.core.drift;

import java.io.Serializable;
import java.util.List;

/**
 * The rows that one worker trains on, packed.
 *
 * @param labels class of each row
 * @param values features row by row, {@code labels.length * width}
 */
@SuppressWarnings("ArrayRecordComponent")
public record FeatureShard(int width, int[] labels, float[] values) implements Serializable {
    public FeatureShard {
        if (values.length != labels.length * width) {
            throw new IllegalArgumentException(
                    values.length + " values for " + labels.length + " rows of width " + width);
        }
    }

    /** Packs rows, scaled. */
    public static FeatureShard of(int width, List<LabelledFeatures> rows, FeatureScaling scaling) {
        int[] labels = new int[rows.size()];
        float[] values = new float[Math.multiplyExact(rows.size(), width)];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = rows.get(i).label();
            System.arraycopy(scaling.apply(rows.get(i).features()), 0, values, i * width, width);
        }
        return new FeatureShard(width, labels, values);
    }

    public int rows() {
        return labels.length;
    }
}
