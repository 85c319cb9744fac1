package org.ballast.spark.export;

import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.spark.export.TrlMessages.Message;
import org.ballast.spark.io.Table;
import org.ballast.spark.rows.ImageRows;
import scala.collection.JavaConverters;

/** Table {@code pairs}: the columns that TRL's {@code DPOTrainer} takes, and the id of the pair. */
public final class TrlRows {
    static final StructType MESSAGE =
            new StructType().add("role", DataTypes.StringType).add("content", DataTypes.StringType);

    /** {@code images list<Image>, prompt, chosen, rejected list<{role, content}>}. */
    public static final StructType SCHEMA = new StructType()
            .add("pair_id", DataTypes.StringType)
            .add("images", DataTypes.createArrayType(ImageRows.IMAGE))
            .add("prompt", DataTypes.createArrayType(MESSAGE))
            .add("chosen", DataTypes.createArrayType(MESSAGE))
            .add("rejected", DataTypes.createArrayType(MESSAGE))
            .add("split", DataTypes.StringType);

    public static final Table TABLE = new Table("pairs", SCHEMA, List.of("pair_id"), true, true);

    private TrlRows() {}

    /** @param image {@link ImageRows#IMAGE}, null for a text-only pair */
    static Row row(
            String pairId,
            Row image,
            List<Message> prompt,
            List<Message> chosen,
            List<Message> rejected,
            String split) {
        Object[] values = {
            pairId,
            sequence(image == null ? List.of() : List.of(image)),
            messages(prompt),
            messages(chosen),
            messages(rejected),
            split
        };
        return new GenericRowWithSchema(values, SCHEMA);
    }

    private static Object messages(List<Message> messages) {
        return sequence(messages.stream()
                .map(message ->
                        (Row) new GenericRowWithSchema(new Object[] {message.role(), message.content()}, MESSAGE))
                .toList());
    }

    private static Object sequence(List<Row> rows) {
        return JavaConverters.asScalaBuffer(rows).toSeq();
    }
}
