package org.ballast.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The same seed gives the same negatives, whatever the number of partitions and of task slots. */
final class PartitionsIT {
    /** The undisturbed run has two partitions, as many as it has slots. */
    @ParameterizedTest
    @CsvSource({"1,local[2]", "5,local[1]"})
    void negativesHangOnNeitherPartitionsNorSlots(int partitions, String master) throws Exception {
        TinyRun run = TinyRun.get();
        Path root = run.rootWith("partitions-" + partitions, "shard-instruct", "sft");
        Submit.Outcome outcome = Submit.run(TinyRun.arguments(
                "negatives", run.preference(), root, master, "--execution.partitions", Integer.toString(partitions)));
        assertThat(outcome.exit()).as(outcome.errors()).isZero();
        assertThat(outcome.state("negatives")).isEqualTo("done");
        for (String table : new String[] {"completions", "quarantine"}) {
            assertThat(Stored.rows(root, "negatives", table))
                    .as(table)
                    .isNotEmpty()
                    .isEqualTo(Stored.rows(run.root(), "negatives", table));
        }
    }
}
