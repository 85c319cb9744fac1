package org.ballast.spark.shard;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Pictures below a folder, folder by folder in the order of their names, so that no more than the names of one folder and of the
 * folders above it are held. Names that start with {@code .} or {@code _} are passed over.
 */
final class FolderWalk {
    /** File of rows that takes the place of the pictures' own names in its folder and below. */
    static final String METADATA = "metadata.jsonl";

    private static final List<String> OTHER_METADATA = List.of("metadata.csv", "metadata.parquet");
    private static final int MAX_DEPTH = 64;

    private final FileSystem files;
    private final Path root;
    private final Deque<Folder> open = new ArrayDeque<>();
    private Iterator<Entry> entries = List.<Entry>of().iterator();

    private record Folder(Path path, String name, int depth) {}

    /**
     * A picture, or a file of metadata.
     *
     * @param folder path below the root, empty for the root itself
     * @param besides all files of that folder by name
     */
    record Entry(FileStatus status, String folder, Map<String, FileStatus> besides) {
        String path() {
            String name = status.getPath().getName();
            return folder.isEmpty() ? name : folder + "/" + name;
        }

        boolean isMetadata() {
            return status.getPath().getName().equals(METADATA);
        }

        /** The file of the same name and another extension; null for none. */
        FileStatus beside(String extension) {
            String name = status.getPath().getName();
            return besides.get(name.substring(
                            0, name.length() - PictureSidecars.extension(name).length())
                    + extension);
        }
    }

    FolderWalk(FileSystem files, Path root) {
        this.files = files;
        this.root = root;
        open.push(new Folder(root, "", 0));
    }

    /** The next one; null behind the last. */
    Entry next() throws IOException {
        while (!entries.hasNext()) {
            if (open.isEmpty()) {
                return null;
            }
            entries = list(open.pop());
        }
        return entries.next();
    }

    private Iterator<Entry> list(Folder folder) throws IOException {
        if (folder.depth > MAX_DEPTH) {
            throw new AnnotationException("folder %s is nested deeper than %d".formatted(folder.path, MAX_DEPTH));
        }
        FileStatus[] found = files.listStatus(folder.path, path -> !isHidden(path.getName()));
        Arrays.sort(found, Comparator.comparing(status -> status.getPath().getName()));
        Map<String, FileStatus> byName = new HashMap<>();
        for (FileStatus status : found) {
            if (status.isFile()) {
                byName.put(status.getPath().getName(), status);
            }
        }
        if (byName.containsKey(METADATA)) {
            return List.of(new Entry(byName.get(METADATA), folder.name, byName)).iterator();
        }
        for (String other : OTHER_METADATA) {
            if (byName.containsKey(other)) {
                throw new AnnotationException("%s is not read: store its rows as %s"
                        .formatted(byName.get(other).getPath(), METADATA));
            }
        }
        for (int i = found.length - 1; i >= 0; i--) {
            if (found[i].isDirectory()) {
                String name = found[i].getPath().getName();
                open.push(new Folder(
                        found[i].getPath(), folder.name.isEmpty() ? name : folder.name + "/" + name, folder.depth + 1));
            }
        }
        return Arrays.stream(found)
                .filter(status -> status.isFile()
                        && PictureSidecars.isPicture(status.getPath().getName()))
                .map(status -> new Entry(status, folder.name, byName))
                .iterator();
    }

    private static boolean isHidden(String name) {
        return name.startsWith(".") || name.startsWith("_");
    }

    @Override
    public String toString() {
        return root.toString();
    }
}
