package org.ballast.spark.rows;

import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.Turn;

/** Table {@code prompts}; an empty history is stored as null. */
public final class PromptRows {
    /** One earlier turn: {@code struct<prompt string, response string>}. */
    public static final StructType TURN =
            new StructType().add("prompt", DataTypes.StringType).add("response", DataTypes.StringType);

    public static final StructType SCHEMA = new StructType()
            .add("prompt_id", DataTypes.StringType)
            .add("image_id", DataTypes.StringType)
            .add("prompt", DataTypes.StringType)
            .add("history", DataTypes.createArrayType(TURN))
            .add("kind", DataTypes.StringType)
            .add("label", DataTypes.IntegerType)
            .add("split", DataTypes.StringType)
            .add("source", DataTypes.StringType)
            .add("window", DataTypes.StringType);

    private PromptRows() {}

    public static Row toRow(Prompt prompt) {
        return Columns.row(
                SCHEMA,
                prompt.promptId(),
                prompt.imageId(),
                prompt.prompt(),
                history(prompt.history()),
                prompt.kind(),
                prompt.label(),
                prompt.split(),
                prompt.source(),
                prompt.window());
    }

    public static Prompt fromRow(Row row) {
        return new Prompt(
                Columns.text(row, "prompt_id"),
                Columns.text(row, "image_id"),
                Columns.text(row, "prompt"),
                turns(row, "history"),
                Columns.text(row, "kind"),
                Columns.nullableInteger(row, "label"),
                Columns.text(row, "split"),
                Columns.text(row, "source"),
                Columns.text(row, "window"));
    }

    /** The stored form of earlier turns: null when there are none. */
    public static Object history(List<Turn> turns) {
        return turns.isEmpty()
                ? null
                : Columns.sequence(turns.stream()
                        .map(turn -> Columns.row(TURN, turn.prompt(), turn.response()))
                        .toList());
    }

    /** The turns stored in an array column; empty when it is null. */
    public static List<Turn> turns(Row row, String column) {
        return Columns.structs(row, column).stream()
                .map(turn -> new Turn(Columns.text(turn, "prompt"), Columns.text(turn, "response")))
                .toList();
    }
}
