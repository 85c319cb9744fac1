package org.ballast.spark.shard;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Completion;
import org.ballast.core.data.CompletionType;
import org.ballast.core.data.Sha256;
import scala.collection.JavaConverters;

/**
 * A response that a source gives to a prompt.
 *
 * @param model what wrote it by the source's account, {@link Completion#SOURCE} where that is silent
 * @param ordinal place among the prompt's responses in the source, from 0
 */
record SourceCompletion(String response, CompletionType type, double score, String model, int ordinal)
        implements Serializable {
    static final StructType SCHEMA = new StructType()
            .add("response", DataTypes.StringType)
            .add("type", DataTypes.StringType)
            .add("score", DataTypes.DoubleType)
            .add("model", DataTypes.StringType)
            .add("ordinal", DataTypes.IntegerType);

    /** The only response of a prompt. */
    static List<SourceCompletion> groundTruth(String response) {
        return List.of(new SourceCompletion(response, CompletionType.GROUND_TRUTH, 1, Completion.SOURCE, 0));
    }

    /** By score, the best first; by place in the source where scores tie. */
    static List<SourceCompletion> bestFirst(List<SourceCompletion> completions) {
        List<SourceCompletion> sorted = new ArrayList<>(completions);
        sorted.sort(Comparator.comparingDouble(SourceCompletion::score)
                .reversed()
                .thenComparingInt(SourceCompletion::ordinal));
        return List.copyOf(sorted);
    }

    /** Equal for completions that say the same, whatever their order. */
    static String digest(List<SourceCompletion> completions) {
        List<String> parts = new ArrayList<>();
        completions.stream()
                .sorted(Comparator.comparingInt(SourceCompletion::ordinal))
                .forEach(one ->
                        parts.addAll(List.of(one.response, one.type.stored(), Double.toString(one.score), one.model)));
        return Sha256.of(parts.toArray(String[]::new));
    }

    Completion of(String promptId) {
        return Completion.given(promptId, response, type, score, model, ordinal);
    }

    /** The stored form: null for none. */
    static Object rows(List<SourceCompletion> completions) {
        return completions.isEmpty()
                ? null
                : JavaConverters.asScalaBuffer(completions.stream()
                                .map(SourceCompletion::toRow)
                                .toList())
                        .toSeq();
    }

    private Row toRow() {
        Object[] values = {response, type.stored(), score, model, ordinal};
        return new GenericRowWithSchema(values, SCHEMA);
    }

    static SourceCompletion fromRow(Row row) {
        return new SourceCompletion(
                row.getAs("response"),
                CompletionType.of(row.getAs("type")),
                row.<Double>getAs("score"),
                row.getAs("model"),
                row.<Integer>getAs("ordinal"));
    }
}
