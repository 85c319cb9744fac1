package org.ballast.spark.rows;

import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.ReferenceLogProb;

/** Table {@code reference_log_probs}. */
public final class ReferenceLogProbRows {
    public static final StructType SCHEMA = new StructType()
            .add("completion_id", DataTypes.StringType)
            .add("image_condition", DataTypes.StringType)
            .add("model", DataTypes.StringType)
            .add("log_prob", DataTypes.DoubleType)
            .add("tokens", DataTypes.IntegerType);

    private ReferenceLogProbRows() {}

    public static Row toRow(ReferenceLogProb reference) {
        return Columns.row(
                SCHEMA,
                reference.completionId(),
                reference.imageCondition(),
                reference.model(),
                reference.logProb(),
                reference.tokens());
    }

    public static ReferenceLogProb fromRow(Row row) {
        return new ReferenceLogProb(
                Columns.text(row, "completion_id"),
                Columns.text(row, "image_condition"),
                Columns.text(row, "model"),
                Columns.real(row, "log_prob"),
                Columns.integer(row, "tokens"));
    }
}
