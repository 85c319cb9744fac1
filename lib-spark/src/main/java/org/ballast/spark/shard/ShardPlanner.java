package org.ballast.spark.shard;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.ballast.core.data.Sha256;

/** Checks all inputs before anything is written: {@link ShardOptions} to {@link ShardPlan}. Without Spark. */
public final class ShardPlanner {
    private static final int EDGE_BYTES = 1 << 20;

    private final Configuration hadoop;
    private final List<String> faults = new ArrayList<>();
    private final Map<String, String> digests = new TreeMap<>();

    private ShardPlanner(Configuration hadoop) {
        this.hadoop = hadoop;
    }

    /**
     * Plans a run. Annotation files are digested whole, archives by their length and their first and last MiB, folders of
     * pictures by the names, lengths and times of their files; pictures that are only referenced are not looked at. Inputs and
     * roots come in an order of their own, so that the order in a configuration decides nothing.
     *
     * @throws ShardInputException naming every annotation file and image root that is missing or of no known kind
     */
    public static ShardPlan plan(Configuration hadoop, ShardOptions options) {
        return new ShardPlanner(hadoop).plan(options);
    }

    /** Under which name the fingerprint of an image root stands among the digests. */
    static String imagesRole(String name) {
        return "images " + name;
    }

    /** The order of the inputs' numbers, which decide between rows with one id, is not that of the configuration. */
    private static ShardOptions inOrder(ShardOptions options) {
        return options.withInputs(options.inputs().stream()
                .sorted(Comparator.comparing(
                                (ShardInput input) -> input.format().stored())
                        .thenComparing(ShardInput::annotations)
                        .thenComparing(input -> input.split() == null ? "" : input.split())
                        .thenComparing(input -> input.images() == null ? "" : input.images())
                        .thenComparing(input -> input.kind() == null ? "" : input.kind()))
                .toList());
    }

    private ShardPlan plan(ShardOptions asked) {
        ShardOptions options = inOrder(asked);
        List<String> annotations = new ArrayList<>();
        Map<String, ImageRoot> roots = new LinkedHashMap<>();
        List<Integer> rootOfInput = new ArrayList<>();
        for (ShardInput input : options.inputs()) {
            annotations.add(file("annotation file", input.annotations(), "annotations " + input.annotations()));
        }
        for (String images : new TreeSet<>(options.inputs().stream()
                .map(ShardInput::images)
                .filter(Objects::nonNull)
                .toList())) {
            roots.put(images, root(images, roots.size(), options.pictures()));
        }
        for (ShardInput input : options.inputs()) {
            rootOfInput.add(
                    input.images() == null ? -1 : roots.get(input.images()).index());
        }
        ClassNames classes = options.classes() == null ? ClassNames.NONE : classes(options.classes());
        if (!faults.isEmpty()) {
            throw new ShardInputException(faults);
        }
        return new ShardPlan(options, annotations, List.copyOf(roots.values()), rootOfInput, classes, digests);
    }

    private String file(String what, String name, String role) {
        FileStatus status = status(what, name);
        if (status == null) {
            return name;
        }
        if (!status.isFile()) {
            faults.add("%s %s is no file".formatted(what, name));
            return name;
        }
        try (InputStream in = open(status.getPath())) {
            digests.put(role, whole(in));
        } catch (IOException e) {
            faults.add("%s %s cannot be read (%s)".formatted(what, name, e.getMessage()));
        }
        return status.getPath().toString();
    }

    private ImageRoot root(String name, int index, PictureStorage pictures) {
        FileStatus status = status("image root", name);
        ImageRoot.Kind kind = ImageRoot.Kind.FOLDER;
        if (status != null && status.isFile()) {
            kind = ImageRoot.archive(name);
            if (kind == null) {
                faults.add("image root %s is neither a folder nor a .tar, .tar.gz or .tgz file".formatted(name));
            }
        }
        if (status != null && kind != null && pictures == PictureStorage.EMBED) {
            try {
                digests.put(
                        imagesRole(name),
                        kind == ImageRoot.Kind.FOLDER ? FolderListing.digest(status, hadoop) : edges(status));
            } catch (IOException e) {
                faults.add("image root %s cannot be read (%s)".formatted(name, e.getMessage()));
            }
        }
        return new ImageRoot(
                index, name, status == null ? name : status.getPath().toString(), kind);
    }

    private ClassNames classes(String name) {
        String file = file("class list", name, "classes");
        if (!digests.containsKey("classes")) {
            return ClassNames.NONE;
        }
        try (InputStream in = open(new Path(file))) {
            return new ObjectMapper().readValue(in, ClassNames.class);
        } catch (IOException e) {
            faults.add("class list %s is no JSON object of in_distribution and open (%s)"
                    .formatted(name, e.getMessage().lines().findFirst().orElse("")));
            return ClassNames.NONE;
        }
    }

    /** Null, with a fault noted, when there is no such path. */
    private FileStatus status(String what, String name) {
        try {
            Path path = new Path(name);
            FileSystem files = path.getFileSystem(hadoop);
            return files.getFileStatus(files.makeQualified(path));
        } catch (FileNotFoundException e) {
            faults.add("%s %s does not exist".formatted(what, name));
        } catch (IOException | IllegalArgumentException e) {
            faults.add("%s %s cannot be reached (%s)".formatted(what, name, e.getMessage()));
        }
        return null;
    }

    private FSDataInputStream open(Path path) throws IOException {
        return path.getFileSystem(hadoop).open(path);
    }

    private static String whole(InputStream in) throws IOException {
        MessageDigest digest = sha256();
        byte[] buffer = new byte[1 << 16];
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
            digest.update(buffer, 0, read);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** Reading an archive of hundreds of gigabytes only to know it again would cost more than the work itself. */
    private String edges(FileStatus status) throws IOException {
        long length = status.getLen();
        try (FSDataInputStream in = open(status.getPath())) {
            byte[] head = new byte[(int) Math.min(EDGE_BYTES, length)];
            byte[] tail = new byte[head.length];
            in.readFully(0, head);
            in.readFully(length - tail.length, tail);
            return Sha256.of(Long.toString(length), Sha256.of(head), Sha256.of(tail));
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
