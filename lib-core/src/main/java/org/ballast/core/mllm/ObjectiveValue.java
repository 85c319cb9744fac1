package org.ballast.core.mllm;

import java.util.Map;

/** Mean loss of a batch and what else was measured on the way, by name. */
public record ObjectiveValue(double loss, Map<String, Double> metrics) {
    public ObjectiveValue {
        metrics = Map.copyOf(metrics);
    }
}
