package org.ballast.spark.rows;

import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.ImageRow;

/** Table {@code images}; {@code image} is the struct that Hugging Face {@code datasets} decodes as a picture. */
public final class ImageRows {
    /** Hugging Face's storage of a picture: {@code struct<bytes binary, path string>}. */
    public static final StructType IMAGE =
            new StructType().add("bytes", DataTypes.BinaryType).add("path", DataTypes.StringType);

    public static final StructType SCHEMA = new StructType()
            .add("image_id", DataTypes.StringType)
            .add("image", IMAGE)
            .add("width", DataTypes.IntegerType)
            .add("height", DataTypes.IntegerType)
            .add("format", DataTypes.StringType)
            .add("bytes", DataTypes.LongType)
            .add("orientation", DataTypes.IntegerType)
            .add("dhash", DataTypes.LongType);

    private ImageRows() {}

    public static Row toRow(ImageRow image) {
        return Columns.row(
                SCHEMA,
                image.imageId(),
                Columns.row(IMAGE, image.bytes(), image.path()),
                image.width(),
                image.height(),
                image.format(),
                image.bytes() == null ? null : (long) image.bytes().length,
                image.orientation(),
                image.dHash());
    }

    public static ImageRow fromRow(Row row) {
        Row image = row.getAs("image");
        return new ImageRow(
                Columns.text(row, "image_id"),
                image.getAs("bytes"),
                Columns.text(image, "path"),
                Columns.nullableInteger(row, "width"),
                Columns.nullableInteger(row, "height"),
                Columns.text(row, "format"),
                row.getAs("orientation") == null ? 1 : Columns.integer(row, "orientation"),
                row.getAs("dhash"));
    }
}
