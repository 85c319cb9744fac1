package org.ballast.core.mllm;

import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a batch gave.
 *
 * @param loss the mean loss that the gradient belongs to
 * @param metrics named figures of the batch, in a fixed order
 */
public record ObjectiveValue(double loss, Map<String, Double> metrics) implements Serializable {
    public ObjectiveValue {
        metrics = new LinkedHashMap<>(metrics);
    }
}
