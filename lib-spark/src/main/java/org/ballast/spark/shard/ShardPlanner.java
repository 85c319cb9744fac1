package org.ballast.spark.shard;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.ballast.core.data.Domain;
import org.ballast.core.data.Sha256;

/** Checks all inputs before anything is written: {@link ShardOptions} to {@link ShardPlan}. Without Spark. */
public final class ShardPlanner {
    private static final int EDGE_BYTES = 1 << 20;

    private final Configuration hadoop;
    private final List<String> faults = new ArrayList<>();
    private final Map<String, String> digests = new TreeMap<>();
    private final Map<String, Optional<ImageRoot>> named = new HashMap<>();
    private final Set<String> besides = new HashSet<>();

    private ShardPlanner(Configuration hadoop) {
        this.hadoop = hadoop;
    }

    /**
     * Plans a run: patterns become files, formats are told, and the inputs are put into an order that does not hang on that of the
     * configuration. JSON files are digested whole, archives and Parquet files by their length and their first and last MiB, folders of
     * pictures by the names, lengths and times of their files, stages by their manifest. Pictures that are only referenced
     * are not looked at, nor is the folder of an annotation file that names no image root: a changed picture there needs
     * {@code --force}.
     *
     * @throws ShardInputException naming every source and image root that is missing or of no known kind
     */
    public static ShardPlan plan(Configuration hadoop, ShardOptions options) {
        return new ShardPlanner(hadoop).plan(options);
    }

    /** Under which name the fingerprint of an image root stands among the digests. */
    static String imagesRole(String name) {
        return "images " + name;
    }

    private ShardPlan plan(ShardOptions options) {
        for (ShardInput input : options.inputs()) {
            if (input.images() != null) {
                named.computeIfAbsent(input.images(), name -> Optional.ofNullable(root(name)));
            }
        }
        List<Sources.Source> sources = new Sources(hadoop, faults).of(options.inputs());
        Map<String, ImageRoot> roots = new TreeMap<>();
        List<String> rootNames = new ArrayList<>();
        for (int i = 0; i < sources.size(); i++) {
            Sources.Source source = sources.get(i);
            digest(source, "annotations " + source.input().annotations());
            ImageRoot root = root(source);
            if (root != null) {
                roots.putIfAbsent(root.uri(), root);
            }
            rootNames.add(root == null ? null : root.uri());
        }
        List<ImageRoot> numbered = new ArrayList<>();
        for (ImageRoot root : roots.values()) {
            numbered.add(new ImageRoot(numbered.size(), root.name(), root.uri(), root.kind()));
        }
        if (options.pictures() == PictureStorage.EMBED) {
            numbered.forEach(this::digest);
        }
        ClassNames classes = options.classes() == null ? folderClasses(sources) : classes(options.classes());
        if (!faults.isEmpty()) {
            throw new ShardInputException(faults);
        }
        List<Integer> rootOfInput = rootNames.stream()
                .map(uri -> uri == null
                        ? -1
                        : numbered.stream()
                                .filter(root -> root.uri().equals(uri))
                                .findFirst()
                                .orElseThrow()
                                .index())
                .toList();
        return new ShardPlan(
                options.withInputs(sources.stream().map(Sources.Source::input).toList()),
                sources.stream().map(Sources.Source::uri).toList(),
                numbered,
                rootOfInput,
                classes,
                digests);
    }

    private void digest(Sources.Source source, String role) {
        Path place = source.place().getPath();
        try {
            if (source.input().format() == AnnotationLayout.BALLAST) {
                digests.put(role, whole(new Path(place, "manifest.json")));
            } else if (source.place().isDirectory()) {
                digests.put(role, FolderListing.digest(source.place(), hadoop));
            } else if (source.input().format() == AnnotationLayout.WEBDATASET
                    || source.input().format() == AnnotationLayout.IDX
                    || SourceRows.isParquet(place.getName())) {
                digests.put(role, edges(source.place()));
            } else {
                digests.put(role, whole(place));
            }
        } catch (AnnotationException e) {
            faults.add(e.getMessage());
        } catch (IOException e) {
            faults.add("annotation file %s cannot be read (%s)"
                    .formatted(source.input().annotations(), e.getMessage()));
        }
    }

    /** Where the pictures of a source are read from; null, with a fault noted, where that is nowhere. Its index is not yet set. */
    private ImageRoot root(Sources.Source source) {
        ShardInput input = source.input();
        Path place = source.place().getPath();
        if (input.images() != null) {
            return named.get(input.images()).orElse(null);
        }
        try {
            return switch (input.format()) {
                case IMAGE_FOLDER -> new ImageRoot(-1, input.annotations(), place.toString(), ImageRoot.Kind.FOLDER);
                case WEBDATASET -> archive(input.annotations(), place);
                case IDX -> new ImageRoot(-1, input.annotations(), place.toString(), ImageRoot.Kind.IDX);
                case BALLAST -> new ImageRoot(
                        -1, input.annotations(), new Path(place, "images").toString(), ImageRoot.Kind.STAGE);
                default -> beside(input, place);
            };
        } catch (AnnotationException e) {
            faults.add(e.getMessage());
        } catch (IOException e) {
            faults.add("image root of %s cannot be read (%s)".formatted(input.annotations(), e.getMessage()));
        }
        return null;
    }

    private ImageRoot archive(String name, Path place) {
        ImageRoot.Kind kind = ImageRoot.archive(place.getName());
        if (kind == null) {
            throw new AnnotationException("WebDataset shard %s is no .tar, .tar.gz or .tgz file".formatted(name));
        }
        return new ImageRoot(-1, name, place.toString(), kind);
    }

    /** Pictures inside a Parquet file, else in the folder of the annotation file, or below it where MiniGPT-4 has them. */
    private ImageRoot beside(ShardInput input, Path place) throws IOException {
        if (SourceRows.isParquet(place.getName())
                && ParquetText.holdsPictures(ParquetText.schema(hadoop, input.annotations(), place))) {
            return new ImageRoot(-1, input.annotations(), place.toString(), ImageRoot.Kind.PARQUET);
        }
        Path folder = place.getParent();
        Path below = new Path(folder, "image");
        boolean isBelow = input.format() == AnnotationLayout.MINIGPT4
                && folder.getFileSystem(hadoop).exists(below);
        Path root = isBelow ? below : folder;
        if (!isBelow) {
            besides.add(root.toString());
        }
        return new ImageRoot(-1, root.toString(), root.toString(), ImageRoot.Kind.FOLDER);
    }

    private ImageRoot root(String name) {
        FileStatus status = status("image root", name);
        if (status == null) {
            return null;
        }
        ImageRoot.Kind kind = status.isFile() ? ImageRoot.archive(name) : ImageRoot.Kind.FOLDER;
        if (kind == null) {
            faults.add("image root %s is neither a folder nor a .tar, .tar.gz or .tgz file".formatted(name));
            return null;
        }
        return new ImageRoot(-1, name, status.getPath().toString(), kind);
    }

    /** Not of a folder that is only where annotations lie: anything may come and go there. */
    private void digest(ImageRoot root) {
        if (besides.contains(root.uri())) {
            return;
        }
        try {
            Path place = new Path(root.uri());
            FileSystem files = place.getFileSystem(hadoop);
            digests.put(
                    imagesRole(root.name()),
                    switch (root.kind()) {
                        case FOLDER -> FolderListing.digest(files.getFileStatus(place), hadoop);
                        case STAGE -> whole(new Path(place.getParent(), "manifest.json"));
                        case TAR, TAR_GZ, PARQUET, IDX -> edges(files.getFileStatus(place));
                    });
        } catch (IOException e) {
            faults.add("image root %s cannot be read (%s)".formatted(root.name(), e.getMessage()));
        }
    }

    private ClassNames classes(String name) {
        FileStatus status = status("class list", name);
        if (status == null) {
            return ClassNames.NONE;
        }
        if (!status.isFile()) {
            faults.add("class list %s is no file".formatted(name));
            return ClassNames.NONE;
        }
        try (InputStream in = open(status.getPath())) {
            digests.put("classes", whole(status.getPath()));
            return new ObjectMapper().readValue(in, ClassNames.class);
        } catch (IOException e) {
            faults.add("class list %s is no JSON object of in_distribution and open (%s)"
                    .formatted(name, e.getMessage().lines().findFirst().orElse("")));
            return ClassNames.NONE;
        }
    }

    /** Names of the classes of all picture folders, sorted; none where other sources have labels, too. */
    private ClassNames folderClasses(List<Sources.Source> sources) {
        TreeSet<String> known = new TreeSet<>();
        TreeSet<String> open = new TreeSet<>();
        for (Sources.Source source : sources) {
            if (!source.input().givesSamples()) {
                continue;
            }
            if (source.input().format() != AnnotationLayout.IMAGE_FOLDER) {
                return ClassNames.NONE;
            }
            try {
                Path place = source.place().getPath();
                for (String folder : FolderRows.classes(place.getFileSystem(hadoop), place)) {
                    int slash = folder.indexOf('/');
                    if (source.input().split() == null && slash < 0) {
                        continue;
                    }
                    (source.input().domain() == Domain.OUT_OF_DISTRIBUTION ? open : known)
                            .add(source.input().split() == null ? folder.substring(slash + 1) : folder);
                }
            } catch (IOException e) {
                faults.add(
                        "folder %s cannot be read (%s)".formatted(source.input().annotations(), e.getMessage()));
            }
        }
        return new ClassNames(List.copyOf(known), List.copyOf(open));
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

    private String whole(Path file) throws IOException {
        MessageDigest digest = sha256();
        byte[] buffer = new byte[1 << 16];
        try (InputStream in = open(file)) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                digest.update(buffer, 0, read);
            }
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
