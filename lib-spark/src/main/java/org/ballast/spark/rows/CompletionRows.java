package org.ballast.spark.rows;

import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Completion;
import org.ballast.core.data.CompletionType;

/** Table {@code completions}. */
public final class CompletionRows {
    public static final StructType SCHEMA = new StructType()
            .add("completion_id", DataTypes.StringType)
            .add("prompt_id", DataTypes.StringType)
            .add("response", DataTypes.StringType)
            .add("type", DataTypes.StringType)
            .add("score", DataTypes.DoubleType)
            .add("model", DataTypes.StringType)
            .add("policy", DataTypes.StringType)
            .add("parameters", DataTypes.StringType)
            .add("seed", DataTypes.LongType)
            .add("finish_reason", DataTypes.StringType)
            .add("prompt_tokens", DataTypes.IntegerType)
            .add("completion_tokens", DataTypes.IntegerType);

    private CompletionRows() {}

    public static Row toRow(Completion completion) {
        return Columns.row(
                SCHEMA,
                completion.completionId(),
                completion.promptId(),
                completion.response(),
                completion.type().stored(),
                completion.score(),
                completion.model(),
                completion.policy(),
                completion.parameters(),
                completion.seed(),
                completion.finishReason(),
                completion.promptTokens(),
                completion.completionTokens());
    }

    public static Completion fromRow(Row row) {
        return new Completion(
                Columns.text(row, "completion_id"),
                Columns.text(row, "prompt_id"),
                Columns.text(row, "response"),
                CompletionType.of(Columns.text(row, "type")),
                Columns.real(row, "score"),
                Columns.text(row, "model"),
                Columns.text(row, "policy"),
                Columns.text(row, "parameters"),
                Columns.longInteger(row, "seed"),
                Columns.text(row, "finish_reason"),
                Columns.integer(row, "prompt_tokens"),
                Columns.integer(row, "completion_tokens"));
    }
}
