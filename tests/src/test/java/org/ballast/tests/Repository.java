package org.ballast.tests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** Where things lie: the repository's root, and the folder that the integration tests write to. */
final class Repository {
    static final Path ROOT = root();
    static final Path SAMPLE = ROOT.resolve("conf/sample/emoji");
    /** Spark's jars as the build laid them out. */
    static final Path SPARK_HOME = ROOT.resolve("jobs/spark-home/target/spark-home");

    private static final Path OUTPUT = ROOT.resolve("tests/target/it");

    private Repository() {}

    private static Path root() {
        for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
            if (Files.isExecutable(folder.resolve("bin/submit.sh"))) {
                return folder;
            }
        }
        throw new IllegalStateException("no bin/submit.sh above " + Path.of("").toAbsolutePath());
    }

    /** A folder of this name under {@code target}, empty. */
    static Path emptyFolder(String name) throws IOException {
        Path folder = OUTPUT.resolve(name);
        delete(folder);
        return Files.createDirectories(folder);
    }

    /** A copy of a file or folder with all below it, times included. */
    static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path source : all.toList()) {
                Path target = to.resolve(from.relativize(source).toString());
                Files.createDirectories(target.getParent());
                Files.copy(source, target, java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> all = Files.walk(folder)) {
            all.sorted(Comparator.reverseOrder()).forEach(path -> {
                try {
                    Files.delete(path);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
