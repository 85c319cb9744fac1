package org.ballast.spark.shard;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.schema.MessageType;
import org.ballast.core.data.RowRejected;

/**
 * The rows of a Parquet file as JSON, without the bytes of their pictures: those are read by the executors
 * ({@link ParquetPictures}). The field {@code image} becomes the picture's path: where the pictures lie in the file, the path
 * that {@link ParquetPictures#path} gives it; else the path that the row names. What the row itself calls its picture stays in
 * {@code image_path}.
 */
final class ParquetRows implements SourceRows {
    private static final String IMAGE = "image";
    static final String IMAGE_PATH = "image_path";

    private final String file;
    private final boolean picturesInside;
    private final MessageType schema;
    private final ParquetReader<Group> reader;
    private long position = -1;
    private Group current;

    /** @throws AnnotationException when it is no Parquet file, or has no column of text */
    ParquetRows(Configuration hadoop, ShardInput input, Path place) {
        file = input.annotations();
        MessageType stored = ParquetText.schema(hadoop, file, place);
        picturesInside = input.images() == null && ParquetText.holdsPictures(stored);
        schema = ParquetText.readable(file, stored);
        try {
            reader = ParquetGroups.open(hadoop, place, schema);
        } catch (IOException | RuntimeException e) {
            throw broken(e);
        }
    }

    @Override
    public boolean advance() {
        try {
            current = reader.read();
        } catch (IOException | RuntimeException | StackOverflowError e) {
            throw broken(e);
        }
        position++;
        return current != null;
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public SourceRow row() {
        ObjectNode row;
        try {
            row = ParquetText.json(current, schema);
        } catch (RowRejected e) {
            return SourceRow.rejected(e.reason(), e.getMessage(), null);
        } catch (RuntimeException e) {
            // values are decoded only now, from pages that may say anything
            throw broken(e);
        }
        JsonNode image = row.get(IMAGE);
        String named = image != null && image.isObject() ? image.path("path").textValue() : null;
        if (image != null && image.isObject()) {
            row.put(IMAGE, named);
        }
        if (named != null && !row.hasNonNull(IMAGE_PATH)) {
            row.put(IMAGE_PATH, named);
        }
        if (picturesInside && (image == null || !image.isNull())) {
            row.put(IMAGE, ParquetPictures.path(position, named));
        }
        return SourceRow.of(row, row.toString());
    }

    @Override
    public void close() throws IOException {
        reader.close();
    }

    private AnnotationException broken(Throwable e) {
        return new AnnotationException(
                "annotation file %s is no Parquet file that can be read behind row %d: %s"
                        .formatted(file, position, ParquetText.why(e)),
                e);
    }
}
