package org.ballast.spark.shard;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.sort_array;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.ballast.spark.io.Table;

/**
 * The rows of a finished stage of our own in the order of their keys: {@code samples}, or {@code prompts} each with all its
 * {@code completions}. Spark joins and sorts them once into JSON lines, which are then read as any other.
 */
final class StageRows implements SourceRows {
    /** Field of a prompt's row with its completions. */
    static final String COMPLETIONS = "completions";

    private final FileSystem files;
    private final Iterator<FileStatus> parts;
    private JsonRows current;
    private long position = -1;

    /** @param prepared as {@link #prepare} wrote it */
    StageRows(Configuration hadoop, Path prepared) throws IOException {
        files = prepared.getFileSystem(hadoop);
        FileStatus[] found = files.listStatus(prepared, path -> path.getName().startsWith("part-"));
        parts = Arrays.stream(found)
                .filter(part -> part.getLen() > 0)
                .sorted(Comparator.comparing(part -> part.getPath().getName()))
                .iterator();
    }

    /**
     * Writes the rows of a stage as JSON lines, unless they are there already.
     *
     * @param stage folder of the stage
     * @param samples true for the rows of {@code samples}, false for those of {@code prompts}
     */
    static void prepare(SparkSession spark, Path stage, boolean samples, Path target) {
        try {
            FileSystem files = target.getFileSystem(spark.sparkContext().hadoopConfiguration());
            if (files.exists(new Path(target, "_SUCCESS"))) {
                return;
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot look for " + target, e);
        }
        Dataset<Row> rows = samples ? table(spark, stage, Table.SAMPLES) : prompts(spark, stage);
        Column[] columns = Stream.of(rows.columns()).map(name -> col(name)).toArray(Column[]::new);
        rows.select(
                        col(samples ? "sample_id" : "prompt_id").as("key"),
                        to_json(struct(columns), Map.of("ignoreNullFields", "false"))
                                .as("value"))
                .orderBy("key")
                .select("value")
                .write()
                .mode(SaveMode.Overwrite)
                .option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "true")
                .text(target.toString());
    }

    private static Dataset<Row> prompts(SparkSession spark, Path stage) {
        Dataset<Row> answers = table(spark, stage, Table.COMPLETIONS)
                .groupBy("prompt_id")
                .agg(sort_array(collect_list(
                                struct("completion_id", "response", "type", "score", "model", "policy", "seed")))
                        .as(COMPLETIONS))
                .withColumnRenamed("prompt_id", "answered");
        return table(spark, stage, Table.PROMPTS)
                .join(answers, col("prompt_id").equalTo(col("answered")), "left")
                .drop("answered");
    }

    private static Dataset<Row> table(SparkSession spark, Path stage, Table table) {
        return spark.read().schema(table.schema()).parquet(new Path(stage, table.name()).toString());
    }

    @Override
    public boolean advance() {
        try {
            position++;
            while (current == null || !current.advance()) {
                if (current != null) {
                    current.close();
                    current = null;
                }
                if (!parts.hasNext()) {
                    return false;
                }
                Path part = parts.next().getPath();
                current = JsonRows.lines(part.toString(), files.open(part));
            }
            return true;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the rows of a stage", e);
        }
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public SourceRow row() {
        return current.row();
    }

    @Override
    public void close() throws IOException {
        if (current != null) {
            current.close();
        }
    }
}
