package org.ballast.spark.export;

import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.spark.export.TrlMessages.Message;
import org.ballast.spark.io.Table;
import org.ballast.spark.rows.ImageRows;

/** The columns that TRL's {@code DPOTrainer} and {@code SFTTrainer} take, and the id of the row. */
public final class TrlRows {
    static final StructType MESSAGE =
            new StructType().add("role", DataTypes.StringType).add("content", DataTypes.StringType);

    private static final StructType PAIR_COLUMNS = columns("pair_id", "prompt", "chosen", "rejected");
    private static final StructType SFT_COLUMNS = columns("completion_id", "prompt", "completion");

    /** {@code pair_id, images list<Image>, prompt, chosen, rejected list<{role, content}>, split}. */
    public static final Table PAIRS =
            new Table("pairs", PAIR_COLUMNS.add(Table.SPLIT, DataTypes.StringType), List.of("pair_id"), true, true);

    /** {@code completion_id, images list<Image>, prompt, completion list<{role, content}>, split}. */
    public static final Table SFT =
            new Table("sft", SFT_COLUMNS.add(Table.SPLIT, DataTypes.StringType), List.of("completion_id"), true, true);

    private TrlRows() {}

    private static StructType columns(String id, String... messages) {
        StructType schema = new StructType()
                .add(id, DataTypes.StringType)
                .add("images", DataTypes.createArrayType(ImageRows.IMAGE));
        for (String name : messages) {
            schema = schema.add(name, DataTypes.createArrayType(MESSAGE));
        }
        return schema;
    }

    /** Rows of {@link TextRows#pairs}. */
    record Pairs() implements ParquetAssembler {
        private static final long serialVersionUID = 1L;

        @Override
        public StructType schema() {
            return PAIR_COLUMNS;
        }

        @Override
        public Object[] values(LocatedRow row, Row picture) {
            return new Object[] {
                row.key(),
                images(row, picture),
                messages(TrlMessages.prompt(row.prompt())),
                messages(TrlMessages.response(row.text("chosen"))),
                messages(TrlMessages.response(row.text("rejected")))
            };
        }
    }

    /** Rows of {@link TextRows#best}. */
    record Best() implements ParquetAssembler {
        private static final long serialVersionUID = 1L;

        @Override
        public StructType schema() {
            return SFT_COLUMNS;
        }

        @Override
        public Object[] values(LocatedRow row, Row picture) {
            return new Object[] {
                row.key(),
                images(row, picture),
                messages(TrlMessages.prompt(row.prompt())),
                messages(TrlMessages.response(row.text("response")))
            };
        }
    }

    private static Object images(LocatedRow row, Row picture) {
        return ParquetAssembler.sequence(
                row.imageId() == null ? List.of() : List.of(ParquetAssembler.picture(row, picture)));
    }

    private static Object messages(List<Message> messages) {
        return ParquetAssembler.sequence(messages.stream()
                .map(message ->
                        (Row) new GenericRowWithSchema(new Object[] {message.role(), message.content()}, MESSAGE))
                .toList());
    }
}
