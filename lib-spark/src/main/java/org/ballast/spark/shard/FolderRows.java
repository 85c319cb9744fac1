package org.ballast.spark.shard;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.ballast.core.data.Quarantined;
import org.ballast.core.data.Reason;
import org.ballast.core.data.RowRejected;
import org.ballast.spark.picture.PictureFolder;

/**
 * The pictures below a folder in the order of their paths, with what {@link PictureSidecars} beside them say. A folder with a
 * {@value FolderWalk#METADATA} gives that file's rows instead, each with the picture it names ({@code file_name}), as Hugging
 * Face's ImageFolder. The names of one folder are held at a time.
 */
final class FolderRows implements SourceRows {
    /** Extensions of the files that tell of a picture. */
    static final List<String> BESIDE = List.of("txt", "json");

    private final FileSystem files;
    private final FolderWalk walk;
    private final PictureFolder inside;
    private final boolean firstLine;
    private long position = -1;
    private FolderWalk.Entry current;
    private JsonRows metadata;
    private String metadataFolder;

    FolderRows(Configuration hadoop, Path folder, ShardInput input) throws IOException {
        files = folder.getFileSystem(hadoop);
        walk = new FolderWalk(files, folder);
        inside = new PictureFolder(files.makeQualified(folder).toString(), JsonRows.MAX_ROW_BYTES, hadoop);
        firstLine = input.captionLine();
    }

    @Override
    public boolean advance() {
        try {
            position++;
            while (true) {
                if (metadata != null) {
                    if (metadata.advance()) {
                        return true;
                    }
                    metadata.close();
                    metadata = null;
                }
                current = walk.next();
                if (current == null) {
                    return false;
                }
                if (!current.isMetadata()) {
                    return true;
                }
                metadataFolder = current.folder();
                metadata = JsonRows.lines(
                        current.status().getPath().toString(),
                        files.open(current.status().getPath()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read folder " + walk, e);
        }
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public SourceRow row() {
        try {
            return metadata != null ? listed(metadata.row()) : found();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read folder " + walk, e);
        }
    }

    @Override
    public void close() throws IOException {
        if (metadata != null) {
            metadata.close();
        }
    }

    /** A row of a metadata file. */
    private SourceRow listed(SourceRow listed) {
        if (listed.json() == null || !listed.json().isObject()) {
            return listed;
        }
        ObjectNode row = JsonNodeFactory.instance.objectNode();
        String name = listed.json().path("file_name").textValue();
        if (name != null) {
            identify(row, metadataFolder.isEmpty() || name.startsWith("/") ? name : metadataFolder + "/" + name);
        }
        PictureSidecars.addFields(row, listed.json());
        if (!row.has(PictureSidecars.CAPTION) && row.path("text").isTextual()) {
            // the name that Hugging Face's own examples use
            row.set(PictureSidecars.CAPTION, row.get("text"));
        }
        return SourceRow.of(row, listed.raw());
    }

    /** A picture with the files beside it. */
    private SourceRow found() throws IOException {
        ObjectNode row = JsonNodeFactory.instance.objectNode();
        identify(row, current.path());
        for (String extension : BESIDE) {
            FileStatus beside = current.beside(extension);
            if (beside != null) {
                SourceRow wrong = add(row, extension, beside);
                if (wrong != null) {
                    return wrong;
                }
            }
        }
        return SourceRow.of(row, row.toString());
    }

    private SourceRow add(ObjectNode row, String extension, FileStatus file) throws IOException {
        String name = file.getPath().getName();
        SourceRow tooLong = tooLong(file);
        if (tooLong != null) {
            return tooLong;
        }
        try {
            byte[] text = read(current.folder(), file);
            return extension.equals("txt")
                    ? PictureSidecars.addText(row, PictureSidecars.CAPTION, name, text, firstLine)
                    : PictureSidecars.addFields(row, name, text);
        } catch (RowRejected e) {
            return SourceRow.rejected(e.reason(), e.getMessage(), file.getPath().toString());
        }
    }

    private static void identify(ObjectNode row, String path) {
        int slash = path.lastIndexOf('/');
        // with its extension, for x.jpg and x.png are two pictures
        row.put(PictureSidecars.KEY, path);
        row.put(PictureSidecars.IMAGE, path);
        if (slash > 0) {
            row.put(PictureSidecars.CLASS, path.substring(0, slash));
        }
    }

    private static SourceRow tooLong(FileStatus file) {
        return file.getLen() <= JsonRows.MAX_ROW_BYTES
                ? null
                : SourceRow.rejected(
                        Reason.TOO_LONG,
                        "file '%s' has %d bytes, at most %d are read"
                                .formatted(
                                        Quarantined.bounded(file.getPath().getName()),
                                        file.getLen(),
                                        JsonRows.MAX_ROW_BYTES),
                        file.getPath().toString());
    }

    /** Not through a link that leads out of the folder. */
    private byte[] read(String folder, FileStatus file) throws IOException, RowRejected {
        String name = file.getPath().getName();
        return inside.bytes(folder.isEmpty() ? name : folder + "/" + name);
    }

    /** Folders that hold pictures, by their paths below the root: the classes where folders are classes. */
    static Set<String> classes(FileSystem files, Path folder) throws IOException {
        Set<String> classes = new HashSet<>();
        FolderWalk walk = new FolderWalk(files, folder);
        for (FolderWalk.Entry entry = walk.next(); entry != null; entry = walk.next()) {
            if (!entry.isMetadata() && !entry.folder().isEmpty()) {
                classes.add(entry.folder());
            }
        }
        return classes;
    }
}
