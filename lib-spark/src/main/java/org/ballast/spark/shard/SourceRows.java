package org.ballast.spark.shard;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.io.compress.CompressionCodecFactory;
import org.apache.spark.sql.SparkSession;

/**
 * The rows of one input in a fixed order, of which one is held at a time. What is wrong with a row is part of the row
 * ({@link SourceRow#reason}); what is wrong with the source as a whole is an {@link AnnotationException}.
 */
interface SourceRows extends Closeable {
    /**
     * Moves to the next row; a row that was not asked for is passed over.
     *
     * @return false behind the last one
     * @throws AnnotationException when the source is broken there, so that what follows cannot be told apart into rows
     */
    boolean advance();

    /** Index of the current row, from 0. */
    long position();

    /** The current row; to be called at most once for each. */
    SourceRow row();

    /**
     * The rows of an input, as its format stores them.
     *
     * @param prepared where {@link #prepare} put the rows of stages
     * @throws AnnotationException when the source cannot be read at all
     */
    static SourceRows open(Configuration hadoop, ShardPlan plan, int input, Path prepared) {
        ShardInput of = plan.options().inputs().get(input);
        if (of.format() != AnnotationLayout.BALLAST) {
            return open(hadoop, of, new Path(plan.annotations().get(input)));
        }
        try {
            return new StageRows(hadoop, new Path(prepared, Integer.toString(input)));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the rows of stage " + of.annotations(), e);
        }
    }

    /** Writes the rows of those inputs that are stages of our own, which are joined and sorted first, to a folder of work. */
    static void prepare(SparkSession spark, ShardPlan plan, Path prepared) {
        for (int i = 0; i < plan.options().inputs().size(); i++) {
            ShardInput input = plan.options().inputs().get(i);
            if (input.format() == AnnotationLayout.BALLAST) {
                StageRows.prepare(
                        spark,
                        new Path(plan.annotations().get(i)),
                        input.givesSamples(),
                        new Path(prepared, Integer.toString(i)));
            }
        }
    }

    /** The rows of an input that is no stage of our own. */
    static SourceRows open(Configuration hadoop, ShardInput input, Path place) {
        try {
            return switch (input.format()) {
                case IMAGE_FOLDER -> new FolderRows(hadoop, place, input);
                case IDX -> new IdxFile(hadoop, input.annotations(), place);
                case WEBDATASET -> new WebDatasetRows(input.annotations(), bytes(hadoop, input.annotations(), place));
                default -> isParquet(place.getName())
                        ? new ParquetRows(hadoop, input, place)
                        : new JsonRows(
                                input.annotations(),
                                bytes(hadoop, input.annotations(), place),
                                input.format() == AnnotationLayout.MINIGPT4 ? MiniGpt4Format.ANNOTATIONS : null);
            };
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read annotation file " + input.annotations(), e);
        }
    }

    /** True for the name of a Parquet file. */
    static boolean isParquet(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return lower.endsWith(".parquet") || lower.endsWith(".parq");
    }

    /** The bytes of a file, unpacked where its name tells that it is packed. */
    static InputStream bytes(Configuration hadoop, String file, Path place) throws IOException {
        String name = place.getName().toLowerCase(Locale.ROOT);
        InputStream in = place.getFileSystem(hadoop).open(place);
        try {
            if (name.endsWith(".gz") || name.endsWith(".tgz")) {
                return new GZIPInputStream(in, 1 << 16);
            }
            CompressionCodec codec = new CompressionCodecFactory(hadoop).getCodec(place);
            return codec == null ? in : codec.createInputStream(in);
        } catch (EOFException | ZipException e) {
            in.close();
            throw new AnnotationException("annotation file %s is no gzip file: %s".formatted(file, e.getMessage()), e);
        }
    }
}
