package org.ballast.spark.shard;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PicturePlanTest {
    private static final long MIB = 1 << 20;

    @Test
    void balancesTasksOfTheTargetSizeAndBoundsWavesByPictures() {
        SplittableRandom random = new SplittableRandom(3);
        long[] pictures = random.longs(4_096, 0, 20).toArray();
        long[] bytes = Arrays.stream(pictures).map(count -> count * 200_000).toArray();
        PicturePlan plan = PicturePlan.of(bytes, pictures, 64 * MIB, 3_000);
        int tasks = plan.firstOfWave()[plan.waves()];
        long total = Arrays.stream(bytes).sum();
        assertThat(tasks).isEqualTo((int) Math.ceil((double) total / (64 * MIB)));
        for (int task = 0; task < tasks; task++) {
            assertThat(sum(bytes, plan, task, task + 1)).isBetween(total / tasks * 95 / 100, total / tasks * 105 / 100);
        }
        for (int wave = 0; wave < plan.waves(); wave++) {
            assertThat(sum(pictures, plan, plan.firstOfWave()[wave], plan.firstOfWave()[wave + 1]))
                    .isBetween(1L, 3_000L);
        }
        assertThat(plan.firstOfWave()).startsWith(0).isSorted();
    }

    @Test
    void spreadsManySmallPicturesAndLeavesFewAlone() {
        assertThat(PicturePlan.tasks(35_000_000, 70_000, 256 * MIB, 100_000)).isEqualTo(8);
        assertThat(PicturePlan.tasks(20_000, 10, 256 * MIB, 100_000)).isEqualTo(1);
        assertThat(PicturePlan.tasks(0, 0, 256 * MIB, 100_000)).isEqualTo(1);
        assertThat(PicturePlan.tasks(1_000_000, 1_000_000, 256 * MIB, 100_000)).isEqualTo(10);
    }

    @Test
    void aBucketStaysWholeHoweverLargeItIs() {
        long[] bytes = new long[256];
        long[] pictures = new long[256];
        bytes[7] = 10_000 * MIB;
        pictures[7] = 50_000;
        PicturePlan plan = PicturePlan.of(bytes, pictures, 256 * MIB, 1_000);
        assertThat(plan.taskOfBucket()[7]).isBetween(0, plan.firstOfWave()[plan.waves()] - 1);
        assertThat(PicturePlan.buckets(10_000 * MIB, 50_000, 256 * MIB, 1_000)).isGreaterThanOrEqualTo(64 * 50);
    }

    private static long sum(long[] of, PicturePlan plan, int from, int to) {
        return IntStream.range(0, of.length)
                .filter(bucket -> plan.taskOfBucket()[bucket] >= from && plan.taskOfBucket()[bucket] < to)
                .mapToLong(bucket -> of[bucket])
                .sum();
    }
}
