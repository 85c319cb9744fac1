package org.ballast.spark.shape;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.regexp_replace;
import static org.apache.spark.sql.functions.when;

import java.util.Map;
import java.util.function.UnaryOperator;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.ballast.core.data.Duplicate;
import org.ballast.core.longtail.LongTailRule;
import org.ballast.spark.io.Table;

/**
 * Decides the split of every row, between reading and storing. Rows have the columns
 *
 * <ul>
 *   <li>{@code key}: of the row in its table; with {@code sample} unique among rows without a reason
 *   <li>{@code id}: of the source's row, null where {@code key} stands for it
 *   <li>{@code image_id}: null without a picture
 *   <li>{@code label}: null for none
 *   <li>{@code split}: the source's, null where it names none
 *   <li>{@code sample}: true for {@code samples}, false for {@code prompts}
 *   <li>{@code source}
 *   <li>{@code reason}, {@code message}: why the row is in quarantine; null, or no such columns, for a good one
 *   <li>{@code domain}, where there is one: rows with {@code ood}, and those with a label below 0, keep the source's split
 *   <li>{@code duplicate_of}, where there is one: {@code image_id} that the picture looks like
 *   <li>{@code previous_split}, where there is one: the split that the row has from an earlier run, null for a new row
 * </ul>
 *
 * and any others, which are left as they are.
 */
public final class Shaping {
    private Shaping() {}

    /**
     * Sets {@code split}. Rows that have a reason pass by untouched.
     *
     * <p>A row that already has a split keeps it, and the other rows of its group follow; new groups are dealt by what each
     * split lacks. A group that already is in several splits stays in the training-most, and its rows elsewhere get the
     * reason {@code split-conflict}. Then the classes of one split are cut to a tail, where that is asked for: rows that are
     * over go to the split {@code leftOut}. The tail is cut anew in each run, so an earlier run's {@code leftOut} counts as
     * the split that it was cut from.
     *
     * @param rows read several times, so they must come from storage
     * @param store writes rows with the same columns as {@code rows} (and {@code reason}, {@code message}), and reads them
     *     back; called at most once
     */
    public static Shaped shape(Dataset<Row> rows, ShapeOptions options, UnaryOperator<Dataset<Row>> store) {
        ShapeColumns.require(rows);
        Dataset<Row> marked = ShapeColumns.marked(rows);
        if (options.changesNothing()) {
            return new Shaped(marked, Map.of());
        }
        LongTailRule longTail = options.longTail();
        Column previous = ShapeColumns.optional(rows, ShapeColumns.PREVIOUS_SPLIT);
        if (longTail != null) {
            marked = marked.withColumn(ShapeColumns.SPLIT, uncut(col(ShapeColumns.SPLIT), longTail));
            previous = uncut(previous, longTail);
        }
        Dataset<Row> split = store.apply(Splitting.split(marked, options.splits(), previous));
        return longTail == null ? new Shaped(split, Map.of()) : LongTailing.resample(split, longTail);
    }

    /** The id of a row's source: a sample's key; a prompt's without the turn and the version that follow it. */
    public static Column sourceId(Column sample, Column key) {
        return when(sample, key).otherwise(regexp_replace(key, "(/[0-9]+)?(#[0-9]+)?$", ""));
    }

    /**
     * For each picture one that it looks like: {@code image_id, duplicate_of}.
     *
     * @param duplicates rows of {@link Table#DUPLICATES}
     */
    public static Dataset<Row> lookAlikes(Dataset<Row> duplicates) {
        return duplicates
                .filter(col("kind").equalTo(Duplicate.Kind.PERCEPTUAL.code()))
                .groupBy(ShapeColumns.IMAGE_ID)
                .agg(min("duplicate_of").as(ShapeColumns.DUPLICATE_OF));
    }

    private static Column uncut(Column split, LongTailRule longTail) {
        return when(split.equalTo(longTail.leftOut()), lit(longTail.split())).otherwise(split);
    }
}
