package org.ballast.spark.shard;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.function.Supplier;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.CollectionAccumulator;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Waves;
import scala.collection.JavaConverters;
import scala.collection.Seq;

/** What the steps of one run share. */
final class ShardContext {
    /** Rows that one task of a shuffle takes. */
    private static final long SHUFFLED_ROWS = 250_000;

    private final SparkSession spark;
    private final ShardPlan plan;
    private final StageFolder stage;
    private int shuffles;

    ShardContext(SparkSession spark, ShardPlan plan, StageFolder stage) {
        this.spark = spark;
        this.plan = plan;
        this.stage = stage;
        this.shuffles = partitions();
    }

    SparkSession spark() {
        return spark;
    }

    ShardPlan plan() {
        return plan;
    }

    ShardOptions options() {
        return plan.options();
    }

    StageFolder stage() {
        return stage;
    }

    /** True when the tables of an earlier run are brought up to date. */
    boolean updates() {
        return stage.parent().isPresent();
    }

    /** Tasks that run at once. */
    int partitions() {
        return options().partitions() > 0
                ? options().partitions()
                : spark.sparkContext().defaultParallelism();
    }

    /** Tasks of a shuffle of all rows. */
    int shuffles() {
        return shuffles;
    }

    /** Says how many rows there are. */
    void rows(long rows) {
        shuffles = (int) Math.max(partitions(), Math.min(10_000, rows / SHUFFLED_ROWS + 1));
    }

    /** A step of one wave: written once, then read. */
    Dataset<Row> once(Table table, Supplier<Dataset<Row>> rows) {
        Waves waves = Waves.of(stage, table);
        waves.write(0, rows);
        return waves.read(spark);
    }

    /** The waves of another size are other waves: a continued run must not mix them. */
    Table cut(Table table, int waveSize) {
        return new Table(table.name() + "_" + waveSize, table.schema(), table.key(), table.bySplit(), table.pictures());
    }

    /** Takes what the tasks of one Spark job send to the driver, once for each task. */
    CollectionAccumulator<byte[]> blobs(String name) {
        return spark.sparkContext().collectionAccumulator(name);
    }

    JavaSparkContext context() {
        return JavaSparkContext.fromSparkContext(spark.sparkContext());
    }

    SerializableConfiguration hadoop() {
        return new SerializableConfiguration(spark.sparkContext().hadoopConfiguration());
    }

    boolean exists(Path path) {
        return stage.files().exists(path);
    }

    /** Leaves an empty file. */
    void touch(Path path) {
        stage.requireMine();
        try {
            stage.fileSystem().create(path, true).close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + path, e);
        }
    }

    void delete(Path path) {
        stage.requireMine();
        stage.files().delete(path);
    }

    /** Columns of a join. */
    static Seq<String> on(String... columns) {
        return on(List.of(columns));
    }

    static Seq<String> on(List<String> columns) {
        return JavaConverters.asScalaBuffer(columns).toSeq();
    }

    /** Closes with the task that runs now. */
    static void closeWithTask(Closeable closeable) {
        TaskContext.get().addTaskCompletionListener((TaskCompletionListener) context -> {
            try {
                closeable.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }
}
