package org.ballast.spark.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StageLeaseTest {
    /** Long enough that no heart beats by itself during a test. */
    private static final Duration LONG = Duration.ofHours(10);

    @TempDir
    Path root;

    private final List<StageLease> taken = new ArrayList<>();
    private Path file;

    @BeforeEach
    void place() {
        file = root.resolve("neg/lease.json");
    }

    @AfterEach
    void giveBack() {
        taken.forEach(StageLease::close);
    }

    /** A disk behind a scheme of which nothing is known. */
    public static final class UnknownStore extends RawLocalFileSystem {
        @Override
        public URI getUri() {
            return URI.create("unknown:///");
        }

        @Override
        public String getScheme() {
            return "unknown";
        }
    }

    private static Configuration hadoop() {
        Configuration hadoop = new Configuration();
        hadoop.setClass("fs.unknown.impl", UnknownStore.class, RawLocalFileSystem.class);
        return hadoop;
    }

    private StageFolder folder() {
        return StageFolder.of(hadoop(), root.toUri().toString(), "neg");
    }

    private StageLease take(String runId, Duration length) {
        return take(folder(), runId, length);
    }

    private StageLease take(StageFolder folder, String runId, Duration length) {
        StageLease lease = StageLease.acquire(folder, runId, length, () -> {});
        synchronized (taken) {
            taken.add(lease);
        }
        return lease;
    }

    private static RunHeader header(String configuration) {
        return RunHeader.now("neg", "negatives", configuration, Map.of());
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(root.resolve("neg"))) {
            return files.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    /** As if the holder had not been heard of for this long. */
    private static void age(Path lease, Duration age) throws IOException {
        Files.setLastModifiedTime(lease, FileTime.from(Instant.now().minus(age)));
    }

    private static LeaseRecord heldElsewhere(String runId, int seconds) {
        ProcessMark elsewhere = new ProcessMark("far-away", 4711, "another boot", 1);
        return new LeaseRecord(
                runId, elsewhere, "2001-01-01T00:00:00Z", "2001-01-01T00:00:00Z", "2001-01-01T00:01:00Z", seconds);
    }

    private void write(Path lease, LeaseRecord record) throws IOException {
        Files.createDirectories(lease.getParent());
        Files.writeString(lease, Json.write(record));
    }

    @Test
    void theSecondRunIsToldWhoHoldsTheStage() throws IOException {
        take("first", LONG);
        JsonNode text = Json.read(Files.readString(file), JsonNode.class);
        assertThat(text.path("run_id").asText()).isEqualTo("first");
        assertThat(text.path("process").path("pid").asLong())
                .isEqualTo(ProcessHandle.current().pid());
        Instant since = Instant.parse(text.path("since").asText());
        Instant end = Files.getLastModifiedTime(file).toInstant().plus(LONG).truncatedTo(ChronoUnit.SECONDS);
        assertThat(Instant.parse(text.path("expires").asText())).isEqualTo(since.plus(LONG));
        for (ThrowingTake second :
                List.<ThrowingTake>of(() -> take("second", LONG), () -> StageLease.requireFree(folder(), "second"))) {
            assertThatThrownBy(second::run)
                    .isInstanceOf(StageConflictException.class)
                    .hasMessageContaining(root.resolve("neg").toString())
                    .hasMessageContaining("run first")
                    .hasMessageContaining("process " + ProcessHandle.current().pid() + " on host ")
                    .hasMessageContaining(since.toString())
                    .hasMessageContaining("its lease ends at " + end)
                    .hasMessageContaining("may delete");
        }
        assertThat(names()).containsExactly("lease.json");
    }

    private interface ThrowingTake {
        void run();
    }

    @Test
    void aLeaseThatIsGivenBackLeavesNothing() throws IOException {
        StageLease first = take("first", LONG);
        first.requireHeld();
        first.close();
        assertThat(names()).isEmpty();
        StageLease.requireFree(folder(), "second");
        take("second", LONG).close();
        assertThat(names()).isEmpty();
        assertThatThrownBy(first::requireHeld).hasMessageContaining("has given its lease back");
    }

    @Test
    void ofManyThatBeginAtOnceOneGetsIt() throws Exception {
        for (int round = 0; round < 30; round++) {
            assertThat(race(8, folder())).as("round %d", round).hasSize(1);
            giveBack();
            taken.clear();
        }
    }

    /** After a holder that died, all of them see the same lease that has run out. */
    @Test
    void ofManyThatTakeOverAtOnceOneGetsIt() throws Exception {
        for (int round = 0; round < 30; round++) {
            write(file, heldElsewhere("dead", 60));
            age(file, Duration.ofSeconds(61));
            assertThat(race(8, folder())).as("round %d", round).hasSize(1);
            assertThat(names()).containsExactly("lease-2.json");
            giveBack();
            taken.clear();
        }
    }

    @Test
    void aStoreWithoutAtomicCreationIsReadBack() throws Exception {
        StageFolder folder = StageFolder.of(hadoop(), "unknown://" + root, "neg");
        assertThat(race(6, folder)).hasSizeLessThanOrEqualTo(1);
        giveBack();
        assertThat(names().stream().filter(name -> name.endsWith(".json"))).isEmpty();
        taken.clear();
        take(folder, "alone", LONG).requireHeld();
    }

    private List<StageLease> race(int runs, StageFolder folder) throws Exception {
        CyclicBarrier start = new CyclicBarrier(runs);
        ExecutorService threads = Executors.newFixedThreadPool(runs);
        List<StageLease> won = new ArrayList<>();
        try {
            List<Callable<StageLease>> all = new ArrayList<>();
            for (int i = 0; i < runs; i++) {
                String runId = "run-" + i;
                all.add(() -> {
                    start.await();
                    try {
                        return take(folder, runId, LONG);
                    } catch (StageConflictException e) {
                        return null;
                    }
                });
            }
            for (Future<StageLease> future : threads.invokeAll(all)) {
                if (future.get() != null) {
                    won.add(future.get());
                }
            }
        } finally {
            threads.shutdownNow();
        }
        return won;
    }

    @Test
    void aLeaseThatRanOutIsTakenOverAndItsHolderFindsOut() throws IOException {
        StageLease suspended = take("suspended", LONG);
        age(file, LONG.plusSeconds(2));
        StageLease next = take("next", LONG);
        assertThat(names()).containsExactly("lease-2.json");
        next.requireHeld();
        assertThatThrownBy(suspended::requireHeld)
                .isInstanceOf(StageConflictException.class)
                .hasMessageContaining("has lost its lease")
                .hasMessageContaining("run next (process");
        assertThat(suspended.lost()).isPresent();
        suspended.close();
        next.requireHeld();
        assertThatThrownBy(() -> take("third", LONG)).hasMessageContaining("run next");
    }

    @Test
    void aHolderThatIsLateButAloneGoesOn() throws IOException {
        StageLease late = take("late", LONG);
        age(file, LONG.plusSeconds(2));
        late.requireHeld();
        assertThatThrownBy(() -> take("second", LONG)).hasMessageContaining("run late");
    }

    @Test
    void clocksOfOtherMachinesDoNotMatter() throws IOException {
        write(file, heldElsewhere("slow clock", 60));
        assertThatThrownBy(() -> take("second", LONG))
                .hasMessageContaining("run slow clock (process 4711 on host far-away, since 2001-01-01T00:00:00Z)");
        age(file, Duration.ofSeconds(50));
        assertThatThrownBy(() -> take("second", LONG)).hasMessageContaining("last heard of 50 s ago");
        age(file, Duration.ofSeconds(61));
        take("second", LONG).requireHeld();
    }

    @Test
    void aProcessOfThisMachineThatIsGoneHoldsNothing() throws IOException, InterruptedException {
        Process sleep = new ProcessBuilder("sleep", "600").start();
        ProcessMark mark = ProcessMark.of(sleep.pid());
        LeaseRecord held = LeaseRecord.begun("killed", 3_600);
        try {
            write(file, new LeaseRecord("killed", mark, held.since(), held.heartbeat(), held.expires(), 3_600));
            assertThatThrownBy(() -> take("second", LONG)).hasMessageContaining("run killed");
        } finally {
            sleep.destroyForcibly().waitFor();
        }
        take("second", LONG).requireHeld();
    }

    @Test
    void aFileThatIsStillBeingWrittenIsALease() throws IOException {
        Files.createDirectories(file.getParent());
        Files.createFile(file);
        assertThatThrownBy(() -> take("second", Duration.ofSeconds(60)))
                .isInstanceOf(StageConflictException.class)
                .hasMessageContaining("a run that has not named itself yet");
        age(file, Duration.ofSeconds(61));
        take("second", Duration.ofSeconds(60)).requireHeld();
    }

    @Test
    void anotherFileOfThatNameIsLeftAlone() throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, "the flat in Rose Lane");
        age(file, LONG.plusSeconds(2));
        assertThatThrownBy(() -> take("second", LONG))
                .isInstanceOf(StageConflictException.class)
                .hasMessageContaining("is not a lease of ours");
        assertThat(file).hasContent("the flat in Rose Lane");
    }

    @Test
    void aFolderThatHoldsSomethingElseIsNotTouched() throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(root.resolve("neg/thesis.txt"), "words");
        assertThatThrownBy(() -> take("first", LONG))
                .isInstanceOf(StageConflictException.class)
                .hasMessageContaining("thesis.txt");
        assertThat(names()).containsExactly("thesis.txt");
    }

    @Test
    void theHeartBeats() throws IOException, InterruptedException {
        take("first", Duration.ofSeconds(1));
        age(file, Duration.ofSeconds(30));
        FileTime before = Files.getLastModifiedTime(file);
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (Files.getLastModifiedTime(file).equals(before)) {
            assertThat(System.nanoTime()).as("no heartbeat within a minute").isLessThan(end);
            Thread.sleep(10);
        }
        assertThatThrownBy(() -> take("second", LONG)).hasMessageContaining("run first");
    }

    @Test
    void aHeartThatFindsAnotherRunStopsTheWork() throws Exception {
        CountDownLatch stopped = new CountDownLatch(1);
        StageFolder first = folder();
        try (StageLease lease = StageLease.acquire(first, "first", Duration.ofSeconds(1), stopped::countDown)) {
            first.write("metrics.json", "of the first");
            write(root.resolve("neg/lease-2.json"), heldElsewhere("second", 60));
            assertThat(stopped.await(60, TimeUnit.SECONDS)).isTrue();
            for (ThrowingTake late : List.<ThrowingTake>of(
                    () -> first.write("metrics.json", "too late"), () -> first.clear("samples"), first::requireMine)) {
                assertThatThrownBy(late::run)
                        .isInstanceOf(StageConflictException.class)
                        .hasMessageContaining("has lost its lease");
            }
            assertThat(root.resolve("neg/metrics.json")).hasContent("of the first");
            assertThat(lease.lost())
                    .hasValueSatisfying(reason -> assertThat(reason).contains("run second"));
        }
        assertThat(root.resolve("neg/lease-2.json")).exists();
    }

    @Test
    void theStageIsPreparedAroundTheLease() throws IOException {
        StageFolder first = folder();
        StageLease lease = take(first, "first", LONG);
        assertThat(first.open(header("c1"), false)).isEqualTo(StageFolder.State.START);
        assertThat(first.open(header("c2"), true)).isEqualTo(StageFolder.State.START);
        assertThat(names()).contains("lease.json", "run.json");
        lease.requireHeld();
        lease.close();
        assertThat(names()).doesNotContain("lease.json").contains("run.json");
    }

    @Test
    void whatADeadRunWroteForAMomentGoes() throws IOException {
        write(file, heldElsewhere("dead", 60));
        age(file, Duration.ofSeconds(61));
        age(Files.createFile(root.resolve("neg/.lease-dead")), Duration.ofSeconds(61));
        Files.createFile(root.resolve("neg/.lease-alive"));
        take("next", Duration.ofSeconds(60));
        assertThat(names()).containsExactly(".lease-alive", "lease-2.json");
    }
}
