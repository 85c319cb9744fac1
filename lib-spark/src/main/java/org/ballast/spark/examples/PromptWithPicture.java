package org.ballast.spark.examples;

import static org.apache.spark.sql.functions.col;

import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.StageInputException;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;

/** The tables of a data stage, as the jobs that run the model need them. */
public final class PromptWithPicture {
    /** Column with the encoded picture's bytes, null for a prompt without one. */
    public static final String PICTURE = "picture";

    private PromptWithPicture() {}

    /**
     * Prompts of these splits and kinds.
     *
     * @param splits empty: all
     * @param kinds empty: all
     * @throws StageInputException when none is left, naming what there is
     */
    public static Dataset<Row> prompts(
            SparkSession spark, List<StageFolder> data, List<String> splits, List<String> kinds) {
        Dataset<Row> all = Tables.read(spark, data, Table.PROMPTS);
        Dataset<Row> chosen = all.filter(wanted(splits, kinds));
        if (chosen.isEmpty()) {
            throw new StageInputException(
                    "no prompt has a split of " + splits + " and a kind of " + kinds + "; there are "
                            + all.groupBy("split", "kind")
                                    .count()
                                    .orderBy("split", "kind")
                                    .collectAsList());
        }
        return chosen;
    }

    /** Adds {@value #PICTURE} to rows with an {@code image_id}; each picture is stored in one of the stages at least. */
    public static Dataset<Row> join(SparkSession spark, List<StageFolder> data, Dataset<Row> rows) {
        Dataset<Row> pictures = Tables.read(spark, data, Table.IMAGES)
                .select(col("image_id").as("picture_id"), col("image.bytes").as(PICTURE));
        if (data.size() > 1) {
            pictures = pictures.dropDuplicates("picture_id");
        }
        return rows.join(pictures, col("image_id").equalTo(col("picture_id")), "left")
                .drop("picture_id");
    }

    /** Whether a prompt is of these splits and kinds; empty: all. */
    public static Column wanted(List<String> splits, List<String> kinds) {
        return in("split", splits).and(in("kind", kinds));
    }

    private static Column in(String column, List<String> values) {
        return values.isEmpty()
                ? org.apache.spark.sql.functions.lit(true)
                : col(column).isin(values.toArray());
    }
}
