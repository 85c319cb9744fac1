package org.ballast.spark.shard;

import java.io.Serializable;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.ballast.core.data.ImageRow;
import org.ballast.spark.rows.ImageRows;

/** Pictures that are only referenced, as rows of {@code images}. */
final class ReferencedImages {
    private ReferencedImages() {}

    /** @param images {@code image_id, uri} */
    static Dataset<Row> rows(Dataset<Row> images) {
        return images.map(new Reference(), Encoders.row(ImageRows.SCHEMA));
    }

    private record Reference() implements MapFunction<Row, Row>, Serializable {
        @Override
        public Row call(Row row) {
            return ImageRows.toRow(
                    new ImageRow(row.getAs("image_id"), null, row.getAs("uri"), null, null, null, 1, null));
        }
    }
}
