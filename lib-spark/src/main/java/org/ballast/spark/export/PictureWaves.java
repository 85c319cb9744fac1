package org.ballast.spark.export;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_set;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.input_file_name;
import static org.apache.spark.sql.functions.lit;

import java.net.URI;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.function.PairFlatMapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.LongAccumulator;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.rows.ImageRows;
import org.ballast.spark.session.Progress;
import scala.Tuple2;

/**
 * Writes planned files wave by wave. A wave reads its files of the table {@code images} once, sends each picture to the
 * tasks of the files that need it, where it comes right before the rows that it belongs to, and writes one file a task;
 * a task holds one picture at a time beside what Spark sorts and the file buffers.
 */
final class PictureWaves {
    private static final String PARTITION = "partition";
    private static final String PICTURE = "picture";
    private static final String IS_ROW = "is_row";
    private static final String NUMBER = "number";

    private final SparkSession spark;
    private final StageFolder stage;
    private final String name;
    private final Assembler assembler;

    PictureWaves(SparkSession spark, StageFolder stage, String name, Assembler assembler) {
        this.spark = spark;
        this.stage = stage;
        this.name = name;
        this.assembler = assembler;
    }

    /**
     * Writes what is not yet written below {@code <stage>/<name>}.
     *
     * @return rows in all files
     */
    long write(PackedFiles plan) {
        WaveMarks marks = new WaveMarks(stage, name + "_done");
        Path folder = stage.file(name);
        long written = 0;
        try (Progress progress =
                Progress.of(stage.stage(), "waves of " + name, plan.waves().size())) {
            for (int wave = 0; wave < plan.waves().size(); wave++) {
                if (marks.rows(wave).isEmpty()) {
                    NamedFiles.clearTemporary(stage, folder);
                    marks.finish(wave, writeWave(plan, wave, folder));
                }
                written += marks.rows(wave).orElseThrow();
                progress.to(wave + 1);
            }
        }
        NamedFiles.clearTemporary(stage, folder);
        return written;
    }

    private long writeWave(PackedFiles plan, int wave, Path folder) {
        List<PackedFiles.Share> shares = plan.waves().get(wave);
        int files = shares.stream().mapToInt(PackedFiles.Share::files).sum();
        if (files == 0) {
            return 0;
        }
        Dataset<Row> rows = numbered(plan.rows().filter(col(PackedFiles.WAVE).equalTo(wave)), shares);
        Dataset<Row> all = withPictures(rows);
        Dataset<Row> sorted = Tables.placed(all, col(PARTITION), files)
                .sortWithinPartitions(PARTITION, PackedFiles.ORDER, IS_ROW, TextRows.KEY);
        LongAccumulator count = spark.sparkContext().longAccumulator();
        JavaPairRDD<String, Row> records = sorted.toJavaRDD().mapPartitionsToPair(new Merge(assembler, count));
        NamedFiles.write(spark, records, assembler.kind(), assembler.parquet(), folder);
        return count.value();
    }

    /** Adds the task of each row and the number of its file in its split. */
    private Dataset<Row> numbered(Dataset<Row> rows, List<PackedFiles.Share> shares) {
        List<Row> bases = new ArrayList<>();
        int base = 0;
        for (PackedFiles.Share share : shares) {
            bases.add(RowFactory.create(share.split(), base, share.first()));
            base += share.files();
        }
        StructType schema = new StructType()
                .add("of_split", DataTypes.StringType)
                .add("base", DataTypes.IntegerType)
                .add("first", DataTypes.IntegerType);
        return rows.join(
                        broadcast(spark.createDataFrame(bases, schema)),
                        col(Table.SPLIT).equalTo(col("of_split")))
                .withColumn(PARTITION, col("base").plus(col(PackedFiles.FILE)))
                .withColumn(NUMBER, col("first").plus(col(PackedFiles.FILE)))
                .drop("of_split", "base", "first");
    }

    /** The rows, and before those of each picture the picture, in every task that needs it. */
    private Dataset<Row> withPictures(Dataset<Row> rows) {
        Dataset<Row> asRows =
                rows.withColumn(IS_ROW, lit(1)).withColumn(PICTURE, lit(null).cast(ImageRows.IMAGE));
        Dataset<Row> wanted = rows.filter(col(TextRows.IMAGE_ID).isNotNull())
                .groupBy(
                        col(TextRows.IMAGE_ID).as("wanted_id"),
                        col(PicturePlaces.PLACE + ".file").as("wanted_file"))
                .agg(collect_set(PARTITION).as("tasks"));
        String[] paths = wanted.select("wanted_file").distinct().collectAsList().stream()
                .map(row -> decoded(row.getString(0)))
                .toArray(String[]::new);
        if (paths.length == 0) {
            return asRows;
        }
        Dataset<Row> stored = spark.read()
                .schema(Table.IMAGES.schema())
                .parquet(paths)
                .select(
                        col("image_id").as("stored_id"),
                        col("image").as(PICTURE),
                        input_file_name().as("stored_file"));
        Dataset<Row> few = rows.count() <= PackedFiles.WAVE_ROWS ? broadcast(wanted) : wanted;
        Dataset<Row> pictures = stored.join(
                        few,
                        col("stored_id")
                                .equalTo(col("wanted_id"))
                                .and(col("stored_file").equalTo(col("wanted_file"))))
                .select(
                        explode(col("tasks")).as(PARTITION),
                        col("stored_id").as(PackedFiles.ORDER),
                        lit(0).as(IS_ROW),
                        col(PICTURE));
        return asRows.unionByName(pictures, true);
    }

    /** The path that {@code input_file_name()} spells as a URL. */
    private static String decoded(String url) {
        return new Path(URI.create(url)).toString();
    }

    /** Puts each picture to the rows behind it. */
    private record Merge(Assembler assembler, LongAccumulator count)
            implements PairFlatMapFunction<Iterator<Row>, String, Row> {
        private static final long serialVersionUID = 1L;

        @Override
        public Iterator<Tuple2<String, Row>> call(Iterator<Row> sorted) {
            return new Iterator<>() {
                private final Deque<Tuple2<String, Row>> ready = new ArrayDeque<>();
                private String pictureId;
                private Row picture;

                @Override
                public boolean hasNext() {
                    while (ready.isEmpty() && sorted.hasNext()) {
                        take(sorted.next());
                    }
                    return !ready.isEmpty();
                }

                @Override
                public Tuple2<String, Row> next() {
                    if (!hasNext()) {
                        throw new NoSuchElementException();
                    }
                    return ready.remove();
                }

                private void take(Row row) {
                    String id = row.getAs(PackedFiles.ORDER);
                    if (row.<Integer>getAs(IS_ROW) == 0) {
                        pictureId = id;
                        picture = row.getAs(PICTURE);
                        return;
                    }
                    LocatedRow located = LocatedRow.of(row);
                    if (located.imageId() != null && !located.imageId().equals(pictureId)) {
                        throw new IllegalStateException("row '%s': picture %s was planned and is not there"
                                .formatted(located.key(), located.imageId()));
                    }
                    String file = assembler.file(located.split(), row.<Integer>getAs(NUMBER));
                    for (Assembler.Record record :
                            assembler.records(located, located.imageId() == null ? null : picture, file)) {
                        ready.add(new Tuple2<>(record.file(), record.row()));
                    }
                    count.add(1);
                }
            };
        }
    }
}
