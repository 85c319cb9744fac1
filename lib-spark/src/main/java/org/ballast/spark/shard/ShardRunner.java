package org.ballast.spark.shard;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.element_at;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.sha2;
import static org.apache.spark.sql.functions.when;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.ballast.spark.io.AppendLog;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.shape.Shaped;
import org.ballast.spark.units.TooManyFailuresException;

/**
 * Runs a {@link ShardPlan} into an open stage folder, in steps that are each written before the next begins, so that a
 * killed run continues at the first wave that is missing:
 *
 * <ol>
 *   <li>the executors stream the annotation files into {@code candidates}, text only ({@link AnnotationStep});
 *   <li>candidates get unique keys ({@link RowResolver#keyed});
 *   <li>each picture that a row names is read once, in waves ({@link PictureStep});
 *   <li>rows and pictures are joined ({@link RowResolver#resolved}), put into the splits that are asked for
 *       ({@link ShapeStep}) and, in an update, compared with those of the run before ({@link RowIndex#compared});
 *   <li>what is to be written is written ({@link TableStep}), in an update beside the tables, for the commit to put in place.
 * </ol>
 *
 * The caller opens and commits the folder.
 */
public final class ShardRunner {
    private final ShardContext shard;
    private final Map<String, Long> durations = new LinkedHashMap<>();

    private ShardRunner(ShardContext shard) {
        this.shard = shard;
    }

    /**
     * Runs to the tables {@code images}, {@code quarantine}, and {@code samples} or {@code prompts} and
     * {@code completions} or all three, as the inputs' formats have it; beside them {@code index} and {@code picture_index}.
     *
     * @throws AnnotationException when an annotation file or an archive is broken as a whole
     * @throws TooManyFailuresException when more than the allowed share of rows is in quarantine; after a run that began
     *     anew the table {@code quarantine} is there to be read
     */
    public static ShardResult run(SparkSession spark, ShardPlan plan, StageFolder stage) {
        try {
            return new ShardRunner(new ShardContext(spark, plan, stage)).run();
        } catch (AnnotationException e) {
            throw e;
        } catch (Exception e) {
            // what an executor finds broken comes wrapped in Spark's account of its task
            for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
                if (cause instanceof AnnotationException broken) {
                    throw broken;
                }
            }
            throw e;
        }
    }

    private ShardResult run() {
        AnnotationStep annotations = new AnnotationStep(shard);
        Dataset<Row> candidates = timed("annotations", annotations::run);
        long annotationRows = annotations.annotationRows(candidates);
        shard.rows(candidates.count());
        Dataset<Row> keyed = timed(
                "keys",
                () -> shard.once(
                        RowResolver.KEYED_TABLE,
                        () -> RowResolver.keyed(candidates, shard.plan().annotations(), shard.shuffles())));
        PictureStep pictures = new PictureStep(shard);
        Dataset<Row> resolved = shard.options().pictures() == PictureStorage.EMBED
                ? embedded(keyed, pictures)
                : timed("pictures", () -> referenced(keyed));
        requireUnique(resolved);
        Dataset<Row> duplicates = shard.options().pictures() == PictureStorage.EMBED
                ? timed("duplicates", () -> Duplicates.of(shard, resolved))
                : null;
        Shaped shaped = timed("shape", () -> new ShapeStep(shard).run(resolved, duplicates));
        Dataset<Row> compared = timed("compare", () -> shard.once(RowIndex.COMPARED, () -> compared(shaped.rows())));
        TableWriter tables = new TableWriter(shard, compared, candidates, duplicates, shaped.figures());
        return timed("tables", () -> tables.run(annotationRows, pictures.verdicts(), durations));
    }

    private Dataset<Row> embedded(Dataset<Row> keyed, PictureStep pictures) {
        Dataset<Row> found = timed("pictures", () -> pictures.run(keyed));
        return timed(
                "join",
                () -> shard.once(
                        RowResolver.RESOLVED_TABLE, () -> RowResolver.resolved(keyed, found, shard.shuffles())));
    }

    /** Rows with the ids of pictures that nobody looks at, which are those of their URIs; {@code images} gets the URIs. */
    private Dataset<Row> referenced(Dataset<Row> keyed) {
        Column[] starts = shard.plan().roots().stream()
                .map(root -> lit(root.uri() + (root.kind() == ImageRoot.Kind.FOLDER ? "/" : "#")))
                .toArray(Column[]::new);
        Column uri = starts.length == 0
                ? lit(null).cast(DataTypes.StringType)
                : when(
                        col("image").isNotNull(),
                        concat(element_at(array(starts), col("root").plus(lit(1))), col("image")));
        Dataset<Row> named = keyed.withColumn("uri", uri).withColumn("image_id", sha2(col("uri"), 256));
        AppendLog log = AppendLog.of(shard.stage(), Table.IMAGES);
        log.discardUnknown();
        if (!log.isFinished(0)) {
            Dataset<Row> images = named.filter(
                            col("reason").isNull().and(col("uri").isNotNull()))
                    .select("image_id", "uri")
                    .repartition(shard.shuffles(), col("image_id"))
                    .distinct();
            if (shard.updates()) {
                Dataset<Row> stored =
                        Tables.read(shard.spark(), shard.stage(), Table.IMAGES).select("image_id");
                images = images.join(stored.hint("merge"), ShardContext.on("image_id"), "left_anti");
            }
            Tables.appender(ReferencedImages.rows(images), Table.IMAGES)
                    .save(shard.stage().table(Table.IMAGES.name()).toString());
            log.finish(0);
        }
        return named.select(RowResolver.columns(RowResolver.RESOLVED));
    }

    /** Two different sources may spell out one id, "a" + "/0" and "a/0": nobody could tell those rows apart. */
    private void requireUnique(Dataset<Row> resolved) {
        if (!shard.options().inputs().stream().anyMatch(input -> !input.givesSamples())) {
            return;
        }
        resolved.filter(col("reason").isNull().and(not(col("sample"))))
                .groupBy("key")
                .agg(count(lit(1)).as("rows"))
                .filter(col("rows").gt(1))
                .orderBy("key")
                .limit(1)
                .collectAsList()
                .forEach(twice -> {
                    throw new AnnotationException(
                            "prompt_id '%s' of table 'prompts' comes from several rows: give their inputs an id prefix"
                                    .formatted(twice.getString(0)));
                });
    }

    private Dataset<Row> compared(Dataset<Row> resolved) {
        if (!shard.updates()) {
            return RowIndex.added(resolved);
        }
        Dataset<Row> index = Tables.read(shard.spark(), shard.stage(), RowIndex.TABLE);
        return RowIndex.compared(resolved, index, shard.shuffles());
    }

    private <T> T timed(String step, Supplier<T> work) {
        long start = System.nanoTime();
        T done = work.get();
        durations.put(step, (System.nanoTime() - start) / 1_000_000);
        return done;
    }
}
