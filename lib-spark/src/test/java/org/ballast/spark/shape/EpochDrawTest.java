package org.ballast.spark.shape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.longtail.SamplingStrategy;
import org.ballast.spark.SparkExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SparkExtension.class)
class EpochDrawTest {
    private final SparkSession spark;

    EpochDrawTest(SparkSession spark) {
        this.spark = spark;
    }

    private static List<ShapeRow> rows() {
        List<ShapeRow> rows = new ArrayList<>();
        for (int i = 0; i < 90; i++) {
            rows.add(ShapeRow.sample("a" + i, "i", 5));
        }
        for (int i = 0; i < 10; i++) {
            rows.add(ShapeRow.sample("b" + i, "i", 9));
        }
        rows.add(ShapeRow.sample("none", "i", null));
        rows.add(ShapeRow.sample("open", "i", -1));
        return rows;
    }

    private List<String> drawn(
            List<ShapeRow> rows, SamplingStrategy strategy, double progress, long seed, int epoch, int partitions) {
        List<Row> drawn = new ArrayList<>(
                EpochDraw.draw(ShapeRow.of(spark, rows, partitions), "key", strategy, progress, 1_000, seed, epoch)
                        .orderBy("position")
                        .collectAsList());
        List<String> ids = new ArrayList<>();
        for (Row row : drawn) {
            assertThat(row.getLong(0)).isEqualTo(ids.size());
            assertThat(row.getString(1)).startsWith(row.getInt(2) == 5 ? "a" : "b");
            ids.add(row.getString(1));
        }
        return ids;
    }

    private static long head(List<String> ids) {
        return ids.stream().filter(id -> id.startsWith("a")).count();
    }

    @Test
    void classesComeByTheStrategy() {
        assertThat(head(drawn(rows(), SamplingStrategy.CLASS_BALANCED, 0, 17, 0, 2)))
                .isBetween(440L, 560L);
        assertThat(head(drawn(rows(), SamplingStrategy.INSTANCE_BALANCED, 0, 17, 0, 2)))
                .isBetween(860L, 940L);
        assertThat(head(drawn(rows(), SamplingStrategy.SQUARE_ROOT, 0, 17, 0, 2)))
                .isBetween(690L, 810L);
        assertThat(head(drawn(rows(), SamplingStrategy.PROGRESSIVELY_BALANCED, 0.5, 17, 0, 2)))
                .isBetween(640L, 760L);
    }

    @Test
    void theSameForAnyPartitionsAndOrderAndAnotherInAnotherEpoch() {
        List<String> ids = drawn(rows(), SamplingStrategy.CLASS_BALANCED, 0, 17, 3, 1);
        assertThat(ids).hasSize(1_000);
        List<ShapeRow> shuffled = new ArrayList<>(rows());
        Collections.shuffle(shuffled, new Random(2));
        assertThat(drawn(shuffled, SamplingStrategy.CLASS_BALANCED, 0, 17, 3, 5))
                .isEqualTo(ids);
        assertThat(drawn(rows(), SamplingStrategy.CLASS_BALANCED, 0, 17, 4, 1)).isNotEqualTo(ids);
        assertThat(drawn(rows(), SamplingStrategy.CLASS_BALANCED, 0, 18, 3, 1)).isNotEqualTo(ids);
        assertThat(new HashSet<>(ids)).as("every sample of the tail comes").contains("b0", "b5", "b9");
        Map<String, Long> tail = ids.stream()
                .filter(id -> id.startsWith("b"))
                .collect(Collectors.groupingBy(id -> id, Collectors.counting()));
        assertThat(tail.values()).allSatisfy(times -> assertThat(times).isBetween(20L, 85L));
    }

    @Test
    void refusesRowsWithoutClasses() {
        assertThatThrownBy(() -> drawn(List.of(), SamplingStrategy.CLASS_BALANCED, 0, 17, 0, 1))
                .hasMessageContaining("no class");
    }
}
