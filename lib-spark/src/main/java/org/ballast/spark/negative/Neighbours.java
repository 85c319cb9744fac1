package org.ballast.spark.negative;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Waves;

/**
 * For each prompt with a picture the most similar responses to its own that may be retrieved as its negatives: of the same kind, about
 * another picture, saying something else, as {@link RetrieveOptions#rule()} has it. Kinds up to {@link RetrieveOptions#exactBelow()} responses
 * are compared in full; larger ones by cells ({@link CellIndex}), where a match may be missed that lies in none of the cells searched. A prompt that
 * finds nothing there searches {@value #WIDER} times as many once more.
 *
 * <p>Embeddings, centroids and matches lie in the stage's working folder as they are ready, so a continued run goes on from them. What is found
 * hangs on rows, options and seed alone, not on partitions.
 */
public final class Neighbours {
    /** Column of the matches, the best first. */
    public static final String RETRIEVED = "retrieved";

    /** One match: the response, its similarity (cosine) and the prompt that it answers. */
    public static final StructType MATCH = new StructType()
            .add("response", DataTypes.StringType)
            .add("similarity", DataTypes.FloatType)
            .add("id", DataTypes.StringType);

    /** {@code prompt_id}, {@value #RETRIEVED}. */
    public static final StructType SCHEMA =
            new StructType().add("prompt_id", DataTypes.StringType).add(RETRIEVED, DataTypes.createArrayType(MATCH));

    static final Table TABLE = new Table(RETRIEVED, SCHEMA, List.of("prompt_id"), false, false);

    private static final int WIDER = 8;

    private Neighbours() {}

    /**
     * Searches, or reads what an earlier attempt at the stage has found.
     *
     * @param stage open; what is found is stored under its working folder
     * @return {@link #SCHEMA}, stored; a prompt without a match has no row
     * @throws org.ballast.spark.io.StageInputException when no response is in the split to look through
     */
    public static Dataset<Row> of(SparkSession spark, StageFolder stage, Responses responses, RetrieveOptions options) {
        Waves found = Waves.of(stage, TABLE);
        if (found.isFinished(1)) {
            return found.read(spark);
        }
        return among(spark, stage, ResponseEmbeddings.of(spark, stage, responses, options), options);
    }

    /** {@link #of} with embeddings at hand. */
    static Dataset<Row> among(SparkSession spark, StageFolder stage, Dataset<Row> embedded, RetrieveOptions options) {
        Waves found = Waves.of(stage, TABLE);
        CellIndex index = CellIndex.of(spark, stage, embedded, options);
        NeighbourSearch search = new NeighbourSearch(spark, index, options);
        if (!found.isFinished(0)) {
            search.search(embedded, options.probes(), matches -> found.write(0, () -> matches));
        }
        if (!found.isFinished(1)) {
            Dataset<Row> met =
                    found.read(spark, 0).select(col("prompt_id"), lit(true).as("met"));
            Column leftOut = lit(false);
            for (String kind : index.leavingOut(options.probes())) {
                leftOut = leftOut.or(col("kind").eqNullSafe(kind));
            }
            Dataset<Row> again = embedded.join(met, new String[] {"prompt_id"}, "left")
                    .withColumn(
                            "searches", col("searches").and(col("met").isNull()).and(leftOut))
                    .drop("met");
            if (again.filter(col("searches")).isEmpty()) {
                found.write(1, () -> spark.createDataFrame(List.of(), SCHEMA));
            } else {
                int wider = (int) Math.min(RetrieveOptions.MOST_CELLS, (long) WIDER * options.probes());
                search.search(again, wider, matches -> found.write(1, () -> matches));
            }
        }
        return found.read(spark);
    }

    /** Adds {@value #RETRIEVED} to rows with a {@code prompt_id}: null where nothing was found. */
    public static Dataset<Row> add(Dataset<Row> rows, Dataset<Row> found) {
        return rows.join(found, new String[] {"prompt_id"}, "left");
    }
}
