package org.ballast.spark.rows;

import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Domain;
import org.ballast.core.data.Sample;

/** Table {@code samples}. */
public final class SampleRows {
    public static final StructType SCHEMA = new StructType()
            .add("sample_id", DataTypes.StringType)
            .add("image_id", DataTypes.StringType)
            .add("caption", DataTypes.StringType)
            .add("caption_masked", DataTypes.BooleanType)
            .add("label", DataTypes.IntegerType)
            .add("label_name", DataTypes.StringType)
            .add("domain", DataTypes.StringType)
            .add("split", DataTypes.StringType)
            .add("source", DataTypes.StringType)
            .add("window", DataTypes.StringType);

    private SampleRows() {}

    public static Row toRow(Sample sample) {
        return Columns.row(
                SCHEMA,
                sample.sampleId(),
                sample.imageId(),
                sample.caption(),
                sample.captionMasked(),
                sample.label(),
                sample.labelName(),
                sample.domain().stored(),
                sample.split(),
                sample.source(),
                sample.window());
    }

    public static Sample fromRow(Row row) {
        return new Sample(
                Columns.text(row, "sample_id"),
                Columns.text(row, "image_id"),
                Columns.text(row, "caption"),
                Columns.flag(row, "caption_masked"),
                Columns.integer(row, "label"),
                Columns.text(row, "label_name"),
                Domain.of(Columns.text(row, "domain")),
                Columns.text(row, "split"),
                Columns.text(row, "source"),
                Columns.text(row, "window"));
    }
}
