package org.ballast.spark.session;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/** Spark actions of one driver that do not wait for one another, so that one job's last tasks and its driver's work leave no slot empty. */
public final class SideBySide {
    private SideBySide() {}

    /**
     * Does something with each of some things, all at once; the jobs have this thread's description.
     *
     * @throws RuntimeException the fault of the first of them that failed ({@link Faults}), once all have ended
     */
    public static <T> void run(Collection<T> things, Consumer<T> action) {
        if (things.isEmpty()) {
            return;
        }
        ExecutorService threads = Executors.newFixedThreadPool(things.size());
        try {
            List<Future<?>> under = new ArrayList<>();
            things.forEach(thing -> under.add(threads.submit(() -> action.accept(thing))));
            ExecutionException first = null;
            for (Future<?> one : under) {
                try {
                    one.get();
                } catch (ExecutionException e) {
                    first = first == null ? e : first;
                }
            }
            if (first != null) {
                throw Faults.of(first);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while jobs run side by side", e);
        } finally {
            threads.shutdownNow();
        }
    }
}
