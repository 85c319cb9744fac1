package org.ballast.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** SIGKILL of drivers and of executors at random moments: the rows are those of an undisturbed run, and nothing else is left. */
final class ShardKillIT {
    private static final int SIGKILL = 128 + 9;
    /** Kills before a run may end. */
    private static final int KILLS_A_RUN = 3;

    @Test
    void killedDrivers() throws Exception {
        killDrivers("killed-drivers", 1, 1);
    }

    @Test
    void killedExecutors() throws Exception {
        killExecutors("killed-executors", 1, 2);
    }

    @Tag("long")
    @Test
    void manyKilledDrivers() throws Exception {
        killDrivers("many-killed-drivers", 9, 2);
    }

    @Tag("long")
    @Test
    void manyKilledExecutors() throws Exception {
        killExecutors("many-killed-executors", 8, 3);
    }

    /** Runs that are each killed {@value #KILLS_A_RUN} times and then left alone. */
    private static void killDrivers(String name, int runs, long seed) throws Exception {
        ShardRun undisturbed = ShardRun.undisturbed();
        SplittableRandom random = new SplittableRandom(seed);
        for (int run = 0; run < runs; run++) {
            Path root = Repository.emptyFolder(name + "-" + run);
            ShardOutput output = output(root);
            String[] call = call(undisturbed, root, "local[2]");
            for (int kill = 0; kill < KILLS_A_RUN; kill++) {
                try (Submit submit = Submit.start(call)) {
                    submit.awaitWhileRunning("a lease", () -> holdsLease(root, submit.pid()));
                    Thread.sleep(random.nextLong(undisturbed.millis()));
                    Submit.Outcome killed = submit.kill();
                    assertThat(killed.exit()).as(killed.errors()).isIn(SIGKILL, 0);
                    if (killed.exit() == 0) {
                        break;
                    }
                }
                output.requireWholeFiles();
            }
            Submit.Outcome last = Submit.run(call);
            assertThat(last.exit()).as("run %d: %s", run, last.errors()).isZero();
            requireAsUndisturbed(output, undisturbed, name);
        }
    }

    private static void killExecutors(String name, int runs, int kills) throws Exception {
        ShardRun undisturbed = ShardRun.undisturbed();
        SplittableRandom random = new SplittableRandom(kills);
        try (Cluster cluster = new Cluster(Repository.emptyFolder(name + "-processes"), 2)) {
            for (int run = 0; run < runs; run++) {
                Path root = Repository.emptyFolder(name + "-" + run);
                String[] call = call(
                        undisturbed,
                        root,
                        cluster.url(),
                        "--",
                        "--executor-memory",
                        "700m",
                        "--conf",
                        "spark.task.maxFailures=20");
                int killed = 0;
                try (Submit submit = Submit.start(call)) {
                    submit.awaitWhileRunning("a lease", () -> holdsLease(root, submit.pid()));
                    while (killed < kills && submit.isRunning()) {
                        Thread.sleep(random.nextLong(200, 200 + undisturbed.millis() / kills));
                        List<ProcessHandle> executors = cluster.executors();
                        if (!executors.isEmpty() && submit.isRunning()) {
                            executors.get(random.nextInt(executors.size())).destroyForcibly();
                            killed++;
                        }
                    }
                    Submit.Outcome outcome = submit.await();
                    assertThat(outcome.exit())
                            .as("run %d: %s", run, outcome.errors())
                            .isZero();
                }
                assertThat(killed).as("executors killed in run %d", run).isPositive();
                requireAsUndisturbed(output(root), undisturbed, name);
            }
        }
    }

    private static void requireAsUndisturbed(ShardOutput output, ShardRun undisturbed, String name) throws Exception {
        output.requireWholeFiles();
        output.requireNothingLeft();
        output.requireSameAs(undisturbed, undisturbed.data().toString(), Repository.emptyFolder(name + "-copy"));
    }

    private static String[] call(ShardRun run, Path root, String master, String... more) {
        List<String> call = new ArrayList<>(List.of(
                "pipeline", "--conf", run.configuration().toString(), "--set", "root=" + root, "--master", master));
        call.addAll(Arrays.asList(more));
        return call.toArray(String[]::new);
    }

    private static boolean holdsLease(Path root, long pid) {
        try (Stream<Path> files = Files.walk(root, 2)) {
            return files.filter(file -> file.getFileName().toString().startsWith("lease"))
                    .anyMatch(lease -> read(lease).contains("\"pid\" : " + pid));
        } catch (IOException | UncheckedIOException e) {
            return false;
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return "";
        }
    }

    private static ShardOutput output(Path root) throws IOException {
        return new ShardOutput(
                FileSystem.getLocal(new Configuration()), root.toUri().toString());
    }
}
