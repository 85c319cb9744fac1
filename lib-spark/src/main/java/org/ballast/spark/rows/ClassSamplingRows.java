package org.ballast.spark.rows;

import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Domain;
import org.ballast.core.longtail.ClassCount;
import org.ballast.core.longtail.ClassSampling;

/** Table {@code sampling}. */
public final class ClassSamplingRows {
    public static final StructType SCHEMA = new StructType()
            .add("table_name", DataTypes.StringType)
            .add("split", DataTypes.StringType)
            .add("domain", DataTypes.StringType)
            .add("label", DataTypes.IntegerType)
            .add("label_name", DataTypes.StringType)
            .add("samples", DataTypes.LongType)
            .add("instance_balanced", DataTypes.DoubleType)
            .add("class_balanced", DataTypes.DoubleType)
            .add("square_root", DataTypes.DoubleType)
            .add("progressively_balanced", DataTypes.DoubleType)
            .add("effective_number_weight", DataTypes.DoubleType)
            .add("sample_weight", DataTypes.DoubleType);

    private ClassSamplingRows() {}

    public static Row toRow(ClassSampling sampling) {
        ClassCount count = sampling.count();
        return Columns.row(
                SCHEMA,
                count.table(),
                count.split(),
                count.domain() == null ? null : count.domain().stored(),
                count.label(),
                count.labelName(),
                count.samples(),
                sampling.instanceBalanced(),
                sampling.classBalanced(),
                sampling.squareRoot(),
                sampling.progressivelyBalanced(),
                sampling.effectiveNumberWeight(),
                sampling.sampleWeight());
    }

    public static ClassSampling fromRow(Row row) {
        String domain = Columns.text(row, "domain");
        return new ClassSampling(
                new ClassCount(
                        Columns.text(row, "table_name"),
                        Columns.text(row, "split"),
                        domain == null ? null : Domain.of(domain),
                        Columns.integer(row, "label"),
                        Columns.text(row, "label_name"),
                        Columns.longInteger(row, "samples")),
                Columns.real(row, "instance_balanced"),
                Columns.real(row, "class_balanced"),
                Columns.real(row, "square_root"),
                Columns.real(row, "progressively_balanced"),
                Columns.real(row, "effective_number_weight"),
                Columns.real(row, "sample_weight"));
    }
}
