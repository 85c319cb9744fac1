package org.ballast.spark.export;

import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.hadoop.fs.ChecksumFileSystem;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.mapreduce.TaskAttemptContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.encoders.ExpressionEncoder;
import org.apache.spark.sql.execution.datasources.OutputWriter;
import org.ballast.spark.io.HuggingFaceParquet;

/** A file in the making, to which rows are added one after another. */
sealed interface FileContainer extends Closeable {
    /** What the files of one write are. */
    enum Kind {
        /** A row is {@code (member name, bytes)}. */
        TAR,
        /** A row is {@code (JSON text)}; the file is one array with a line a row. */
        JSON_ARRAY,
        /** The only row is {@code (bytes)}. */
        BYTES,
        /** A row is that of the table. */
        PARQUET
    }

    void add(Row row) throws IOException;

    static FileContainer create(Kind kind, Path file, TaskAttemptContext context) throws IOException {
        return switch (kind) {
            case TAR -> new Tar(stream(file, context));
            case JSON_ARRAY -> new JsonArray(stream(file, context));
            case BYTES -> new Bytes(stream(file, context));
            case PARQUET -> new Parquet(HuggingFaceParquet.writer(file, context));
        };
    }

    /** Without the hidden checksum file that Hadoop puts beside each one on a local disk: others list these folders. */
    private static OutputStream stream(Path file, TaskAttemptContext context) throws IOException {
        FileSystem files = file.getFileSystem(context.getConfiguration());
        FileSystem plain = files instanceof ChecksumFileSystem checked ? checked.getRawFileSystem() : files;
        return new BufferedOutputStream(plain.create(file, true), 1 << 16);
    }

    /** POSIX tar whose bytes hang on its members alone: no times, no owners. */
    final class Tar implements FileContainer {
        /** Bytes of a header and of the unit that members fill up to. */
        static final int RECORD = 512;

        private final TarArchiveOutputStream out;

        private Tar(OutputStream stream) {
            out = new TarArchiveOutputStream(stream, StandardCharsets.UTF_8.name());
            out.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            out.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
        }

        /** What a member of a plain, short name takes. */
        static long size(long bytes) {
            return RECORD + (bytes + RECORD - 1) / RECORD * RECORD;
        }

        @Override
        public void add(Row row) throws IOException {
            byte[] bytes = row.getAs(1);
            TarArchiveEntry entry = new TarArchiveEntry(row.getString(0));
            entry.setSize(bytes.length);
            entry.setModTime(0L);
            entry.setIds(0, 0);
            entry.setNames("", "");
            entry.setMode(0100644);
            out.putArchiveEntry(entry);
            out.write(bytes);
            out.closeArchiveEntry();
        }

        @Override
        public void close() throws IOException {
            out.close();
        }
    }

    /** One array, one row a line. */
    final class JsonArray implements FileContainer {
        private final OutputStream out;
        private boolean any;

        private JsonArray(OutputStream out) {
            this.out = out;
        }

        @Override
        public void add(Row row) throws IOException {
            out.write((any ? ",\n" : "[\n").getBytes(StandardCharsets.UTF_8));
            out.write(row.getString(0).getBytes(StandardCharsets.UTF_8));
            any = true;
        }

        @Override
        public void close() throws IOException {
            try (out) {
                out.write((any ? "\n]\n" : "[]\n").getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    /** One file, one row. */
    final class Bytes implements FileContainer {
        private final OutputStream out;

        private Bytes(OutputStream out) {
            this.out = out;
        }

        @Override
        public void add(Row row) throws IOException {
            out.write(row.<byte[]>getAs(0));
        }

        @Override
        public void close() throws IOException {
            out.close();
        }
    }

    /** Spark's own Parquet, as the write support that the configuration names has it. */
    final class Parquet implements FileContainer {
        private final OutputWriter out;
        private ExpressionEncoder.Serializer<Row> serializer;

        private Parquet(OutputWriter out) {
            this.out = out;
        }

        @Override
        public void add(Row row) {
            if (serializer == null) {
                serializer = ExpressionEncoder.apply(row.schema()).createSerializer();
            }
            InternalRow internal = serializer.apply(row);
            out.write(internal);
        }

        @Override
        public void close() {
            out.close();
        }
    }
}
