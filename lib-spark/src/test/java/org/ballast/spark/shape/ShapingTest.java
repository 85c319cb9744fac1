package org.ballast.spark.shape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.data.split.GroupBy;
import org.ballast.core.data.split.HashSplit;
import org.ballast.core.data.split.SplitMode;
import org.ballast.core.data.split.SplitRule;
import org.ballast.core.data.split.SplitShare;
import org.ballast.spark.SparkExtension;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SparkExtension.class)
class ShapingTest {
    private static final String CONFLICT = "split-conflict";

    private final SparkSession spark;

    ShapingTest(SparkSession spark) {
        this.spark = spark;
    }

    /** What became of the rows: split, or {@code !reason}, by key. */
    private Map<String, String> shaped(List<ShapeRow> rows, ShapeOptions options, int partitions) {
        Dataset<Row> shaped = Shaping.shape(ShapeRow.of(spark, rows, partitions), options, UnaryOperator.identity())
                .rows();
        Map<String, String> outcome = new TreeMap<>();
        for (Row row : shaped.select("key", "sample", "split", "reason", "message", "text")
                .collectAsList()) {
            String key = row.getString(0);
            assertThat(row.getString(5)).as("other columns stay").isEqualTo("text of " + key);
            assertThat(row.isNullAt(3)).isEqualTo(row.isNullAt(4));
            String before = outcome.put(key, row.isNullAt(3) ? row.getString(2) : "!" + row.getString(3));
            assertThat(before).as("row '%s' once", key).isNull();
        }
        assertThat(outcome).hasSize(rows.size());
        return outcome;
    }

    private static ShapeOptions options(SplitMode mode, GroupBy... groupBy) {
        return ShapeRow.options(mode, null, groupBy);
    }

    private static String group(ShapeRow row) {
        return row.imageId() == null ? "id:" + row.id() : "image:" + row.imageId();
    }

    private static void assertWholeGroups(List<ShapeRow> rows, Map<String, String> splits) {
        Map<String, Set<String>> byGroup = new HashMap<>();
        for (ShapeRow row : rows) {
            String split = splits.get(row.key());
            if (!split.startsWith("!")) {
                byGroup.computeIfAbsent(group(row), key -> new HashSet<>()).add(split);
            }
        }
        assertThat(byGroup).allSatisfy((group, in) -> assertThat(in).hasSize(1));
    }

    @Test
    void theSourcesSplitsStayAsTheyAre() {
        ShapeRow one = ShapeRow.sample("a", "i", 0).inSplit("train");
        ShapeRow two = ShapeRow.sample("b", "i", 0).inSplit("test").was("val");
        assertThat(shaped(List.of(one, two), ShapeOptions.none(), 2)).isEqualTo(Map.of("a", "train", "b", "test"));
    }

    @Test
    void aLeakOfTheSourceIsPutAsideWhereThatIsAskedFor() {
        List<ShapeRow> rows = List.of(
                ShapeRow.sample("a", "i", 0).inSplit("test"),
                ShapeRow.sample("b", "i", 0).inSplit("train"),
                ShapeRow.sample("c", "i", 1).inSplit("train"),
                ShapeRow.sample("d", "j", 0).inSplit("test"),
                ShapeRow.sample("e", "i", 0).inSplit("val").rejected("bad-label"));
        assertThat(shaped(rows, options(SplitMode.SOURCE, GroupBy.IMAGE), 3))
                .isEqualTo(Map.of("a", "!" + CONFLICT, "b", "train", "c", "train", "d", "test", "e", "!bad-label"));
    }

    @Test
    void theDigestOfTheGroupDecides() {
        List<ShapeRow> rows = ShapeRow.random(3, 300);
        ShapeOptions options = options(SplitMode.HASH, GroupBy.IMAGE);
        Map<String, String> splits = shaped(rows, options, 3);
        for (ShapeRow row : rows) {
            assertThat(splits.get(row.key())).isEqualTo(HashSplit.of(options.splits(), group(row)));
        }
        assertThat(new HashSet<>(splits.values())).containsExactlyInAnyOrder("train", "val", "test");
    }

    @RepeatedTest(4)
    void groupsAreWholeAndNothingHangsOnOrderOrPartitions(RepetitionInfo repetition) {
        int n = repetition.getCurrentRepetition();
        SplitMode mode = n % 2 == 0 ? SplitMode.HASH : SplitMode.STRATIFIED;
        List<ShapeRow> rows = ShapeRow.random(n, 50 * n);
        Map<String, String> splits = shaped(rows, options(mode, GroupBy.IMAGE), 1);
        assertWholeGroups(rows, splits);
        List<ShapeRow> shuffled = new ArrayList<>(rows);
        Collections.shuffle(shuffled, new Random(n));
        assertThat(shaped(shuffled, options(mode, GroupBy.IMAGE), 1 + n)).isEqualTo(splits);
    }

    @RepeatedTest(3)
    void everyClassHasTheWantedSharesWithinItsLargestGroup(RepetitionInfo repetition) {
        // each picture of one class, so that the class of its group is that of its rows
        Random random = new Random(repetition.getCurrentRepetition());
        List<ShapeRow> rows = new ArrayList<>();
        Map<Integer, Long> largest = new HashMap<>();
        int classes = 1 + random.nextInt(8);
        for (int image = 0; image < 150; image++) {
            int label = random.nextInt(classes);
            int size = 1 + random.nextInt(4);
            for (int i = 0; i < size; i++) {
                rows.add(ShapeRow.sample("k" + rows.size(), "i" + image, label));
            }
            largest.merge(label, (long) size, Math::max);
        }
        ShapeOptions options = options(SplitMode.STRATIFIED, GroupBy.IMAGE);
        Map<String, String> splits = shaped(rows, options, 4);
        for (int label : largest.keySet()) {
            List<String> got = rows.stream()
                    .filter(row -> row.label() == label)
                    .map(row -> splits.get(row.key()))
                    .toList();
            for (SplitShare share : options.splits().shares()) {
                long has = got.stream().filter(share.split()::equals).count();
                assertThat(Math.abs(has - share.share() * got.size()))
                        .as("class %d, %s: %d of %d", label, share, has, got.size())
                        .isLessThanOrEqualTo(largest.get(label) + 1e-9);
            }
        }
    }

    @RepeatedTest(2)
    void aGrownDataSetKeepsItsSplitsAndNewGroupsFillWhatIsLacking(RepetitionInfo repetition) {
        int n = repetition.getCurrentRepetition();
        SplitMode mode = n % 2 == 0 ? SplitMode.HASH : SplitMode.STRATIFIED;
        ShapeOptions options = options(mode, GroupBy.IMAGE);
        List<ShapeRow> all = ShapeRow.random(n, 400);
        List<ShapeRow> early = all.subList(0, 150);
        Map<String, String> before = shaped(early, options, 2);
        List<ShapeRow> grown = all.stream()
                .map(row -> before.containsKey(row.key()) ? row.was(before.get(row.key())) : row)
                .toList();
        Map<String, String> after = shaped(grown, options, 3);
        assertThat(after).containsAllEntriesOf(before);
        assertWholeGroups(all, after);
        if (mode == SplitMode.HASH) {
            assertThat(after).as("as a full run").isEqualTo(shaped(all, options, 3));
        }
        double train = after.values().stream().filter("train"::equals).count() / 400.0;
        assertThat(train).isBetween(0.6, 0.8);
        assertThat(shaped(all.stream().map(row -> row.was(after.get(row.key()))).toList(), options, 2))
                .as("nothing new")
                .isEqualTo(after);
    }

    @Test
    void groupsLargerThanASplitAreDealtFirstSoThatOthersMakeUpForThem() {
        ShapeOptions options = options(SplitMode.STRATIFIED, GroupBy.IMAGE);
        List<ShapeRow> rows = new ArrayList<>();
        for (int label = 0; label < 20; label++) {
            // wanted 7, 1, 2: a group of 5 that comes last could go nowhere without too many
            for (int i = 0; i < 10; i++) {
                rows.add(ShapeRow.sample(label + "-" + i, label + "i" + Math.max(0, i - 4), label));
            }
        }
        Map<String, String> splits = shaped(rows, options, 3);
        for (int label = 0; label < 20; label++) {
            String prefix = label + "-";
            assertThat(splits.entrySet().stream()
                            .filter(entry -> entry.getKey().startsWith(prefix))
                            .collect(Collectors.groupingBy(Map.Entry::getValue, Collectors.counting())))
                    .isEqualTo(Map.of("train", 7L, "val", 1L, "test", 2L));
        }
    }

    @Test
    void rowsFollowTheirGroup() {
        List<ShapeRow> rows = new ArrayList<>();
        rows.add(ShapeRow.sample("old", "i", 0).was("test"));
        IntStream.range(0, 9).forEach(i -> rows.add(ShapeRow.sample("new" + i, "i", i % 3)));
        for (SplitMode mode : List.of(SplitMode.HASH, SplitMode.STRATIFIED)) {
            assertThat(shaped(rows, options(mode, GroupBy.IMAGE), 2).values()).containsOnly("test");
        }
    }

    @Test
    void groupsThatMergeStayInTheTrainingMostSplitAndTheHeldOutCopiesGo() {
        List<ShapeRow> rows = List.of(
                ShapeRow.sample("a", "i", 0).was("test"),
                ShapeRow.sample("b", "j", 0).was("train"),
                ShapeRow.sample("c", "k", 0).was("val"),
                ShapeRow.sample("d", "l", 0).like("i"),
                // the picture by which the others are alike
                ShapeRow.sample("e", "i", 0).like("j"),
                ShapeRow.sample("f", "m", 0).was("val"));
        assertThat(shaped(rows, options(SplitMode.STRATIFIED, GroupBy.NEAR_DUPLICATE), 3))
                .isEqualTo(
                        Map.of("a", "!" + CONFLICT, "b", "train", "c", "val", "d", "train", "e", "train", "f", "val"));
    }

    @Test
    void alikePicturesAreOneGroupOverAnyNumberOfLinks() {
        List<ShapeRow> rows = new ArrayList<>();
        // two chains of 40 pictures, each alike the one before, and one picture that links nothing
        for (int i = 0; i < 40; i++) {
            ShapeRow even = ShapeRow.sample("a" + i, "x" + i * 7 % 40, 0);
            ShapeRow odd = ShapeRow.sample("b" + i, "y" + i * 7 % 40, 1);
            rows.add(i == 0 ? even : even.like("x" + (i - 1) * 7 % 40));
            rows.add(i == 0 ? odd : odd.like("y" + (i - 1) * 7 % 40));
        }
        rows.add(ShapeRow.sample("c", "z", 0));
        Dataset<Row> grouped = Groups.add(
                ShapeRow.of(spark, rows, 5),
                options(SplitMode.HASH, GroupBy.NEAR_DUPLICATE).splits());
        Map<String, String> groups = grouped.select("key", Groups.GROUP).collectAsList().stream()
                .collect(Collectors.toMap(row -> row.getString(0), row -> row.getString(1)));
        assertThat(groups).hasSize(81);
        groups.forEach((key, group) -> assertThat(group)
                .isEqualTo(
                        switch (key.charAt(0)) {
                            case 'a' -> "image:x0";
                            case 'b' -> "image:y0";
                            default -> "image:z";
                        }));
    }

    @Test
    void severalKeysLinkRows() {
        List<ShapeRow> rows = List.of(
                ShapeRow.sample("u1-a", "i", 0),
                ShapeRow.sample("u2-b", "i", 0),
                ShapeRow.sample("u2-c", "j", 0),
                ShapeRow.sample("u3-d", "k", 0));
        SplitRule rule = new SplitRule(
                SplitMode.HASH,
                List.of(new SplitShare("train", 1)),
                List.of(),
                List.of(GroupBy.IMAGE, GroupBy.PATTERN),
                "^(u[0-9])",
                "train",
                17,
                false);
        Map<String, List<String>> groups =
                Groups.add(ShapeRow.of(spark, rows, 2), rule).select(Groups.GROUP, "key").collectAsList().stream()
                        .collect(Collectors.groupingBy(
                                row -> row.getString(0),
                                Collectors.collectingAndThen(
                                        Collectors.mapping(row -> row.getString(1), Collectors.toList()),
                                        keys -> keys.stream().sorted().toList())));
        assertThat(groups.values()).containsExactlyInAnyOrder(List.of("u1-a", "u2-b", "u2-c"), List.of("u3-d"));
    }

    @Test
    void onlyTheWantedSplitsAreDealtAndNeverRowsOutsideTheDistribution() {
        SplitRule rule = new SplitRule(
                SplitMode.STRATIFIED,
                List.of(new SplitShare("val", 0.5), new SplitShare("test", 0.5)),
                List.of("held"),
                List.of(GroupBy.IMAGE),
                null,
                "train",
                17,
                false);
        List<ShapeRow> rows = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            rows.add(ShapeRow.sample("held" + i, "h" + i, 0).inSplit("held"));
            rows.add(ShapeRow.sample("train" + i, "t" + i, 0).inSplit("train"));
        }
        rows.add(ShapeRow.sample("open1", "o1", 0).inSplit("held").outOfDistribution());
        rows.add(ShapeRow.sample("open2", "o2", -1).inSplit("held"));
        // held out, though its picture is trained on
        rows.add(ShapeRow.sample("leak", "t3", 0).inSplit("held"));
        Map<String, String> splits =
                shaped(rows, new ShapeOptions(rule, null, ShapeOptions.none().sampling()), 3);
        Map<String, Long> held = splits.entrySet().stream()
                .filter(entry -> entry.getKey().startsWith("held"))
                .collect(Collectors.groupingBy(Map.Entry::getValue, Collectors.counting()));
        assertThat(held).isEqualTo(Map.of("val", 10L, "test", 10L));
        assertThat(splits)
                .containsEntry("open1", "held")
                .containsEntry("open2", "held")
                .containsEntry("train7", "train")
                .containsEntry("leak", "train");
    }

    @Test
    void extremes() {
        for (SplitMode mode : List.of(SplitMode.HASH, SplitMode.STRATIFIED)) {
            ShapeOptions options = options(mode, GroupBy.NEAR_DUPLICATE, GroupBy.SOURCE);
            assertThat(shaped(List.of(), options, 2)).isEmpty();
            assertThat(shaped(List.of(ShapeRow.sample("a", null, null)), options, 2))
                    .hasSize(1);
            ShapeRow bad = ShapeRow.sample("a", null, null).rejected("no-image");
            assertThat(shaped(List.of(bad), options, 2)).isEqualTo(Map.of("a", "!no-image"));
        }
        List<ShapeRow> together = ShapeRow.random(1, 60);
        assertThat(new HashSet<>(shaped(together, options(SplitMode.STRATIFIED, GroupBy.SOURCE), 2)
                        .values()))
                .as("one source, one group")
                .containsExactly("train");
    }

    @Test
    void missingColumnsAreNamed() {
        Dataset<Row> rows = ShapeRow.of(spark, List.of(), 1).drop("label", "source");
        assertThatThrownBy(() -> Shaping.shape(rows, ShapeOptions.none(), UnaryOperator.identity()))
                .hasMessageContaining("[label, source]");
        Dataset<Row> least = ShapeRow.of(spark, List.of(ShapeRow.sample("a", "i", 0)), 1)
                .select("key", "id", "image_id", "label", "split", "sample", "source");
        Row row = Shaping.shape(least, options(SplitMode.STRATIFIED, GroupBy.IMAGE), UnaryOperator.identity())
                .rows()
                .head();
        assertThat(row.<String>getAs("split")).isEqualTo("train");
        assertThat(row.<String>getAs("reason")).isNull();
    }
}
