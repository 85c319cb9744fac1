package org.ballast.spark.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumFileSystem;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.mapreduce.Job;
import org.apache.hadoop.mapreduce.TaskAttemptContext;
import org.apache.parquet.hadoop.ParquetOutputFormat;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.datasources.OutputWriter;
import org.apache.spark.sql.execution.datasources.OutputWriterFactory;
import org.apache.spark.sql.execution.datasources.parquet.ParquetFileFormat;
import org.apache.spark.sql.execution.datasources.parquet.ParquetOutputWriter;
import org.apache.spark.sql.execution.datasources.parquet.ParquetWriteSupport;
import org.apache.spark.sql.types.StructType;

/**
 * Spark's Parquet with the footer key {@value HuggingFaceFeatures#KEY}: {@code format(HuggingFaceParquet.class.getName())}.
 */
public final class HuggingFaceParquet extends ParquetFileFormat {
    private static final long serialVersionUID = 1L;
    private static final String FEATURES = "ballast.parquet.huggingface.features";

    /**
     * How files of pictures are laid out. Sizes are checked every 100 rows by default: with blobs of megabytes that is far
     * beyond a page or a row group. A dictionary of pictures hashes each of them for nothing; their ids are better checksums
     * than those of pages.
     */
    static final Map<String, String> OPTIONS = Map.of(
            // what a task that writes pictures holds of them, and a reader that reads a row group
            "parquet.block.size", Integer.toString(1 << 25),
            "parquet.enable.dictionary#image.bytes", "false",
            "parquet.enable.dictionary#images.list.element.bytes", "false",
            "parquet.page.write-checksum.enabled", "false",
            "parquet.page.size.row.check.min", "4",
            "parquet.page.size.row.check.max", "16",
            "parquet.block.size.row.check.min", "4",
            "parquet.block.size.row.check.max", "16");

    @Override
    public String shortName() {
        return "huggingface-parquet";
    }

    @Override
    public OutputWriterFactory prepareWrite(
            SparkSession spark,
            Job job,
            scala.collection.immutable.Map<String, String> options,
            StructType dataSchema) {
        OutputWriterFactory factory = super.prepareWrite(spark, job, options, dataSchema);
        job.getConfiguration().set(FEATURES, HuggingFaceFeatures.of(dataSchema));
        ParquetOutputFormat.setWriteSupportClass(job, Support.class);
        return new Unsummed(factory);
    }

    /** Spark's writers, without Hadoop's checksum file beside each local file: its 512-byte chunks take longer than the writing. */
    private static final class Unsummed extends OutputWriterFactory {
        private static final long serialVersionUID = 1L;

        private final OutputWriterFactory factory;

        Unsummed(OutputWriterFactory factory) {
            this.factory = factory;
        }

        @Override
        public String getFileExtension(TaskAttemptContext context) {
            return factory.getFileExtension(context);
        }

        @Override
        public OutputWriter newInstance(String path, StructType schema, TaskAttemptContext context) {
            unsum(new Path(path), context);
            return factory.newInstance(path, schema, context);
        }
    }

    private static void unsum(Path file, TaskAttemptContext context) {
        try {
            FileSystem files = file.getFileSystem(context.getConfiguration());
            if (files instanceof ChecksumFileSystem summed) {
                summed.setWriteChecksum(false);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("no file system for " + file, e);
        }
    }

    /** A file of a job that {@link #configure} has set up. */
    public static OutputWriter writer(Path file, TaskAttemptContext context) {
        unsum(file, context);
        return new ParquetOutputWriter(file.toString(), context);
    }

    /**
     * Sets a Hadoop job up to write uncompressed rows with pictures by an output format of its own, see {@link #writer}.
     *
     * @param schema all columns, as they stand in the file
     */
    public static void configure(SparkSession spark, Job job, StructType schema) {
        OPTIONS.forEach(job.getConfiguration()::set);
        new HuggingFaceParquet()
                .prepareWrite(
                        spark, job, new scala.collection.immutable.Map.Map1<>("compression", "uncompressed"), schema);
    }

    /** Spark's own writing of rows; only the footer has one key more. */
    public static final class Support extends ParquetWriteSupport {
        @Override
        public WriteSupport.WriteContext init(Configuration configuration) {
            WriteSupport.WriteContext context = super.init(configuration);
            Map<String, String> metadata = new HashMap<>(context.getExtraMetaData());
            metadata.put(HuggingFaceFeatures.KEY, configuration.get(FEATURES));
            return new WriteSupport.WriteContext(context.getSchema(), metadata);
        }
    }
}
