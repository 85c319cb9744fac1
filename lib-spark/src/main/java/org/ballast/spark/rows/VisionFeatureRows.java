package org.ballast.spark.rows;

import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.VisionFeature;
import scala.collection.mutable.WrappedArray;

/** Table {@code vision_features}. */
public final class VisionFeatureRows {
    public static final StructType SCHEMA = new StructType()
            .add("image_id", DataTypes.StringType)
            .add("model", DataTypes.StringType)
            .add("tokens", DataTypes.IntegerType)
            .add("size", DataTypes.IntegerType)
            .add("features", DataTypes.createArrayType(DataTypes.FloatType));

    private VisionFeatureRows() {}

    public static Row toRow(VisionFeature feature) {
        return Columns.row(
                SCHEMA,
                feature.imageId(),
                feature.model(),
                feature.tokens(),
                feature.size(),
                new WrappedArray.ofFloat(feature.features()));
    }

    public static VisionFeature fromRow(Row row) {
        return new VisionFeature(
                Columns.text(row, "image_id"),
                Columns.text(row, "model"),
                Columns.integer(row, "tokens"),
                Columns.integer(row, "size"),
                Columns.floats(row, "features"));
    }
}
