package org.ballast.spark.shape;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.data.split.GroupBy;
import org.ballast.core.data.split.SplitMode;
import org.ballast.core.longtail.ClassOrder;
import org.ballast.core.longtail.LongTailRule;
import org.ballast.core.longtail.TailProfile;
import org.ballast.spark.SparkExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SparkExtension.class)
class LongTailingTest {
    private final SparkSession spark;

    LongTailingTest(SparkSession spark) {
        this.spark = spark;
    }

    private static ShapeOptions tail(double ratio, long largest) {
        LongTailRule rule =
                new LongTailRule(TailProfile.EXPONENTIAL, "train", "rest", ratio, 6, largest, ClassOrder.LABEL, 17);
        ShapeOptions none = ShapeOptions.none();
        return new ShapeOptions(none.splits(), rule, none.sampling());
    }

    private static List<ShapeRow> rows(int... sizes) {
        List<ShapeRow> rows = new ArrayList<>();
        for (int label = 0; label < sizes.length; label++) {
            for (int i = 0; i < sizes[label]; i++) {
                rows.add(ShapeRow.sample("k" + label + "-" + i, "i" + rows.size(), label)
                        .inSplit("train"));
            }
        }
        return rows;
    }

    private Shaped shaped(List<ShapeRow> rows, ShapeOptions options, int partitions) {
        return Shaping.shape(ShapeRow.of(spark, rows, partitions), options, UnaryOperator.identity());
    }

    private static Map<String, String> splits(Shaped shaped) {
        Map<String, String> splits = new TreeMap<>();
        for (Row row : shaped.rows().select("key", "sample", "split").collectAsList()) {
            splits.put((row.getBoolean(1) ? "" : "prompt ") + row.getString(0), row.getString(2));
        }
        return splits;
    }

    private static Set<String> in(Map<String, String> splits, String split) {
        return splits.entrySet().stream()
                .filter(entry -> entry.getValue().equals(split))
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    @Test
    void classesAreCutToTheTailAndTheRestIsKept() {
        List<ShapeRow> rows = new ArrayList<>(rows(40, 40, 40));
        rows.add(ShapeRow.sample("test", "t", 0).inSplit("test"));
        rows.add(ShapeRow.sample("open", "o", 0).inSplit("train").outOfDistribution());
        rows.add(ShapeRow.sample("none", "n", null).inSplit("train"));
        rows.add(ShapeRow.sample("bad", "b", 0).inSplit("train").rejected("bad-label"));
        Shaped shaped = shaped(rows, tail(4, 0), 3);
        Map<String, String> splits = splits(shaped);
        assertThat(splits).hasSize(124);
        for (int label = 0; label < 3; label++) {
            String prefix = "k" + label;
            long kept = in(splits, "train").stream()
                    .filter(key -> key.startsWith(prefix))
                    .count();
            assertThat(kept).isEqualTo(new long[] {40, 20, 10}[label]);
        }
        assertThat(in(splits, "rest")).hasSize(50);
        assertThat(splits)
                .containsEntry("test", "test")
                .containsEntry("open", "train")
                .containsEntry("none", "train")
                .containsEntry("bad", "train");
        assertThat(shaped.figures())
                .isEqualTo(Map.of(
                        "long-tail.largest.samples",
                        40.0,
                        "long-tail.left-out.samples",
                        50.0,
                        "long-tail.short-classes.samples",
                        0.0));
    }

    @Test
    void whichSamplesStayHangsOnNothingButTheirIds() {
        List<ShapeRow> rows = rows(30, 25, 20);
        Map<String, String> splits = splits(shaped(rows, tail(3, 0), 1));
        List<ShapeRow> shuffled = new ArrayList<>(rows);
        Collections.shuffle(shuffled, new Random(1));
        assertThat(splits(shaped(shuffled, tail(3, 0), 5))).isEqualTo(splits);
        Set<String> smaller = in(splits(shaped(rows, tail(3, 9), 2)), "train");
        assertThat(in(splits, "train")).as("a smaller tail is part of it").containsAll(smaller);
        assertThat(smaller).hasSize(9 + 5 + 3);
    }

    @Test
    void theTailIsCutAnewFromWhatAnEarlierRunLeftOut() {
        List<ShapeRow> rows = rows(30, 30);
        Map<String, String> before = splits(shaped(rows, tail(3, 0), 2));
        List<ShapeRow> again =
                rows.stream().map(row -> row.inSplit(before.get(row.key()))).toList();
        assertThat(splits(shaped(again, tail(3, 0), 2))).isEqualTo(before);
        ShapeOptions dealt = ShapeRow.options(SplitMode.STRATIFIED, tail(3, 0).longTail(), GroupBy.IMAGE);
        Map<String, String> first = splits(shaped(rows, dealt, 2));
        assertThat(new HashSet<>(first.values())).containsExactlyInAnyOrder("train", "val", "test", "rest");
        List<ShapeRow> known =
                rows.stream().map(row -> row.was(first.get(row.key()))).toList();
        assertThat(splits(shaped(known, dealt, 3))).isEqualTo(first);
    }

    @Test
    void samplesAndPromptsAreTailsOfTheirOwn() {
        List<ShapeRow> rows = new ArrayList<>(rows(8, 8));
        rows(4, 4).forEach(row -> rows.add(row.prompt()));
        Shaped shaped = shaped(rows, tail(2, 0), 2);
        assertThat(shaped.figures())
                .containsEntry("long-tail.left-out.samples", 4.0)
                .containsEntry("long-tail.left-out.prompts", 2.0);
        Map<String, String> splits = splits(shaped);
        assertThat(in(splits, "rest").stream().filter(key -> key.startsWith("prompt")))
                .hasSize(2);
        assertThat(in(splits, "rest")).hasSize(6);
    }

    @Test
    void extremes() {
        assertThat(splits(shaped(List.of(), tail(10, 0), 1))).isEmpty();
        assertThat(splits(shaped(rows(5), tail(10, 0), 2)).values())
                .as("one class")
                .containsOnly("train");
        assertThat(splits(shaped(rows(1, 1), tail(10, 0), 2)).values()).containsOnly("train");
        Shaped cut = shaped(rows(3, 0, 1), tail(10, 2), 2);
        assertThat(in(splits(cut), "train")).hasSize(3);
    }
}
