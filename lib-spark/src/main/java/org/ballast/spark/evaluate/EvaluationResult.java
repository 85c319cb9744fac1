package org.ballast.spark.evaluate;

import java.util.List;
import java.util.Map;
import org.ballast.spark.evaluate.RowResult.Rejected;

/**
 * What an evaluation found.
 *
 * @param metrics content of {@code metrics.json}
 * @param examples rows to look at
 * @param rows planned rows: evaluated + rejected
 * @param evaluated rows that figures hold
 * @param rejected rows that could not be evaluated, with the reason
 */
public record EvaluationResult(
        Metrics metrics, List<Example> examples, long rows, long evaluated, List<Rejected> rejected) {
    /** Figures of the drift adapter alone. */
    public static EvaluationResult ofHeads(Metrics.AdapterMetrics adapter) {
        Metrics metrics = new Metrics(Metrics.VERSION, Metrics.CONVENTIONS, Map.of(), List.of(), null, adapter);
        return new EvaluationResult(metrics, List.of(), 0, 0, List.of());
    }

    public EvaluationResult {
        examples = List.copyOf(examples);
        rejected = List.copyOf(rejected);
        if (rows != evaluated + rejected.size()) {
            throw new IllegalStateException(rows + " rows planned, " + evaluated + " evaluated and " + rejected.size()
                    + " rejected: some were lost");
        }
    }
}
