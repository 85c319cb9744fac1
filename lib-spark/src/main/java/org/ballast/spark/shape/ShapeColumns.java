package org.ballast.spark.shape;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Domain;

/** Columns of the rows that are shaped; what they mean is told at {@link Shaping}. */
final class ShapeColumns {
    static final String KEY = "key";
    static final String ID = "id";
    static final String IMAGE_ID = "image_id";
    static final String LABEL = "label";
    static final String SPLIT = "split";
    static final String SAMPLE = "sample";
    static final String SOURCE = "source";
    static final String DUPLICATE_OF = "duplicate_of";
    static final String PREVIOUS_SPLIT = "previous_split";
    static final String DOMAIN = "domain";
    static final String REASON = "reason";
    static final String MESSAGE = "message";

    private static final List<String> REQUIRED = List.of(KEY, ID, IMAGE_ID, LABEL, SPLIT, SAMPLE, SOURCE);

    private ShapeColumns() {}

    /** @throws IllegalArgumentException naming the columns that are missing */
    static void require(Dataset<Row> rows) {
        List<String> missing =
                REQUIRED.stream().filter(name -> !has(rows, name)).toList();
        if (!missing.isEmpty()) {
            throw new IllegalArgumentException(
                    "rows to be shaped lack the columns %s, have %s".formatted(missing, Arrays.asList(rows.columns())));
        }
    }

    static boolean has(Dataset<Row> rows, String name) {
        return Arrays.asList(rows.columns()).contains(name);
    }

    /** A text column, null where the rows have none of that name. */
    static Column optional(Dataset<Row> rows, String name) {
        return has(rows, name) ? col(name) : lit(null).cast(DataTypes.StringType);
    }

    /** Rows with the columns {@code reason} and {@code message}. */
    static Dataset<Row> marked(Dataset<Row> rows) {
        Dataset<Row> marked = rows;
        for (String name : List.of(REASON, MESSAGE)) {
            if (!has(rows, name)) {
                marked = marked.withColumn(name, lit(null).cast(DataTypes.StringType));
            }
        }
        return marked;
    }

    /** Rows outside the training distribution. */
    static Column outOfDistribution(Dataset<Row> rows) {
        Column unlabelled = coalesce(col(LABEL).lt(0), lit(false));
        return has(rows, DOMAIN)
                ? unlabelled.or(coalesce(col(DOMAIN).equalTo(Domain.OUT_OF_DISTRIBUTION.stored()), lit(false)))
                : unlabelled;
    }

    static Column[] columns(StructType schema) {
        return Stream.of(schema.fieldNames()).map(name -> col(name)).toArray(Column[]::new);
    }

    static Column[] columns(Dataset<Row> rows) {
        return Stream.of(rows.columns()).map(name -> col(name)).toArray(Column[]::new);
    }
}
