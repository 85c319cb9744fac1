package org.ballast.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.Test;

/** Two runs on one output, each a process of its own. */
final class LeaseIT {
    private static final int SIGTERM = 128 + 15;
    private static final int LEASE_SECONDS = 5;

    @Test
    void aRunThatSleptThroughItsLeaseFailsAndHarmsNothing() throws Exception {
        ShardRun undisturbed = ShardRun.undisturbed();
        Path root = Repository.emptyFolder("lease-suspended");
        Path lease = root.resolve("photos/lease.json");
        String[] call = call(undisturbed, root);
        try (Submit suspended = Submit.start(call)) {
            suspended.awaitWhileRunning("a run.json", () -> Files.exists(root.resolve("photos/run.json")));
            suspended.signal("STOP");
            // as if it had been suspended for longer
            Files.setLastModifiedTime(lease, FileTime.from(Instant.now().minusSeconds(2 * LEASE_SECONDS)));
            Submit.Outcome next = Submit.run(call);
            assertThat(next.exit()).as(next.errors()).isZero();
            assertThat(next.errors()).contains("takes over from");

            suspended.signal("CONT");
            Submit.Outcome woken = suspended.await();
            assertThat(woken.exit()).as(woken.errors()).isEqualTo(1);
            assertThat(woken.errors()).contains("has lost its lease");
        }
        output(root)
                .requireSameAs(
                        undisturbed, undisturbed.data().toString(), Repository.emptyFolder("lease-suspended-copy"));
    }

    @Test
    void aRunThatIsToldToStopGivesItsLeaseBack() throws Exception {
        ShardRun undisturbed = ShardRun.undisturbed();
        Path root = Repository.emptyFolder("lease-stopped");
        Path lease = root.resolve("photos/lease.json");
        try (Submit run = Submit.start(call(undisturbed, root))) {
            run.awaitWhileRunning(
                    "a lease", () -> Files.exists(lease) && Files.exists(root.resolve("photos/run.json")));
            run.signal("TERM");
            assertThat(run.await().exit()).isEqualTo(SIGTERM);
        }
        assertThat(lease).doesNotExist();
        assertThat(root.resolve("photos/manifest.json")).doesNotExist();
    }

    private static String[] call(ShardRun data, Path root) throws Exception {
        return new String[] {
            "pipeline",
            "--conf",
            data.configuration().toString(),
            "--set",
            "root=" + root,
            "--set",
            "stages.photos.execution.lease-seconds=" + LEASE_SECONDS,
            "--master",
            "local[2]"
        };
    }

    private static ShardOutput output(Path root) throws Exception {
        return new ShardOutput(
                FileSystem.getLocal(new Configuration()), root.toUri().toString());
    }
}
