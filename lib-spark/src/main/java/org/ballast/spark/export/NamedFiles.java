package org.ballast.spark.export;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.mapreduce.Job;
import org.apache.hadoop.mapreduce.JobContext;
import org.apache.hadoop.mapreduce.RecordWriter;
import org.apache.hadoop.mapreduce.TaskAttemptContext;
import org.apache.hadoop.mapreduce.lib.output.FileOutputCommitter;
import org.apache.hadoop.mapreduce.lib.output.FileOutputFormat;
import org.apache.hadoop.mapreduce.lib.output.PathOutputCommitter;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.ballast.spark.io.HuggingFaceParquet;
import org.ballast.spark.io.StageFolder;

/**
 * Files of planned names, added to a folder by the committer of its file system: a file is seen whole or not at all,
 * whatever is retried, run twice or killed, and to write it again puts the same file in its place.
 *
 * <p>A record's key is the file's path below the folder; the records of one file come one after another in one task.
 */
public final class NamedFiles extends FileOutputFormat<String, Row> {
    private static final String KIND = "ballast.export.container";

    /**
     * Writes records as one Spark job.
     *
     * @param parquet columns of {@link FileContainer.Kind#PARQUET}
     * @param folder that the files are added to
     */
    static void write(
            SparkSession spark,
            JavaPairRDD<String, Row> records,
            FileContainer.Kind kind,
            Optional<StructType> parquet,
            Path folder) {
        try {
            Job job = Job.getInstance(spark.sessionState().newHadoopConf());
            parquet.ifPresent(schema -> HuggingFaceParquet.configure(spark, job, schema));
            records.saveAsNewAPIHadoopDataset(configured(job, kind, folder));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot set up the write of " + folder, e);
        }
    }

    /** Deletes what a killed or failed write left; nobody else writes below the folder of an open stage. */
    static void clearTemporary(StageFolder stage, Path folder) {
        stage.files().delete(new Path(folder, FileOutputCommitter.PENDING_DIR_NAME));
    }

    private static Configuration configured(Job job, FileContainer.Kind kind, Path folder) {
        job.setOutputKeyClass(String.class);
        job.setOutputValueClass(Row.class);
        job.setOutputFormatClass(NamedFiles.class);
        FileOutputFormat.setOutputPath(job, folder);
        Configuration configuration = job.getConfiguration();
        configuration.set(KIND, kind.name());
        // others list these folders; that a write is done stands in the work folder
        configuration.setBoolean("mapreduce.fileoutputcommitter.marksuccessfuljobs", false);
        return configuration;
    }

    /** Unlike a job of Hadoop's own, a wave adds to what is there. */
    @Override
    public void checkOutputSpecs(JobContext job) throws IOException {
        if (getOutputPath(job) == null) {
            throw new IOException("no output folder is set");
        }
    }

    @Override
    public RecordWriter<String, Row> getRecordWriter(TaskAttemptContext context) throws IOException {
        PathOutputCommitter committer = (PathOutputCommitter) getOutputCommitter(context);
        FileContainer.Kind kind =
                FileContainer.Kind.valueOf(context.getConfiguration().get(KIND));
        return new Writer(kind, committer.getWorkPath(), context);
    }

    private static final class Writer extends RecordWriter<String, Row> {
        private final FileContainer.Kind kind;
        private final Path folder;
        private final TaskAttemptContext context;
        private String name;
        private FileContainer file;

        Writer(FileContainer.Kind kind, Path folder, TaskAttemptContext context) {
            this.kind = kind;
            this.folder = folder;
            this.context = context;
        }

        @Override
        public void write(String wanted, Row row) throws IOException {
            if (!wanted.equals(name)) {
                finish();
                file = FileContainer.create(kind, new Path(folder, wanted), context);
                name = wanted;
            }
            file.add(row);
        }

        @Override
        public void close(TaskAttemptContext closing) throws IOException {
            finish();
        }

        private void finish() throws IOException {
            FileContainer done = file;
            file = null;
            if (done != null) {
                done.close();
            }
        }
    }
}
