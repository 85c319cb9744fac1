package org.ballast.spark.shard;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.data.Domain;
import org.ballast.core.data.RowAccount;
import org.ballast.core.data.split.GroupBy;
import org.ballast.core.data.split.SplitMode;
import org.ballast.core.data.split.SplitRule;
import org.ballast.core.data.split.SplitShare;
import org.ballast.core.longtail.ClassOrder;
import org.ballast.core.longtail.LongTailRule;
import org.ballast.core.longtail.SamplingRule;
import org.ballast.core.longtail.SamplingStrategy;
import org.ballast.core.longtail.TailProfile;
import org.ballast.spark.SparkExtension;
import org.ballast.spark.io.Table;
import org.ballast.spark.shape.ClassTables;
import org.ballast.spark.shape.ShapeOptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Splits and tails that {@code shard} makes itself. */
@ExtendWith(SparkExtension.class)
class ShardShapeTest {
    private static final List<SplitShare> SHARES = List.of(new SplitShare("train", 0.6), new SplitShare("test", 0.4));
    private static final int PICTURES = 20;

    private final SparkSession spark;

    @TempDir
    Path root;

    private ShardRuns runs;

    ShardShapeTest(SparkSession spark) {
        this.spark = spark;
    }

    @BeforeEach
    void makeRuns() throws IOException {
        runs = new ShardRuns(spark, root.resolve("out").toString());
        Files.createDirectories(root.resolve("data"));
        for (int i = 0; i < PICTURES; i++) {
            Files.write(root.resolve("data/p%d.png".formatted(i)), ShardRuns.png(i));
            Files.write(root.resolve("data/again%d.png".formatted(i)), ShardRuns.png(i));
        }
    }

    /** Row {@code i} shows one of the pictures, every other time under its second name. */
    private static String row(int i, int label) {
        return "{\"image_id\": \"s%d\", \"image\": \"%s%d.png\", \"text_input\": \"a [mask] %d\", \"label\": %d}"
                .formatted(i, i % 2 == 0 ? "p" : "again", i * 7 / 2 % PICTURES, i, label);
    }

    private ShardInput samples(String file, String split, Domain domain, List<String> rows) throws IOException {
        Path annotations = Files.writeString(root.resolve("data/" + file), "[\n" + String.join(",\n", rows) + "\n]\n");
        return ShardInput.openMmlo(annotations.toString(), root.resolve("data").toString(), split, domain, "test");
    }

    private static List<String> rows(int from, int to) {
        List<String> rows = new ArrayList<>();
        for (int i = from; i < to; i++) {
            rows.add(row(i, i % 5 == 0 ? 1 : 0));
        }
        return rows;
    }

    private static ShapeOptions options(SplitRule splits, LongTailRule longTail) {
        return new ShapeOptions(splits, longTail, new SamplingRule(SamplingStrategy.CLASS_BALANCED, 0.5, 0.9999));
    }

    private static SplitRule splits(SplitMode mode, GroupBy groupBy, boolean leaksStay) {
        return new SplitRule(mode, SHARES, List.of(), List.of(groupBy), null, "train", 17, leaksStay);
    }

    private Map<String, Long> sizes(String stage) {
        Map<String, Long> sizes = new TreeMap<>();
        for (Row row : runs.read(stage, Table.SAMPLES)) {
            sizes.merge(row.getAs("split"), 1L, Long::sum);
        }
        return sizes;
    }

    private void requireNoPictureInTwoSplits(String stage) {
        Map<String, String> splits = new HashMap<>();
        for (Row row : runs.read(stage, Table.SAMPLES)) {
            String split = row.getAs("split");
            String imageId = row.getAs("image_id");
            String first = splits.putIfAbsent(imageId, split);
            assertThat(first == null ? split : first).as("split of %s", imageId).isEqualTo(split);
        }
    }

    @Test
    void dealsRowsByTheirPictureAndUpdatesToTheTablesOfAFullRun() throws IOException {
        runs.shape = options(splits(SplitMode.HASH, GroupBy.IMAGE, false), null);
        ShardResult first = runs.run("hash", samples("all.json", "source", Domain.IN_DISTRIBUTION, rows(0, 60)));
        Map<String, Long> sizes = sizes("hash");
        assertThat(sizes).containsOnlyKeys("train", "test");
        assertThat(first.figures())
                .containsEntry("rows.samples.train", (double) sizes.get("train"))
                .containsEntry("rows.samples.test", (double) sizes.get("test"));
        requireNoPictureInTwoSplits("hash");

        List<String> grown = rows(5, 90);
        ShardResult updated = runs.run("hash", samples("all.json", "source", Domain.IN_DISTRIBUTION, grown));
        assertThat(updated.rows()).isEqualTo(new RowAccount(85, 30, 0, 55));
        assertThat(updated.changes()).isEqualTo(Map.of("added", 30L, "changed", 0L, "removed", 5L));
        runs.run("full", samples("all.json", "source", Domain.IN_DISTRIBUTION, grown));
        assertThat(runs.tables("hash")).isEqualTo(runs.tables("full"));
        requireNoPictureInTwoSplits("hash");
    }

    @Test
    void leavesRowsOfAnUpdateInTheSplitsThatTheyHave() throws IOException {
        runs.shape = options(splits(SplitMode.STRATIFIED, GroupBy.IMAGE, false), null);
        runs.run("dealt", samples("all.json", "source", Domain.IN_DISTRIBUTION, rows(0, 30)));
        Map<String, String> before = new HashMap<>();
        runs.read("dealt", Table.SAMPLES).forEach(row -> before.put(row.getAs("sample_id"), row.getAs("split")));
        ShardResult updated = runs.run("dealt", samples("all.json", "source", Domain.IN_DISTRIBUTION, rows(0, 60)));
        assertThat(updated.rows()).isEqualTo(new RowAccount(60, 30, 0, 30));
        Map<String, String> after = new HashMap<>();
        runs.read("dealt", Table.SAMPLES).forEach(row -> after.put(row.getAs("sample_id"), row.getAs("split")));
        assertThat(after).hasSize(60).containsAllEntriesOf(before);
        requireNoPictureInTwoSplits("dealt");
    }

    @Test
    void putsAsideWhatWouldLeakFromASplitOfTheSource() throws IOException {
        runs.shape = options(splits(SplitMode.SOURCE, GroupBy.IMAGE, false), null);
        ShardInput train = samples("train.json", "train", Domain.IN_DISTRIBUTION, rows(0, 10));
        ShardInput test = samples("test.json", "test", Domain.IN_DISTRIBUTION, rows(10, 20));
        ShardResult result = runs.run("leaks", train, test);
        assertThat(result.reasons()).containsOnlyKeys("split-conflict");
        assertThat(result.rows().out()).isEqualTo(20 - result.reasons().get("split-conflict"));
        assertThat(sizes("leaks")).containsEntry("train", 10L);
        assertThat(runs.read("leaks", Table.QUARANTINE)).isNotEmpty().allSatisfy(row -> {
            assertThat(row.<String>getAs("source_file")).endsWith("test.json");
            assertThat(row.<String>getAs("raw")).contains("text_input");
        });
        requireNoPictureInTwoSplits("leaks");
    }

    @Test
    void cutsClassesToATailAndLeavesOutOfDistributionRowsAlone() throws IOException {
        runs.shape = options(
                SplitRule.source("train"),
                new LongTailRule(TailProfile.EXPONENTIAL, "train", "left-out", 4, 6, 0, ClassOrder.COUNT, 17));
        List<String> balanced = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            balanced.add(row(i, i % 3));
        }
        List<String> open = new ArrayList<>();
        for (int i = 60; i < 70; i++) {
            open.add(row(i, 0));
        }
        ShardResult result = runs.run(
                "tail",
                samples("id.json", "train", Domain.IN_DISTRIBUTION, balanced),
                samples("ood.json", "train", Domain.OUT_OF_DISTRIBUTION, open));
        assertThat(result.rows()).isEqualTo(new RowAccount(70, 70, 0));
        Map<String, Long> classes = new TreeMap<>();
        for (Row row : runs.read("tail", Table.SAMPLES)) {
            classes.merge(row.getAs("split") + " " + row.getAs("domain") + " " + row.getAs("label"), 1L, Long::sum);
        }
        // 20 x (1/4)^(k/2): 20, 10, 5
        assertThat(classes)
                .isEqualTo(Map.of(
                        "train id 0",
                        20L,
                        "train id 1",
                        10L,
                        "train id 2",
                        5L,
                        "left-out id 1",
                        10L,
                        "left-out id 2",
                        15L,
                        "train ood 0",
                        10L));
        assertThat(result.figures()).containsEntry("long-tail.left-out.samples", 25.0);
        Map<String, Long> told = new TreeMap<>();
        for (Row row : runs.read("tail", ClassTables.STATISTICS)) {
            told.put(
                    row.getAs("split") + " " + row.getAs("domain") + " " + row.getAs("label"),
                    row.<Long>getAs("samples"));
        }
        assertThat(told).isEqualTo(classes);
    }
}
