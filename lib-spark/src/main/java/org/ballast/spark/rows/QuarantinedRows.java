package org.ballast.spark.rows;

import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Quarantined;
import org.ballast.core.data.Reason;

/** Table {@code quarantine}. */
public final class QuarantinedRows {
    public static final StructType SCHEMA = new StructType()
            .add("id", DataTypes.StringType)
            .add("source_file", DataTypes.StringType)
            .add("position", DataTypes.LongType)
            .add("reason", DataTypes.StringType)
            .add("message", DataTypes.StringType)
            .add("raw", DataTypes.StringType);

    private QuarantinedRows() {}

    public static Row toRow(Quarantined row) {
        return Columns.row(
                SCHEMA, row.id(), row.sourceFile(), row.position(), row.reason().code(), row.message(), row.raw());
    }

    public static Quarantined fromRow(Row row) {
        return new Quarantined(
                Columns.text(row, "id"),
                Columns.text(row, "source_file"),
                Columns.longInteger(row, "position"),
                Reason.of(Columns.text(row, "reason")),
                Columns.text(row, "message"),
                Columns.text(row, "raw"));
    }
}
