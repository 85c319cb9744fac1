package org.ballast.spark.train;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** How a run went: one point a round, and the held-out measurements between. */
public record LossCurve(List<Point> points, List<Evaluation> evaluations) implements Serializable {
    /** Name under which a curve lies in a stage's folder, as JSON. */
    public static final String FILE = "loss-curve.json";

    public LossCurve {
        points = List.copyOf(points);
        evaluations = List.copyOf(evaluations);
    }

    /**
     * A round.
     *
     * @param step optimizer steps of a replica at its end
     * @param learningRate of its last step
     * @param loss mean over its examples, each under the parameters of its step
     * @param metrics means likewise
     * @param examples seen by all workers in the round
     */
    public record Point(
            int round,
            long step,
            double learningRate,
            double loss,
            Map<String, Double> metrics,
            long examples,
            double seconds)
            implements Serializable {
        public Point {
            metrics = sorted(metrics);
        }
    }

    /** Held-out metrics of the averaged parameters after {@code step} steps. */
    public record Evaluation(long step, Map<String, Double> metrics) implements Serializable {
        public Evaluation {
            metrics = sorted(metrics);
        }
    }

    static LossCurve empty() {
        return new LossCurve(List.of(), List.of());
    }

    LossCurve plus(Point point) {
        List<Point> longer = new ArrayList<>(points);
        longer.add(point);
        return new LossCurve(longer, evaluations);
    }

    LossCurve plus(Evaluation evaluation) {
        List<Evaluation> longer = new ArrayList<>(evaluations);
        longer.add(evaluation);
        return new LossCurve(points, longer);
    }

    private static Map<String, Double> sorted(Map<String, Double> metrics) {
        return Collections.unmodifiableMap(new TreeMap<>(metrics));
    }
}
