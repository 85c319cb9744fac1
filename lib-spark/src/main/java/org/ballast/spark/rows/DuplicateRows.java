package org.ballast.spark.rows;

import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Duplicate;

/** Table {@code duplicates}. */
public final class DuplicateRows {
    public static final StructType SCHEMA = new StructType()
            .add("image_id", DataTypes.StringType)
            .add("path", DataTypes.StringType)
            .add("duplicate_of", DataTypes.StringType)
            .add("kind", DataTypes.StringType)
            .add("distance", DataTypes.IntegerType);

    private DuplicateRows() {}

    public static Row toRow(Duplicate duplicate) {
        return Columns.row(
                SCHEMA,
                duplicate.imageId(),
                duplicate.path(),
                duplicate.duplicateOf(),
                duplicate.kind().code(),
                duplicate.distance());
    }

    public static Duplicate fromRow(Row row) {
        return new Duplicate(
                Columns.text(row, "image_id"),
                Columns.text(row, "path"),
                Columns.text(row, "duplicate_of"),
                Duplicate.Kind.of(Columns.text(row, "kind")),
                Columns.integer(row, "distance"));
    }
}
