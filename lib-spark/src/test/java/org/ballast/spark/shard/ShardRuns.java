package org.ballast.spark.shard;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.image.ImageInspector;
import org.ballast.core.image.ImageLimits;
import org.ballast.spark.io.Manifest;
import org.ballast.spark.io.RunHeader;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.shape.ClassTables;
import org.ballast.spark.shape.ShapeOptions;

/** Whole runs of {@code shard} on data of a test: planned, opened, run and committed as the job does it. */
final class ShardRuns {
    private final SparkSession spark;
    private final String root;

    PictureStorage pictures = PictureStorage.EMBED;
    int partitions = 2;
    boolean dHash;
    ShapeOptions shape = ShapeOptions.none();
    int waveRows = 1_000;
    int wavePictures = 1_000;
    long targetFileBytes = 1 << 20;
    double maxFailureRate = 1;

    /** @param root path or URI of the folder of the stages */
    ShardRuns(SparkSession spark, String root) {
        this.spark = spark;
        this.root = root;
    }

    ShardPlan plan(ShardInput... inputs) {
        return ShardPlanner.plan(
                hadoop(),
                new ShardOptions(
                        List.of(inputs),
                        null,
                        pictures,
                        new ImageInspector(
                                new ImageLimits(10_000, 1_000_000, 1_000), ImageInspector.Check.FULL, 0, dHash),
                        dHash ? 4 : -1,
                        shape,
                        waveRows,
                        wavePictures,
                        maxFailureRate,
                        targetFileBytes,
                        partitions));
    }

    Configuration hadoop() {
        return spark.sparkContext().hadoopConfiguration();
    }

    StageFolder folder(String stage) {
        return StageFolder.of(hadoop(), root, stage);
    }

    /** Runs a stage to its commit; null when it was up to date. */
    ShardResult run(String stage, ShardInput... inputs) {
        ShardPlan plan = plan(inputs);
        StageFolder folder = folder(stage);
        StageFolder.State state = folder.open(RunHeader.now(stage, "shard", "settings", plan.digests()), false, true);
        if (state == StageFolder.State.UP_TO_DATE) {
            return null;
        }
        ShardResult result = ShardRunner.run(spark, plan, folder);
        folder.commit(new Manifest(
                folder.header(), "{}", "test", Map.of(), Map.of(), result.rows(), Map.of(), result.durationsMillis()));
        return result;
    }

    /** The rows of the tables as texts, sorted; without windows, and of {@code images} only id and content. */
    Map<String, List<String>> tables(String stage) {
        Map<String, List<String>> tables = new TreeMap<>();
        StageFolder folder = folder(stage);
        for (Table table : List.of(
                Table.SAMPLES,
                Table.PROMPTS,
                Table.COMPLETIONS,
                Table.QUARANTINE,
                Table.DUPLICATES,
                ClassTables.STATISTICS,
                ClassTables.SAMPLING)) {
            if (Files.exists(local(stage).resolve(table.name()))) {
                tables.put(
                        table.name(),
                        sorted(Tables.read(spark, folder, table).drop("window").collectAsList()));
            }
        }
        return tables;
    }

    List<Row> read(String stage, Table table) {
        return Tables.read(spark, folder(stage), table).collectAsList();
    }

    /** Ids of the stored pictures; each must be there once. */
    List<String> images(String stage) {
        return read(stage, Table.IMAGES).stream()
                .map(row -> row.<String>getAs("image_id"))
                .sorted()
                .toList();
    }

    /** Ids of the pictures that rows name. */
    TreeSet<String> named(String stage) {
        TreeSet<String> ids = new TreeSet<>();
        for (Table table : List.of(Table.SAMPLES, Table.PROMPTS)) {
            if (Files.exists(local(stage).resolve(table.name()))) {
                read(stage, table).stream()
                        .map(row -> row.<String>getAs("image_id"))
                        .filter(id -> id != null)
                        .forEach(ids::add);
            }
        }
        return ids;
    }

    private static List<String> sorted(List<Row> rows) {
        return rows.stream().map(Row::toString).sorted().toList();
    }

    private Path local(String stage) {
        return Path.of(folder(stage).path().toUri().getPath());
    }

    /** Every file of a stage with its time. */
    Map<String, Object> times(String stage) throws IOException {
        Map<String, Object> times = new TreeMap<>();
        try (Stream<Path> files = Files.walk(local(stage))) {
            for (Path file : files.toList()) {
                times.put(file.toString(), Files.getLastModifiedTime(file));
            }
        }
        return times;
    }

    /** Paths of a finished stage that no finished stage has. */
    List<String> litter(String stage) throws IOException {
        List<String> litter = new ArrayList<>();
        try (Stream<Path> files = Files.walk(local(stage))) {
            files.map(Path::toString)
                    .filter(name -> name.contains("_work")
                            || name.contains("_temporary")
                            || name.contains("_SUCCESS")
                            || name.endsWith(".tmp")
                            || name.endsWith(".crc") && name.contains("/images/"))
                    .filter(name -> !name.endsWith("quarantine/_SUCCESS") && !name.endsWith("quarantine/._SUCCESS.crc"))
                    .forEach(litter::add);
        }
        return litter;
    }

    static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> paths = Files.walk(from)) {
            for (Path path : paths.toList()) {
                Path target = to.resolve(from.relativize(path));
                if (Files.isDirectory(path)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(path, target);
                }
            }
        }
    }

    static void delete(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> paths = Files.walk(folder)) {
                for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
        }
    }

    /** A small picture; another shade is another picture. */
    static byte[] png(int shade) throws IOException {
        BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 64; i++) {
            image.setRGB(i % 8, i / 8, shade * 2_654_435 + i * i * 7);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(image, "png", out);
        return out.toByteArray();
    }
}
