package org.ballast.spark.rows;

import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.StructType;
import scala.collection.JavaConverters;
import scala.collection.Seq;

/** Reads columns by name, for the order changes when a table is partitioned; an absent value is null. */
final class Columns {
    private Columns() {}

    static Row row(StructType schema, Object... values) {
        if (values.length != schema.length()) {
            throw new IllegalArgumentException("%d values for the %d columns of %s"
                    .formatted(values.length, schema.length(), schema.simpleString()));
        }
        return new GenericRowWithSchema(values, schema);
    }

    static String text(Row row, String column) {
        return row.getAs(column);
    }

    static int integer(Row row, String column) {
        return row.<Integer>getAs(column);
    }

    static Integer nullableInteger(Row row, String column) {
        return row.getAs(column);
    }

    static long longInteger(Row row, String column) {
        return row.<Long>getAs(column);
    }

    static double real(Row row, String column) {
        return row.<Double>getAs(column);
    }

    static boolean flag(Row row, String column) {
        return row.<Boolean>getAs(column);
    }

    /** The rows of an array of structs; empty when the column is null. */
    static List<Row> structs(Row row, String column) {
        int index = row.fieldIndex(column);
        return row.isNullAt(index) ? List.of() : row.getList(index);
    }

    /** The values of an array of floats; null when the column is null. */
    static float[] floats(Row row, String column) {
        int index = row.fieldIndex(column);
        if (row.isNullAt(index)) {
            return null;
        }
        List<Float> boxed = row.getList(index);
        float[] values = new float[boxed.size()];
        int i = 0;
        for (Float value : boxed) {
            values[i++] = value;
        }
        return values;
    }

    static <T> Seq<T> sequence(List<T> values) {
        return JavaConverters.asScalaBufferConverter(values).asScala().toSeq();
    }
}
