package org.ballast.core.drift;

import java.io.Serializable;
import java.util.Map;

/**
 * What an adapter says of one sample.
 *
 * @param label the true class; negative out of distribution
 * @param predicted class of the greatest logit, the lowest among equals
 * @param logits z by class
 * @param confidence by score, higher = more in distribution
 */
@SuppressWarnings("ArrayRecordComponent")
public record AdapterPrediction(String id, int label, int predicted, double[] logits, Map<OodScore, Double> confidence)
        implements Serializable {}
