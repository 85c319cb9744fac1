package org.ballast.spark.export;

import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.StructType;
import org.ballast.spark.io.Table;
import org.ballast.spark.rows.ImageRows;
import scala.collection.JavaConverters;

/** Rows of a Parquet table with a folder a split, in files {@code split=<split>/<split>-NNNNNN.parquet}. */
interface ParquetAssembler extends Assembler {
    /** All columns but the split. */
    StructType schema();

    /** The values of a row, in the order of the schema. */
    Object[] values(LocatedRow row, Row picture);

    @Override
    default FileContainer.Kind kind() {
        return FileContainer.Kind.PARQUET;
    }

    @Override
    default Optional<StructType> parquet() {
        return Optional.of(schema());
    }

    @Override
    default long size(LocatedRow row) {
        return row.bytes() + textBytes(row.body());
    }

    @Override
    default List<Record> records(LocatedRow row, Row picture, String file) {
        return List.of(new Record(file, new GenericRowWithSchema(values(row, picture), schema())));
    }

    @Override
    default String file(String split, int number) {
        String name = Assembler.escaped(split);
        return "%s=%s/%s-%06d.parquet".formatted(Table.SPLIT, name, name, number);
    }

    /** The stored picture; of a reference its path alone. */
    static Row picture(LocatedRow row, Row picture) {
        return row.reference() == null
                ? picture
                : new GenericRowWithSchema(new Object[] {null, row.reference()}, ImageRows.IMAGE);
    }

    /** A list as Spark holds it. */
    static Object sequence(List<?> values) {
        return JavaConverters.asScalaBuffer(values).toSeq();
    }

    /** Characters of all texts of a row, and 8 for each other value. */
    private static long textBytes(Object value) {
        if (value instanceof String text) {
            return text.length();
        }
        long bytes = 0;
        if (value instanceof Row row) {
            for (int i = 0; i < row.length(); i++) {
                bytes += textBytes(row.get(i));
            }
            return bytes;
        }
        if (value instanceof scala.collection.Seq<?> values) {
            for (Object one : JavaConverters.seqAsJavaList(values)) {
                bytes += textBytes(one);
            }
            return bytes;
        }
        return Long.BYTES;
    }
}
