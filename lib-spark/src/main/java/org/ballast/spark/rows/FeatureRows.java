package org.ballast.spark.rows;

import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Feature;
import scala.collection.mutable.WrappedArray;

/** Table {@code features}. */
public final class FeatureRows {
    public static final StructType SCHEMA = new StructType()
            .add("image_id", DataTypes.StringType)
            .add("model", DataTypes.StringType)
            .add("image_feature", DataTypes.createArrayType(DataTypes.FloatType))
            .add("text_feature", DataTypes.createArrayType(DataTypes.FloatType));

    private FeatureRows() {}

    public static Row toRow(Feature feature) {
        return Columns.row(
                SCHEMA,
                feature.imageId(),
                feature.model(),
                new WrappedArray.ofFloat(feature.imageFeature()),
                feature.textFeature() == null ? null : new WrappedArray.ofFloat(feature.textFeature()));
    }

    public static Feature fromRow(Row row) {
        return new Feature(
                Columns.text(row, "image_id"),
                Columns.text(row, "model"),
                Columns.floats(row, "image_feature"),
                Columns.floats(row, "text_feature"));
    }
}
