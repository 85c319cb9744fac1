package org.ballast.spark.train;

import java.util.Map;

/** Measures averaged parameters on held-out data, on the driver. */
@FunctionalInterface
public interface Evaluator {
    Map<String, Double> evaluate(float[] theta);
}
