package org.ballast.spark.shard;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.apache.spark.sql.SparkSession;
import org.ballast.spark.SparkExtension;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Runs that end at any change of the output folder, and their reruns. */
@ExtendWith(SparkExtension.class)
class ShardKillTest {
    /** How many of the places are tried where not all are. */
    private static final int TRIES = 4;

    private final SparkSession spark;

    @TempDir
    Path root;

    private ShardRuns runs;
    private RandomData data;

    ShardKillTest(SparkSession spark) {
        this.spark = spark;
    }

    @BeforeEach
    void makeData() throws IOException {
        spark.sparkContext()
                .hadoopConfiguration()
                .set("fs." + StoppingFileSystem.SCHEME + ".impl", StoppingFileSystem.class.getName());
        StoppingFileSystem.stopAfter(Long.MAX_VALUE);
        runs = new ShardRuns(spark, StoppingFileSystem.SCHEME + "://" + root.resolve("out"));
        runs.wavePictures = 6;
        runs.partitions = 1;
        data = new RandomData(5, root.resolve("data"));
    }

    @AfterEach
    void letItRun() {
        StoppingFileSystem.stopAfter(Long.MAX_VALUE);
    }

    @Test
    void aRunThatWasKilledAnywhereEndsAsAnUndisturbedOne() throws IOException {
        killRuns(false);
    }

    @Test
    @Tag("long")
    void aRunThatWasKilledAtAnyChangeEndsAsAnUndisturbedOne() throws IOException {
        killRuns(true);
    }

    @Test
    void anUpdateThatWasKilledAnywhereEndsAsAnUndisturbedOne() throws IOException {
        killUpdates(false);
    }

    @Test
    @Tag("long")
    void anUpdateThatWasKilledAtAnyChangeEndsAsAnUndisturbedOne() throws IOException {
        killUpdates(true);
    }

    private void killRuns(boolean everywhere) throws IOException {
        long changes = changesOf("whole");
        Map<String, List<String>> tables = runs.tables("whole");
        List<String> images = runs.images("whole");
        for (long stop : places(changes, everywhere, 11)) {
            String stage = "killed-" + stop;
            killed(stage, stop);
            runs.run(stage, data.inputs("w"));
            assertThat(runs.tables(stage)).as("killed after %d changes", stop).isEqualTo(tables);
            assertThat(runs.images(stage)).as("killed after %d changes", stop).isEqualTo(images);
            assertThat(runs.litter(stage)).as("killed after %d changes", stop).isEmpty();
        }
    }

    private void killUpdates(boolean everywhere) throws IOException {
        runs.run("before", data.inputs("w0"));
        ShardRuns.copy(root.resolve("out/before"), root.resolve("before"));
        data.change();
        long changes = changesOf("before");
        Map<String, List<String>> tables = runs.tables("before");
        List<String> images = runs.images("before");
        for (long stop : places(changes, everywhere, 12)) {
            ShardRuns.delete(root.resolve("out/before"));
            ShardRuns.copy(root.resolve("before"), root.resolve("out/before"));
            killed("before", stop);
            runs.run("before", data.inputs("w"));
            assertThat(runs.tables("before"))
                    .as("killed after %d changes", stop)
                    .isEqualTo(tables);
            assertThat(runs.images("before"))
                    .as("killed after %d changes", stop)
                    .isEqualTo(images);
            assertThat(runs.litter("before"))
                    .as("killed after %d changes", stop)
                    .isEmpty();
        }
    }

    @Test
    void inputsThatChangeBehindAKilledUpdateAreTakenUp() throws IOException {
        runs.run("moving", data.inputs("w0"));
        data.change();
        killed("moving", 40);
        data.change();
        runs.run("moving", data.inputs("w1"));
        runs.run("full", data.inputs("w1"));
        assertThat(runs.tables("moving")).isEqualTo(runs.tables("full"));
        assertThat(runs.images("moving")).doesNotHaveDuplicates().containsAll(runs.images("full"));
        assertThat(runs.litter("moving")).isEmpty();
    }

    private long changesOf(String stage) {
        StoppingFileSystem.stopAfter(1_000_000);
        runs.run(stage, data.inputs("w"));
        long changes = 1_000_000 - StoppingFileSystem.left();
        StoppingFileSystem.stopAfter(Long.MAX_VALUE);
        assertThat(changes).isGreaterThan(50);
        return changes;
    }

    private void killed(String stage, long stop) {
        StoppingFileSystem.stopAfter(stop);
        try {
            runs.run(stage, data.inputs("w"));
        } catch (Exception e) {
            assertThat(e).hasStackTraceContaining("stopped here");
        } finally {
            StoppingFileSystem.stopAfter(Long.MAX_VALUE);
        }
    }

    /** The last changes are those of the commit. */
    private static List<Long> places(long changes, boolean everywhere, long seed) {
        if (everywhere) {
            return LongStream.range(0, changes).boxed().toList();
        }
        LongStream some = new SplittableRandom(seed).longs(TRIES, 1, changes);
        return LongStream.concat(some, LongStream.of(changes - 12)).boxed().toList();
    }
}
