package org.ballast.spark.picture;

import static org.apache.spark.sql.functions.col;

import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.image.ImageDecoder;
import org.ballast.core.image.ImageLimits;
import org.ballast.core.image.ImageRejected;
import org.ballast.core.image.PilResize;
import org.ballast.core.image.RgbConversion;
import org.ballast.core.image.RgbImage;

/** Small copies of a few stored pictures, to be shown. */
public final class Thumbnails {
    /** Longest side in pixels. */
    static final int SIDE = 224;

    /** Pictures of a size that takes gigabytes to decode are not shown. */
    private static final ImageLimits LIMITS = new ImageLimits(1L << 28, 1L << 28, 1 << 20);

    private static final StructType SCHEMA =
            new StructType().add("image_id", DataTypes.StringType).add("png", DataTypes.BinaryType);

    private Thumbnails() {}

    /**
     * PNGs of pictures by id, no side longer than {@value #SIDE} pixels. A picture that is not there, not stored with its bytes or
     * not readable is left out.
     *
     * @param images table {@code images}
     * @param ids few: their pictures are collected
     */
    public static Map<String, byte[]> of(Dataset<Row> images, Collection<String> ids, RgbConversion conversion) {
        Map<String, byte[]> pictures = new TreeMap<>();
        if (ids.isEmpty()) {
            return pictures;
        }
        for (Row row : images.filter(col("image_id").isin(ids.toArray()))
                .dropDuplicates("image_id")
                .select(col("image_id"), col("image.bytes").as("bytes"))
                .filter(col("bytes").isNotNull())
                .map(new Shrink(new ImageDecoder(LIMITS, conversion)), Encoders.row(SCHEMA))
                .filter(col("png").isNotNull())
                .collectAsList()) {
            pictures.put(row.getString(0), row.getAs(1));
        }
        return pictures;
    }

    private record Shrink(ImageDecoder decoder) implements MapFunction<Row, Row> {
        private static final long serialVersionUID = 1L;

        @Override
        public Row call(Row row) {
            try {
                return RowFactory.create(
                        row.get(0), small(decoder.decode(row.getAs(1))).toPng());
            } catch (ImageRejected e) {
                return RowFactory.create(row.get(0), null);
            }
        }
    }

    static RgbImage small(RgbImage picture) {
        double scale = (double) SIDE / Math.max(picture.width(), picture.height());
        return scale >= 1
                ? picture
                : PilResize.resize(
                        picture, PilResize.Filter.BICUBIC, (int) Math.max(1, Math.round(scale * picture.width())), (int)
                                Math.max(1, Math.round(scale * picture.height())));
    }
}
