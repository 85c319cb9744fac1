package org.ballast.spark.shard;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import org.ballast.core.data.Reason;
import org.ballast.core.data.RowRejected;
import org.ballast.spark.io.Table;
import org.ballast.spark.picture.PictureFolder;

/** Finds what there is to know of pictures without reading them: length and time, or why they will not be read. */
record PictureStat(PictureFiles.Settings settings, SerializableConfiguration hadoop)
        implements MapPartitionsFunction<Row, Row>, Serializable {
    private static final long serialVersionUID = 1L;

    static final StructType SCHEMA = new StructType()
            .add("root", DataTypes.IntegerType)
            .add("image", DataTypes.StringType)
            .add("offset", DataTypes.LongType)
            .add("length", DataTypes.LongType)
            .add("modified", DataTypes.LongType)
            .add("reason", DataTypes.StringType)
            .add("message", DataTypes.StringType);

    static final Table TABLE = new Table("paths", SCHEMA, List.of("root", "image"), false, false);

    /** @param wanted {@code root, image}, and what the index of its tar says: {@code offset, length, modified} */
    @Override
    public Iterator<Row> call(Iterator<Row> wanted) {
        PictureFiles files = new PictureFiles(settings, hadoop.value());
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return wanted.hasNext();
            }

            @Override
            public Row next() {
                return found(wanted.next(), files);
            }
        };
    }

    private Row found(Row row, PictureFiles files) {
        int root = row.<Integer>getAs("root");
        String path = row.getAs("image");
        ImageRoot from = settings.roots().get(root);
        try {
            Long offset = row.getAs("offset");
            if (from.kind() != ImageRoot.Kind.FOLDER && offset == null) {
                throw new RowRejected(Reason.IMAGE_MISSING, "image '%s' is no file in %s".formatted(path, from.name()));
            }
            PictureFolder.Found found = offset == null
                    ? files.find(root, path)
                    : new PictureFolder.Found(row.<Long>getAs("length"), row.<Long>getAs("modified"));
            PictureFolder.requireSize(path, found.length(), settings.maxBytes());
            if (found.length() == 0) {
                throw new RowRejected(Reason.IMAGE_EMPTY, "image '%s': no bytes".formatted(path));
            }
            return row(root, path, offset, found.length(), found.modified(), null, null);
        } catch (RowRejected e) {
            return row(root, path, null, null, null, e.reason().code(), e.getMessage());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot look for picture '%s' of %s".formatted(path, from.name()), e);
        }
    }

    private static Row row(Object... values) {
        return new GenericRowWithSchema(values, SCHEMA);
    }
}
