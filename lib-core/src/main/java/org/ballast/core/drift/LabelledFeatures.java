package org.ballast.core.drift;

import java.io.Serializable;

/**
 * One sample's feature vector and class.
 *
 * @param id the sample's id; it decides shard and order, so it must be unique
 * @param label class from 0, or negative where the sample belongs to none (out of distribution)
 * @param features finite values; not copied, not to be changed
 */
@SuppressWarnings("ArrayRecordComponent")
public record LabelledFeatures(String id, int label, float[] features) implements Serializable {
    public LabelledFeatures {
        for (int i = 0; i < features.length; i++) {
            if (!Float.isFinite(features[i])) {
                throw new IllegalArgumentException("feature " + i + " of sample " + id + " is " + features[i]);
            }
        }
    }
}
