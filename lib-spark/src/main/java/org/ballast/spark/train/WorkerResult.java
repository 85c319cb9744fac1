package org.ballast.spark.train;

import java.io.Serializable;
import java.util.Map;
import java.util.TreeMap;
import org.ballast.core.mllm.ObjectiveValue;

/**
 * What a worker sends back after a round.
 *
 * @param state null where the worker had no examples
 */
record WorkerResult(ReplicaState.Packed state, Measured measured) implements Serializable {
    static WorkerResult idle() {
        return new WorkerResult(null, new Measured());
    }

    /** Loss and metrics of steps, each weighted by the examples behind it. */
    static final class Measured implements Serializable {
        private long examples;
        private double lossSum;
        private final TreeMap<String, double[]> metricSums = new TreeMap<>();

        void add(ObjectiveValue value, int batchSize) {
            examples += batchSize;
            lossSum += value.loss() * batchSize;
            value.metrics().forEach((name, metric) -> addMetric(name, metric * batchSize, batchSize));
        }

        void add(Measured other) {
            examples += other.examples;
            lossSum += other.lossSum;
            other.metricSums.forEach((name, sum) -> addMetric(name, sum[0], sum[1]));
        }

        private void addMetric(String name, double sum, double weight) {
            double[] total = metricSums.computeIfAbsent(name, absent -> new double[2]);
            total[0] += sum;
            total[1] += weight;
        }

        long examples() {
            return examples;
        }

        double loss() {
            return lossSum / examples;
        }

        Map<String, Double> metrics() {
            Map<String, Double> means = new TreeMap<>();
            metricSums.forEach((name, sum) -> means.put(name, sum[0] / sum[1]));
            return means;
        }
    }
}
