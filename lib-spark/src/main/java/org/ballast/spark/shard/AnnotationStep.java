package org.ballast.spark.shard;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Waves;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Annotation files to the table {@code candidates}, in waves. The executors read, a row at a time, and nothing of a file ever
 * reaches the driver. Small files share a wave, one task each; a large one is cut into waves of rows, each read by several
 * tasks that pass over the rows of the others.
 */
final class AnnotationStep {
    private static final Logger LOG = LoggerFactory.getLogger(AnnotationStep.class);

    /** Bytes from which a file is large. */
    private static final long LARGE = 32L << 20;
    /** Bytes that a row has at least, to tell whether a file may have more than a wave. */
    private static final int SHORTEST_ROW = 50;
    /** Bytes of small files in a wave. */
    private static final long WAVE_BYTES = 512L << 20;
    /** Bytes of a file that holds pictures for one of its text. */
    private static final int BYTES_OF_TEXT_BYTE = 100;
    /** Files in a wave. */
    private static final int WAVE_FILES = 10_000;
    /** Rows in turn that one task of a large file reads before the next one does. */
    private static final int BLOCK = 512;

    /**
     * A candidate with what later steps need in place of its texts.
     *
     * <p>{@code content} is its {@link ContentDigest}, {@code text_bytes} its size, {@code first} true for one candidate of
     * each annotation row.
     */
    static final StructType SCHEMA = Candidate.SCHEMA
            .add("content", DataTypes.StringType)
            .add("text_bytes", DataTypes.LongType)
            .add("first", DataTypes.BooleanType);

    private final ShardContext shard;
    private final Waves waves;
    /** Where the rows of stages of our own are joined and sorted. */
    private final Path prepared;

    AnnotationStep(ShardContext shard) {
        this.shard = shard;
        this.prepared = shard.stage().work("stage_rows");
        this.waves = Waves.of(
                shard.stage(),
                shard.cut(
                        new Table("candidates", SCHEMA, Candidate.TABLE.key(), false, false),
                        shard.options().waveRows()));
    }

    /**
     * What one task reads.
     *
     * @param to first row that is not read any more
     * @param stripe which of {@code stripes} parts of the rows between
     */
    private record Share(int input, long from, long to, int stripe, int stripes) implements Serializable {}

    /** Reads what was not read yet; returns all candidates. */
    Dataset<Row> run() {
        SourceRows.prepare(shard.spark(), shard.plan(), prepared);
        int wave = 0;
        List<Share> small = new ArrayList<>();
        long bytes = 0;
        for (int input = 0; input < shard.options().inputs().size(); input++) {
            long length = length(input);
            if (length >= LARGE || length / SHORTEST_ROW > shard.options().waveRows()) {
                wave = readLarge(wave, input, length);
                continue;
            }
            if (bytes + length > WAVE_BYTES || small.size() == WAVE_FILES) {
                write(wave++, small);
                small.clear();
                bytes = 0;
            }
            small.add(new Share(input, 0, Long.MAX_VALUE, 0, 1));
            bytes += length;
        }
        if (!small.isEmpty()) {
            write(wave, small);
        }
        return waves.read(shard.spark());
    }

    /**
     * Counts the annotation rows.
     *
     * @throws IllegalStateException when one was lost or read twice
     */
    long annotationRows(Dataset<Row> candidates) {
        long rows = 0;
        for (Iterator<Row> inputs = candidates
                        .filter(col("first"))
                        .groupBy("input")
                        .agg(count(lit(1)), max("position"))
                        .toLocalIterator();
                inputs.hasNext(); ) {
            Row input = inputs.next();
            if (input.getLong(1) != input.getLong(2) + 1) {
                throw new IllegalStateException("%s: %d rows were read, but the last one has number %d"
                        .formatted(
                                shard.plan().annotations().get(input.getInt(0)), input.getLong(1), input.getLong(2)));
            }
            rows += input.getLong(1);
        }
        LOG.info(
                "{}: {} annotation rows of {} files",
                shard.stage().stage(),
                rows,
                shard.options().inputs().size());
        return rows;
    }

    /** Returns the number of the next wave. */
    private int readLarge(int first, int input, long length) {
        int wave = first;
        int rows = shard.options().waveRows();
        int stripes = (int) Math.max(1, Math.min(shard.partitions(), length / LARGE));
        for (long from = 0; ; from += rows) {
            List<Share> shares = new ArrayList<>();
            for (int stripe = 0; stripe < stripes; stripe++) {
                shares.add(new Share(input, from, from + rows, stripe, stripes));
            }
            write(wave, shares);
            if (waves.read(shard.spark(), wave++).filter(col("first")).count() < rows) {
                return wave;
            }
        }
    }

    private void write(int wave, List<Share> shares) {
        waves.write(wave, () -> shard.spark()
                .createDataFrame(
                        shard.context()
                                .parallelize(List.copyOf(shares), shares.size())
                                .flatMap(new Read(shard.plan(), prepared.toString(), shard.hadoop())),
                        SCHEMA));
    }

    private long length(int input) {
        Path file = new Path(shard.plan().annotations().get(input));
        try {
            FileStatus status = file.getFileSystem(shard.hadoop().value()).getFileStatus(file);
            // of a folder nobody knows
            long known = status.isFile() ? status.getLen() : LARGE;
            return holdsPictures(input) ? known / BYTES_OF_TEXT_BYTE : known;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot look for " + file, e);
        }
    }

    private boolean holdsPictures(int input) {
        int root = shard.plan().rootOfInput().get(input);
        return root >= 0
                && shard.plan()
                        .roots()
                        .get(root)
                        .uri()
                        .equals(shard.plan().annotations().get(input));
    }

    /** Reads a share on an executor. */
    private record Read(ShardPlan plan, String prepared, SerializableConfiguration hadoop)
            implements FlatMapFunction<Share, Row>, Serializable {
        private static final long serialVersionUID = 1L;

        @Override
        public Iterator<Row> call(Share share) {
            Rows rows = new Rows(plan, share, SourceRows.open(hadoop.value(), plan, share.input(), new Path(prepared)));
            ShardContext.closeWithTask(rows.reader);
            return rows;
        }
    }

    /** Streams the candidates of a share. */
    private static final class Rows implements Iterator<Row> {
        private final ShardPlan plan;
        private final Share share;
        private final SourceRows reader;
        private final ContentDigest digest = new ContentDigest();
        private final Deque<Row> held = new ArrayDeque<>();
        private boolean ended;

        Rows(ShardPlan plan, Share share, SourceRows reader) {
            this.plan = plan;
            this.share = share;
            this.reader = reader;
        }

        @Override
        public boolean hasNext() {
            while (held.isEmpty() && !ended) {
                read();
            }
            return !held.isEmpty();
        }

        @Override
        public Row next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            return held.removeFirst();
        }

        private void read() {
            if (!reader.advance() || reader.position() >= share.to()) {
                ended = true;
                return;
            }
            long position = reader.position();
            if (position < share.from() || position / BLOCK % share.stripes() != share.stripe()) {
                return;
            }
            ShardInput input = plan.options().inputs().get(share.input());
            RowContext context = new RowContext(
                    input, share.input(), plan.rootOfInput().get(share.input()), position, plan.classes());
            for (Candidate candidate : CandidateRows.of(reader.row(), context)) {
                held.add(row(candidate, input, held.isEmpty()));
            }
        }

        private Row row(Candidate candidate, ShardInput input, boolean first) {
            Row row = candidate.toRow();
            String labelName = candidate.labelName() != null || candidate.label() == null
                    ? candidate.labelName()
                    : plan.classes().name(candidate.label(), input.domain());
            Object[] values = new Object[SCHEMA.length()];
            for (int i = 0; i < row.length(); i++) {
                values[i] = row.get(i);
            }
            values[SCHEMA.fieldIndex("content")] = digest.of(row, input, labelName);
            values[SCHEMA.fieldIndex("text_bytes")] = digest.bytes();
            values[SCHEMA.fieldIndex("first")] = first;
            return new GenericRowWithSchema(values, SCHEMA);
        }
    }
}
