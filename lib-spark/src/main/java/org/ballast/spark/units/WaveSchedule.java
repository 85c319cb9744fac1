package org.ballast.spark.units;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Waves;
import org.ballast.spark.session.Faults;

/**
 * Which units form a wave, and when it is written: in order, {@link UnitOptions#wavesAtOnce()} under way together. What a wave holds is noted before
 * it begins, and a continued run keeps to the notes; later waves are as long as the rate so far makes {@link UnitOptions#waveSeconds()}. The
 * waves that begin together at the start differ in size, so that they do not end together and leave the executors nothing to do.
 */
final class WaveSchedule {
    /** A wave has at most so many times the units of the one before it. */
    private static final int GROWTH = 4;

    private static final int MOST_UNITS = 1_000_000;
    private static final long SECONDS_TO_STOP = 60;

    private final SparkSession spark;
    private final StageFolder stage;
    private final Waves waves;
    private final UnitOptions options;
    private int unitsDone;
    private double secondsOfThem;

    WaveSchedule(SparkSession spark, StageFolder stage, Waves waves, UnitOptions options) {
        this.spark = spark;
        this.stage = stage;
        this.waves = waves;
        this.options = options;
    }

    /** A wave under way. */
    private record Begun(Waves.Range range, long nanos, Future<Boolean> written) {}

    /**
     * Writes what is not written yet of units {@code 0 .. units - 1}.
     *
     * @param rows of a wave
     * @param done told of each wave that is finished, in order
     */
    void run(int units, Function<Waves.Range, Dataset<Row>> rows, Consumer<Waves.Range> done) {
        SparkContext context = spark.sparkContext();
        String group = "waves of " + stage.stage() + " " + System.identityHashCode(this);
        ExecutorService threads = Executors.newFixedThreadPool(options.wavesAtOnce());
        Deque<Begun> begun = new ArrayDeque<>();
        try {
            int next = 0;
            int last = 0;
            for (int wave = 0; next < units || !begun.isEmpty(); ) {
                if (next < units && begun.size() < options.wavesAtOnce()) {
                    int first = next;
                    int size = Math.min(units - first, size(wave, last));
                    Waves.Range range = waves.range(wave, new Waves.Range(first, first + size));
                    int number = wave++;
                    begun.add(new Begun(range, System.nanoTime(), threads.submit(() -> {
                        context.setJobGroup(
                                group, "wave " + number + ": units " + range.first() + " to " + range.end(), true);
                        return waves.write(number, () -> rows.apply(range));
                    })));
                    next = range.end();
                    last = range.end() - range.first();
                } else {
                    done.accept(finish(begun.remove()));
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("stage " + stage.stage() + " was interrupted", e);
        } finally {
            if (!begun.isEmpty()) {
                context.cancelJobGroup(group);
            }
            stop(threads);
        }
    }

    /** Waits for a wave; a wave that had been written by an earlier run tells nothing of the rate. */
    private Waves.Range finish(Begun wave) throws InterruptedException {
        try {
            if (wave.written.get()) {
                // while two are under way, each is given half of the time
                unitsDone += wave.range.end() - wave.range.first();
                secondsOfThem += (System.nanoTime() - wave.nanos) / 1e9 / options.wavesAtOnce();
            }
            return wave.range;
        } catch (ExecutionException e) {
            throw Faults.of(e);
        }
    }

    /** @param last units of the wave before, 0 for the first */
    private int size(int wave, int last) {
        int least = options.waveUnits();
        if (wave < options.wavesAtOnce()) {
            return Math.max(1, (int) ((long) least * (wave + 1) / options.wavesAtOnce()));
        }
        if (options.waveSeconds() == 0 || unitsDone == 0) {
            return least;
        }
        double wanted = unitsDone / secondsOfThem * options.waveSeconds();
        return (int) Math.max(least, Math.min(Math.min(wanted, (double) GROWTH * last), MOST_UNITS));
    }

    private static void stop(ExecutorService threads) {
        threads.shutdownNow();
        try {
            if (!threads.awaitTermination(SECONDS_TO_STOP, TimeUnit.SECONDS)) {
                throw new IllegalStateException("waves go on " + SECONDS_TO_STOP + " s after they were cancelled");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
