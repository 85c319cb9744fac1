package org.ballast.spark.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.util.ShutdownHookManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The right of one run to write to a stage's folder, while it renews it: {@code lease.json} in the folder, renewed by a
 * daemon thread every third of its length and deleted at the end.
 *
 * <p>A lease that was not renewed for its length is taken over, at once when its holder is a process of this machine that
 * is gone. Its age is the difference of two modification times of the same file system, so the clocks of the machines do
 * not matter. Who takes over makes the lease file with the next number; who finds a higher number than its own has lost.
 * Both sides write first and look then, so that at least one of two sees the other.
 *
 * <p>On disks and HDFS of two runs that begin at once exactly one goes on. On other file systems, S3A among them,
 * creation is not atomic: a run writes its lease, waits {@value #READ_BACK_MILLIS} ms and reads it back. Two may then go on
 * together when the write of one takes longer than that; the one whose file was replaced finds out at its next renewal
 * and, at the latest, before it commits.
 */
public final class StageLease implements AutoCloseable {
    /** Wait before the read-back where creation is not atomic, milliseconds. */
    static final long READ_BACK_MILLIS = 2_000;

    private static final Logger LOG = LoggerFactory.getLogger(StageLease.class);
    private static final int TRIES = 5;
    /** Behind Spark's own hook (FileSystem's + 30), which ends the work; before that of the file systems. */
    private static final int HOOK_PRIORITY = FileSystem.SHUTDOWN_HOOK_PRIORITY + 5;

    private enum State {
        HELD,
        LOST,
        RELEASED
    }

    private final StageFolder folder;
    private final LeaseFiles files;
    private final int number;
    private final Duration length;
    private final Runnable onLost;
    private final ScheduledExecutorService heart;
    private final Runnable hook = this::close;
    private LeaseRecord record;
    /** When it was surely held last, by both clocks: the one stands still with the machine, the other may be set. */
    private volatile long heldNanos = System.nanoTime();

    private volatile long heldMillis = System.currentTimeMillis();
    private volatile State state = State.HELD;
    private String lostTo;

    private StageLease(
            StageFolder folder, LeaseFiles files, int number, LeaseRecord record, Duration length, Runnable onLost) {
        this.folder = folder;
        this.files = files;
        this.number = number;
        this.record = record;
        this.length = length;
        this.onLost = onLost;
        this.heart = Executors.newSingleThreadScheduledExecutor(work -> {
            Thread thread = new Thread(work, "lease-" + folder.stage());
            thread.setDaemon(true);
            return thread;
        });
        long period = Math.max(1, length.toMillis() / 3);
        var unused = heart.scheduleWithFixedDelay(this::beat, period, period, TimeUnit.MILLISECONDS);
        ShutdownHookManager.get().addShutdownHook(hook, HOOK_PRIORITY);
    }

    /**
     * Fails when another run holds the folder; writes nothing but a moment's file to read the clock.
     *
     * @throws StageConflictException naming the holder
     */
    public static void requireFree(StageFolder folder, String runId) {
        LeaseFiles files = folder.leaseFiles(runId);
        try {
            int latest = files.latest();
            Optional<LeaseFiles.Found> found = latest == 0 ? Optional.empty() : files.read(latest);
            if (found.isPresent()) {
                requireOver(folder, files, latest, found.get(), Duration.ZERO);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the lease of " + folder, e);
        }
    }

    /**
     * Takes the lease of a folder, which is made when it is not there.
     *
     * @param runId unique name of this attempt
     * @param length how long the lease is good for after each renewal, at least a second
     * @param onLost called once, by the thread that renews, when another run has taken over
     * @throws StageConflictException naming the holder when another run has it, and for a folder that holds something else
     */
    public static StageLease acquire(StageFolder folder, String runId, Duration length, Runnable onLost) {
        folder.requireOurs();
        LeaseFiles files = folder.leaseFiles(runId);
        try {
            for (int i = 0; i < TRIES; i++) {
                Optional<StageLease> lease = attempt(folder, files, runId, length, onLost);
                if (lease.isPresent()) {
                    return lease.get();
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot take the lease of " + folder, e);
        }
        throw new StageConflictException(
                "%s: several runs begin at once, and none of them got it: start one again".formatted(folder));
    }

    /** Empty when somebody else was quicker or ended meanwhile: what there is now must be looked at anew. */
    private static Optional<StageLease> attempt(
            StageFolder folder, LeaseFiles files, String runId, Duration length, Runnable onLost) throws IOException {
        int latest = files.latest();
        Optional<LeaseFiles.Found> before = latest == 0 ? Optional.empty() : files.read(latest);
        if (latest > 0 && before.isEmpty()) {
            return Optional.empty();
        }
        if (before.isPresent()) {
            requireOver(folder, files, latest, before.get(), length);
        }
        int number = latest + 1;
        LeaseRecord record = LeaseRecord.begun(runId, Math.toIntExact(length.toSeconds()));
        if (!files.create(number, record)) {
            return Optional.empty();
        }
        if (!files.createsAtomically()) {
            LeaseFiles.pause(READ_BACK_MILLIS);
            if (!holds(files, number, runId)) {
                return Optional.empty();
            }
        }
        // a holder that was thought dead may have renewed, another run may have begun behind one that ended
        if (files.latest() > number || latest > 0 && !files.read(latest).equals(before)) {
            files.delete(number);
            return Optional.empty();
        }
        before.ifPresent(found -> LOG.warn(
                "{}: takes over from {}, which did not end in order",
                folder.stage(),
                found.record().map(LeaseRecord::holder).orElse("a run without a name")));
        files.deleteBelow(number, length.toMillis());
        StageLease lease = new StageLease(folder, files, number, record, length, onLost);
        folder.holdBy(lease);
        return Optional.of(lease);
    }

    /**
     * Makes sure that this run may still write, for the moment before a commit.
     *
     * @throws StageConflictException when another run has taken over
     */
    public synchronized void requireHeld() {
        try {
            renew();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the lease of " + folder, e);
        }
        if (state != State.HELD) {
            throw new StageConflictException(
                    state == State.LOST ? lostTo : folder + ": this run is ending, it has given its lease back");
        }
    }

    /**
     * {@link #requireHeld} for each step of the work: looks at the file only where the last look is longer ago than the
     * lease is good for, as after a suspension.
     *
     * @throws StageConflictException when another run has taken over
     */
    void requireCurrent() {
        boolean recent = System.nanoTime() - heldNanos < length.toNanos()
                && Math.abs(System.currentTimeMillis() - heldMillis) < length.toMillis();
        if (state != State.HELD || !recent) {
            requireHeld();
        }
    }

    /** Why the lease was lost, after a look; empty while it is not, or where that cannot be seen. */
    public synchronized Optional<String> lost() {
        try {
            renew();
        } catch (IOException e) {
            LOG.warn("{}: the lease cannot be read: {}", folder.stage(), e.toString());
        }
        return Optional.ofNullable(lostTo);
    }

    /** Gives the lease back. */
    @Override
    public void close() {
        heart.shutdown();
        synchronized (this) {
            if (state == State.HELD) {
                try {
                    if (holds(files, number, record.runId())) {
                        files.delete(number);
                    }
                } catch (IOException e) {
                    LOG.warn("{}: the lease {} was not given back", folder.stage(), files.path(number), e);
                }
                state = State.RELEASED;
            }
        }
        if (!ShutdownHookManager.get().isShutdownInProgress()) {
            ShutdownHookManager.get().removeShutdownHook(hook);
        }
    }

    private void beat() {
        boolean lostNow;
        synchronized (this) {
            State before = state;
            try {
                renew();
            } catch (IOException e) {
                LOG.warn("{}: the lease could not be renewed: {}", folder.stage(), e.toString());
            }
            lostNow = before == State.HELD && state == State.LOST;
        }
        if (lostNow) {
            LOG.error("{}", lostTo);
            onLost.run();
        }
    }

    private void renew() throws IOException {
        if (state != State.HELD) {
            return;
        }
        long begun = System.nanoTime();
        long begunMillis = System.currentTimeMillis();
        boolean held = holds(files, number, record.runId());
        if (held) {
            record = record.renewed();
            files.replace(number, record);
            // suspended in between, it may have written over the lease of another run
            held = files.latest() == number && System.nanoTime() - begun < length.toNanos();
        }
        if (held) {
            heldNanos = begun;
            heldMillis = begunMillis;
        } else {
            state = State.LOST;
            heart.shutdown();
            lostTo = lostMessage();
        }
    }

    private String lostMessage() {
        String by = successor()
                .flatMap(LeaseFiles.Found::record)
                .filter(other -> !other.runId().equals(record.runId()))
                .map(other -> other.holder() + " took it over")
                .orElse("another run took it over and has ended, or its file was deleted");
        return "%s: this run (%s) has lost its lease: %s. It was not heard of for more than %d s: suspended, or cut off from the file system. It commits nothing; start it again when the other has ended."
                .formatted(folder, record.runId(), by, length.toSeconds());
    }

    private Optional<LeaseFiles.Found> successor() {
        try {
            int latest = files.latest();
            return latest == 0 ? Optional.empty() : files.read(latest);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static boolean holds(LeaseFiles files, int number, String runId) throws IOException {
        return files.read(number)
                .flatMap(LeaseFiles.Found::record)
                .filter(found -> found.runId().equals(runId))
                .isPresent();
    }

    /** @param own length that stands for that of a lease without a record */
    private static void requireOver(
            StageFolder folder, LeaseFiles files, int number, LeaseFiles.Found found, Duration own) throws IOException {
        Optional<LeaseRecord> record = found.record();
        if (record.isPresent() && record.get().process().isGone()) {
            return;
        }
        long millis = record.map(known -> known.leaseSeconds() * 1_000L).orElse(own.toMillis());
        long age = files.now() - found.modified();
        if (age > millis) {
            return;
        }
        String holder = record.map(LeaseRecord::holder).orElse("a run that has not named itself yet");
        throw new StageConflictException(
                "%s is being written by %s: last heard of %d s ago, its lease ends at %s unless it is renewed. Wait for that run, stop it, or name another stage. If it is dead, the next run after that time takes over; whoever is sure of it may delete %s."
                        .formatted(
                                folder,
                                holder,
                                Math.max(0, age / 1_000),
                                Instant.ofEpochMilli(found.modified() + millis).truncatedTo(ChronoUnit.SECONDS),
                                files.path(number)));
    }
}
