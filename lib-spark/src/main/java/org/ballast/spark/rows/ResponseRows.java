package org.ballast.spark.rows;

import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.ModelResponse;
import scala.collection.mutable.WrappedArray;

/** Table {@code responses}. */
public final class ResponseRows {
    public static final StructType SCHEMA = new StructType()
            .add("id", DataTypes.StringType)
            .add("response", DataTypes.StringType)
            .add("token_ids", DataTypes.createArrayType(DataTypes.IntegerType))
            .add("log_probs", DataTypes.createArrayType(DataTypes.FloatType))
            .add("finish_reason", DataTypes.StringType);

    private ResponseRows() {}

    public static Row toRow(ModelResponse response) {
        return Columns.row(
                SCHEMA,
                response.id(),
                response.response(),
                new WrappedArray.ofInt(response.tokenIds()),
                new WrappedArray.ofFloat(response.logProbs()),
                response.finishReason());
    }

    public static ModelResponse fromRow(Row row) {
        List<Integer> tokens = row.getList(row.fieldIndex("token_ids"));
        return new ModelResponse(
                Columns.text(row, "id"),
                Columns.text(row, "response"),
                tokens.stream().mapToInt(Integer::intValue).toArray(),
                Columns.floats(row, "log_probs"),
                Columns.text(row, "finish_reason"));
    }
}
