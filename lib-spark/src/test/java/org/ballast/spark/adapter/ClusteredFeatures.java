package org.ballast.spark.adapter;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.ballast.core.data.ItemRandom;
import org.ballast.core.drift.LabelledFeatures;

/** Synthetic features: a Gaussian cluster a class, class sizes falling geometrically; the open set has other centres. */
record ClusteredFeatures(int classes, int width, double noise, long seed) {
    private static final int OPEN_CENTRES = 10;

    /** Class k has round(head * ratio^k) rows, at least one. */
    List<LabelledFeatures> longTail(int head, double ratio) {
        List<LabelledFeatures> rows = new ArrayList<>();
        for (int k = 0; k < classes; k++) {
            long count = Math.max(1, Math.round(head * Math.pow(ratio, k)));
            for (int i = 0; i < count; i++) {
                rows.add(row("train", k, k, i));
            }
        }
        return rows;
    }

    List<LabelledFeatures> balanced(String split, int perClass) {
        List<LabelledFeatures> rows = new ArrayList<>();
        for (int k = 0; k < classes; k++) {
            for (int i = 0; i < perClass; i++) {
                rows.add(row(split, k, k, i));
            }
        }
        return rows;
    }

    List<LabelledFeatures> open(int count) {
        List<LabelledFeatures> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            rows.add(row("open", -1, classes + i % OPEN_CENTRES, i));
        }
        return rows;
    }

    private LabelledFeatures row(String split, int label, int centre, int index) {
        RandomGenerator centres = ItemRandom.of(seed, "init", "centre-" + centre, 0);
        RandomGenerator random = ItemRandom.of(seed, "noise", split + "/" + centre + "/" + index, 0);
        float[] features = new float[width];
        for (int i = 0; i < width; i++) {
            features[i] = (float) (centres.nextGaussian() + noise * random.nextGaussian());
        }
        return new LabelledFeatures(split + "/" + centre + "/" + index, label, features);
    }
}
