package org.ballast.spark.rows;

import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.longtail.ClassSampling;

/** Table {@code sampling}. */
public final class ClassSamplingRows {
    public static final StructType SCHEMA = ClassCountColumns.SCHEMA
            .add("instance_balanced", DataTypes.DoubleType)
            .add("class_balanced", DataTypes.DoubleType)
            .add("square_root", DataTypes.DoubleType)
            .add("progressively_balanced", DataTypes.DoubleType)
            .add("effective_number_weight", DataTypes.DoubleType)
            .add("sample_weight", DataTypes.DoubleType);

    private ClassSamplingRows() {}

    public static Row toRow(ClassSampling sampling) {
        return Columns.row(
                SCHEMA,
                ClassCountColumns.values(
                        sampling.count(),
                        sampling.instanceBalanced(),
                        sampling.classBalanced(),
                        sampling.squareRoot(),
                        sampling.progressivelyBalanced(),
                        sampling.effectiveNumberWeight(),
                        sampling.sampleWeight()));
    }

    public static ClassSampling fromRow(Row row) {
        return new ClassSampling(
                ClassCountColumns.fromRow(row),
                Columns.real(row, "instance_balanced"),
                Columns.real(row, "class_balanced"),
                Columns.real(row, "square_root"),
                Columns.real(row, "progressively_balanced"),
                Columns.real(row, "effective_number_weight"),
                Columns.real(row, "sample_weight"));
    }
}
