package org.ballast.spark.shard;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;
import org.ballast.spark.io.BorrowedTables;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;

/**
 * Pictures in the rows of Parquet files: of an annotation file ({@link ImageRoot.Kind#PARQUET}) or of the table {@code images} of
 * a stage ({@link ImageRoot.Kind#STAGE}). Parquet can not be entered at a row, only at a group of rows, so that tasks which pick
 * pictures would each read all of it; therefore they are unpacked ({@link PackedPictures}).
 */
final class ParquetPictures {
    private static final Pattern PLAIN_NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,99}");

    private ParquetPictures() {}

    /**
     * Path of a row's picture.
     *
     * @param row its number in the file
     * @param named what the row calls it, null for nothing: its last part is kept where it is a plain name
     */
    static String path(long row, String named) {
        String name = named == null ? "" : named.substring(named.lastIndexOf('/') + 1);
        return PLAIN_NAME.matcher(name).matches() ? row + "/" + name : Long.toString(row);
    }

    /**
     * Copies the pictures of a root; rows without one are left out.
     *
     * @throws AnnotationException when it is no Parquet file, or a stage that only refers to its pictures
     */
    static void copy(Configuration hadoop, ImageRoot root, PackedPictures to) throws IOException {
        for (Path file : files(hadoop, root)) {
            copy(hadoop, root, file, to);
        }
    }

    /** The Parquet files of a root in the order of their names; those of a stage, or of the stages that it borrows its pictures from. */
    private static List<Path> files(Configuration hadoop, ImageRoot root) throws IOException {
        Path place = new Path(root.uri());
        if (root.kind() == ImageRoot.Kind.PARQUET) {
            return List.of(place);
        }
        Path stage = place.getParent();
        List<StageFolder> holders = BorrowedTables.holders(
                List.of(StageFolder.of(hadoop, stage.getParent().toString(), stage.getName())), Table.IMAGES);
        List<Path> files = new ArrayList<>();
        for (StageFolder holder : holders) {
            Path images = holder.table(Table.IMAGES.name());
            for (FileStatus status : holder.files().list(images)) {
                if (status.isFile() && status.getPath().getName().endsWith(".parquet")) {
                    files.add(status.getPath());
                }
            }
        }
        files.sort(null);
        return files;
    }

    private static void copy(Configuration hadoop, ImageRoot root, Path file, PackedPictures to) throws IOException {
        MessageType stored = ParquetText.schema(hadoop, root.name(), file);
        boolean stage = root.kind() == ImageRoot.Kind.STAGE;
        MessageType wanted = new MessageType(
                stored.getName(),
                Stream.of("image_id", "image")
                        .filter(name -> stored.containsField(name) && (stage || name.equals("image")))
                        .map(name -> stored.getType(name))
                        .toList());
        long row = 0;
        try (ParquetReader<Group> reader = ParquetGroups.open(hadoop, file, wanted)) {
            for (Group group = read(reader, root, row); group != null; group = read(reader, root, row)) {
                Binary picture = bytes(group, wanted);
                if (picture == null && stage) {
                    throw new AnnotationException("%s refers to its pictures and does not hold them: shard their source"
                            .formatted(root.name()));
                }
                if (picture != null) {
                    String name =
                            stage ? group.getString("image_id", 0) : path(row, name(group, wanted.getType("image")));
                    to.add(name, picture.getBytes());
                }
                row++;
            }
        }
    }

    private static Group read(ParquetReader<Group> reader, ImageRoot root, long row) {
        try {
            return reader.read();
        } catch (IOException | RuntimeException e) {
            throw new AnnotationException(
                    "%s is no Parquet file that can be read at row %d: %s"
                            .formatted(root.name(), row, ParquetText.why(e)),
                    e);
        }
    }

    private static Binary bytes(Group row, MessageType schema) {
        Type image = schema.getType("image");
        if (row.getFieldRepetitionCount("image") == 0) {
            return null;
        }
        if (image.isPrimitive()) {
            return row.getBinary("image", 0);
        }
        Group struct = row.getGroup("image", 0);
        return struct.getFieldRepetitionCount("bytes") == 0 ? null : struct.getBinary("bytes", 0);
    }

    private static String name(Group row, Type image) {
        if (image.isPrimitive() || !((GroupType) image).containsField("path")) {
            return null;
        }
        Group struct = row.getGroup("image", 0);
        return struct.getFieldRepetitionCount("path") == 0 ? null : struct.getString("path", 0);
    }
}
