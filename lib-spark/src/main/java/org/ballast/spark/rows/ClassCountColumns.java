package org.ballast.spark.rows;

import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Domain;
import org.ballast.core.longtail.ClassCount;

/** The columns by which tables of classes begin. */
final class ClassCountColumns {
    static final StructType SCHEMA = new StructType()
            .add("table_name", DataTypes.StringType)
            .add("split", DataTypes.StringType)
            .add("domain", DataTypes.StringType)
            .add("label", DataTypes.IntegerType)
            .add("label_name", DataTypes.StringType)
            .add("samples", DataTypes.LongType);

    private ClassCountColumns() {}

    /** Values of a row that begins with these columns and goes on with others. */
    static Object[] values(ClassCount count, Object... others) {
        Stream<Object> own = Stream.of(
                count.table(),
                count.split(),
                count.domain() == null ? null : count.domain().stored(),
                count.label(),
                count.labelName(),
                count.samples());
        return Stream.concat(own, Stream.of(others)).toArray();
    }

    static ClassCount fromRow(Row row) {
        String domain = Columns.text(row, "domain");
        return new ClassCount(
                Columns.text(row, "table_name"),
                Columns.text(row, "split"),
                domain == null ? null : Domain.of(domain),
                Columns.integer(row, "label"),
                Columns.text(row, "label_name"),
                Columns.longInteger(row, "samples"));
    }
}
