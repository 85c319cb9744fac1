package org.ballast.spark.examples;

import java.io.Serializable;
import java.util.List;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.ballast.core.data.Completion;
import org.ballast.core.data.PairRule;
import org.ballast.core.data.PreferencePair;
import org.ballast.core.longtail.PairSampling;
import org.ballast.core.metric.TextMetrics;
import org.ballast.spark.pairs.SampledPairs;
import org.ballast.spark.rows.CompletionRows;

/**
 * Which pairs are trained on, and how often.
 *
 * @param maxOverlap pairs whose responses share more than this word F1 are left out, before the rule caps them
 * @param sampling by the labels of prompts
 */
public record PairSelection(PairRule rule, double maxOverlap, PairSampling sampling) implements Serializable {
    /** Column of a prompt's row: its completions, each as the first field of a struct. */
    static final String ANSWERS = "answers";

    /** Each pair once, for rows that are measured on. */
    public PairSelection asTheyAre() {
        return new PairSelection(rule, maxOverlap, PairSampling.AS_THEY_ARE);
    }

    /** The pairs of one prompt, ordered. */
    List<PreferencePair> pairs(List<Completion> completions) {
        return rule.pairs(completions, this::differs);
    }

    private boolean differs(PreferencePair pair) {
        return maxOverlap >= 1
                || TextMetrics.wordF1(new TextMetrics.Answer(
                                pair.rejected().response(),
                                List.of(pair.chosen().response())))
                        <= maxOverlap;
    }

    /**
     * How often each pair is taken, counted over the rows.
     *
     * @param rows prompts with {@link #ANSWERS}
     */
    SampledPairs sampled(Dataset<Row> rows) {
        return SampledPairs.of(
                rows.select("split", "label", ANSWERS).map(new Counted(this), Encoders.row(SampledPairs.COUNTED)),
                sampling);
    }

    private record Counted(PairSelection selection) implements MapFunction<Row, Row> {
        private static final long serialVersionUID = 1L;

        @Override
        public Row call(Row row) {
            List<Completion> completions = row.<Row>getList(row.fieldIndex(ANSWERS)).stream()
                    .map(answer -> CompletionRows.fromRow(answer.getStruct(0)))
                    .toList();
            return RowFactory.create(row.getAs("split"), row.getAs("label"), (long)
                    selection.pairs(completions).size());
        }
    }
}
