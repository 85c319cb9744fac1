package org.ballast.spark.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.SparkSession;
import org.ballast.spark.SparkExtension;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SparkExtension.class)
class SideBySideTest {
    private final SparkSession spark;

    SideBySideTest(SparkSession spark) {
        this.spark = spark;
    }

    @AfterEach
    void clear() {
        spark.sparkContext().setJobDescription(null);
    }

    private static void meet(CyclicBarrier barrier) {
        try {
            barrier.await(30, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException("the others are not under way", e);
        }
    }

    @Test
    void runsAllAtOnceUnderOneDescription() {
        spark.sparkContext().setJobDescription("answers: store");
        CyclicBarrier barrier = new CyclicBarrier(3);
        Map<String, String> descriptions = new ConcurrentHashMap<>();
        SideBySide.run(List.of("a", "b", "c"), name -> {
            meet(barrier);
            assertThat(spark.range(5).count()).isEqualTo(5);
            descriptions.put(name, spark.sparkContext().getLocalProperty("spark.job.description"));
        });
        assertThat(descriptions).isEqualTo(Map.of("a", "answers: store", "b", "answers: store", "c", "answers: store"));
    }

    @Test
    void failsWithTheFirstFaultOnceAllHaveEnded() {
        CyclicBarrier barrier = new CyclicBarrier(3);
        Map<String, Boolean> ended = new ConcurrentHashMap<>();
        assertThatThrownBy(() -> SideBySide.run(List.of("good", "bad", "worse"), name -> {
                    meet(barrier);
                    if (!name.equals("good")) {
                        throw new IllegalArgumentException(name);
                    }
                    ended.put(name, true);
                }))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("bad");
        assertThat(ended).containsKey("good");
    }
}
