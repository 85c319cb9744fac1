package org.ballast.spark.shard;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.CollectionAccumulator;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;
import org.ballast.core.data.Reason;
import org.ballast.core.data.RowRejected;
import org.ballast.core.data.Sha256;
import org.ballast.core.image.ImageInspector;
import org.ballast.core.image.ImageRejected;
import org.ballast.core.image.InspectedImage;
import org.ballast.spark.io.Table;
import org.ballast.spark.rows.ImageRows;

/**
 * Reads the pictures of a task, each once, and gives those that are new as rows of {@code images}. Equal pictures stand behind
 * each other in the order of {@link #ORDER}, so the pictures of one class (length, and edge where it was looked at) are all
 * that is remembered. What became of each picture goes to the driver in {@code verdicts}, once, when the task ends.
 */
record PictureTask(
        PictureFiles.Settings settings,
        ImageInspector inspector,
        SerializableConfiguration hadoop,
        CollectionAccumulator<byte[]> verdicts)
        implements MapPartitionsFunction<Row, Row>, Serializable {
    private static final long serialVersionUID = 1L;

    /** A picture that is wanted; with {@code known}, the id of one that an earlier run stored. */
    static final StructType SCHEMA = new StructType()
            .add("root", DataTypes.IntegerType)
            .add("image", DataTypes.StringType)
            .add("offset", DataTypes.LongType)
            .add("length", DataTypes.LongType)
            .add("modified", DataTypes.LongType)
            .add("edge", DataTypes.LongType)
            .add("known", DataTypes.StringType)
            .add("bucket", DataTypes.IntegerType);

    static final Table TABLE = new Table("wanted", SCHEMA, List.of("root", "image"), false, false);

    /** Known ids first: ascending puts nulls first, so {@code unknown} says it the other way round. */
    static final List<String> ORDER = List.of("length", "edge", "unknown", "root", "image");

    @Override
    public Iterator<Row> call(Iterator<Row> wanted) {
        Task task = new Task(wanted);
        TaskContext.get().addTaskCompletionListener((TaskCompletionListener) context -> task.close());
        return task;
    }

    /** Why a picture was refused, without its name. */
    private record Refusal(Reason reason, String message) {}

    private final class Task implements Iterator<Row> {
        private final Iterator<Row> wanted;
        private final PictureFiles files = new PictureFiles(settings, hadoop.value());
        private final Verdict.Packer packer = new Verdict.Packer();
        /** By id the pictures of the current class: stored, or with why they were not. */
        private final Map<String, Object> seen = new HashMap<>();

        private Long length;
        private Long edge;
        private Row next;
        private boolean ended;

        Task(Iterator<Row> wanted) {
            this.wanted = wanted;
        }

        @Override
        public boolean hasNext() {
            while (next == null && !ended) {
                if (wanted.hasNext()) {
                    next = take(wanted.next());
                } else {
                    ended = true;
                    verdicts.add(packer.packed());
                }
            }
            return next != null;
        }

        @Override
        public Row next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            Row row = next;
            next = null;
            return row;
        }

        /** The row of a picture that is stored now; null for any other. */
        private Row take(Row row) {
            Long itsLength = row.getAs("length");
            Long itsEdge = row.getAs("edge");
            if (!Objects.equals(length, itsLength) || !Objects.equals(edge, itsEdge)) {
                seen.clear();
                length = itsLength;
                edge = itsEdge;
            }
            String known = row.getAs("known");
            if (known != null) {
                seen.put(known, Boolean.TRUE);
                return null;
            }
            int root = row.<Integer>getAs("root");
            String path = row.getAs("image");
            long modified = row.<Long>getAs("modified");
            try {
                byte[] bytes = files.read(root, path, row.getAs("offset"), length);
                String id = Sha256.of(bytes);
                long itsEnds = PictureFiles.edge(bytes);
                Object before = seen.get(id);
                Object found = before == null ? inspected(bytes) : before;
                if (found instanceof Refusal refusal) {
                    seen.put(id, refusal);
                    String message = "image '%s': %s".formatted(path, refusal.message());
                    packer.add(
                            new Verdict(root, path, length, modified, itsEnds, null, refusal.reason(), message, false));
                    return null;
                }
                seen.put(id, Boolean.TRUE);
                packer.add(new Verdict(root, path, length, modified, itsEnds, id, null, null, before == null));
                return found instanceof InspectedImage picture ? row(id, path, picture) : null;
            } catch (RowRejected e) {
                packer.add(new Verdict(root, path, length, modified, 0, null, e.reason(), e.getMessage(), false));
                return null;
            } catch (IOException e) {
                throw new UncheckedIOException(
                        "cannot read picture '%s' of %s"
                                .formatted(path, settings.roots().get(root).name()),
                        e);
            }
        }

        private Object inspected(byte[] bytes) {
            try {
                return inspector.inspect(bytes);
            } catch (ImageRejected e) {
                return new Refusal(Reason.of(e.reason().code()), e.getMessage());
            }
        }

        private Row row(String id, String path, InspectedImage picture) {
            Object[] image = {picture.bytes(), path};
            Object[] values = {
                id,
                new GenericRowWithSchema(image, ImageRows.IMAGE),
                picture.width(),
                picture.height(),
                picture.format(),
                (long) picture.bytes().length,
                picture.orientation(),
                picture.dHash()
            };
            return new GenericRowWithSchema(values, ImageRows.SCHEMA);
        }

        void close() {
            try {
                files.close();
            } catch (IOException e) {
                throw new UncheckedIOException("cannot close an image root", e);
            }
        }
    }
}
