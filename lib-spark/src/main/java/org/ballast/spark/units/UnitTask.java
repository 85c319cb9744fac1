package org.ballast.spark.units;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.util.LongAccumulator;
import org.apache.spark.util.TaskCompletionListener;
import org.ballast.core.data.Quarantined;
import org.ballast.spark.rows.QuarantinedRows;
import org.ballast.spark.session.Faults;

/**
 * Gathers the rows of a unit, applies the function, and goes on to the next when its rows are asked for. With several units at once the next ones
 * are under way meanwhile; what comes of them is given out in their order all the same.
 *
 * @param columns of the table that the function writes
 * @param unitsAtOnce 1: in the task's own thread
 */
record UnitTask(UnitFunction function, int columns, int unitsAtOnce, LongAccumulator rejected)
        implements FlatMapFunction<Iterator<Row>, Row> {
    private static final long SECONDS_TO_STOP = 60;

    /** What came of a unit. */
    private record Made(List<Row> rows, long rejected) {}

    @Override
    public Iterator<Row> call(Iterator<Row> sorted) {
        return new Units(sorted);
    }

    private final class Units implements Iterator<Row> {
        private final Iterator<Row> sorted;
        private final Deque<Future<Made>> underWay = new ArrayDeque<>();
        private ExecutorService threads;
        private Row ahead;
        private Iterator<Row> made = List.<Row>of().iterator();

        Units(Iterator<Row> sorted) {
            this.sorted = sorted;
            ahead = sorted.hasNext() ? sorted.next() : null;
            if (unitsAtOnce > 1 && ahead != null) {
                threads = Executors.newFixedThreadPool(unitsAtOnce);
                TaskContext.get().addTaskCompletionListener((TaskCompletionListener) context -> stop());
            }
        }

        @Override
        public boolean hasNext() {
            while (!made.hasNext() && (ahead != null || !underWay.isEmpty())) {
                while (ahead != null && underWay.size() < unitsAtOnce) {
                    underWay.add(begin());
                }
                Made unit = take(underWay.remove());
                rejected.add(unit.rejected);
                made = unit.rows.iterator();
            }
            return made.hasNext();
        }

        @Override
        public Row next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            return made.next();
        }

        private Future<Made> begin() {
            int unit = unit(ahead);
            List<Row> rows = new ArrayList<>();
            while (ahead != null && unit(ahead) == unit) {
                rows.add(ahead);
                ahead = sorted.hasNext() ? sorted.next() : null;
            }
            return threads == null
                    ? CompletableFuture.completedFuture(work(unit, rows))
                    : threads.submit(() -> work(unit, rows));
        }

        private static int unit(Row row) {
            return row.getAs(UnitRows.UNIT);
        }

        private static Made take(Future<Made> unit) {
            try {
                return unit.get();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("the task was cancelled", e);
            } catch (ExecutionException e) {
                throw Faults.of(e);
            }
        }

        private void stop() {
            threads.shutdownNow();
            try {
                if (!threads.awaitTermination(SECONDS_TO_STOP, TimeUnit.SECONDS)) {
                    throw new IllegalStateException("units go on " + SECONDS_TO_STOP + " s after their task ended");
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private Made work(int unit, List<Row> rows) {
        Gathered out = new Gathered(unit);
        try {
            function.apply(rows, out);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("unit " + unit + ": " + e.getMessage(), e);
        }
        return new Made(out.made, out.rejects);
    }

    /** Rows of the wave's table. */
    private final class Gathered implements UnitFunction.Output {
        private final int unit;
        private final List<Row> made = new ArrayList<>();
        private long rejects;

        Gathered(int unit) {
            this.unit = unit;
        }

        @Override
        public void accept(Row row) {
            if (row.size() != columns) {
                throw new IllegalStateException("a row of " + row.size() + " columns for a table of " + columns);
            }
            add(row, null, null);
        }

        @Override
        public void reject(Quarantined quarantined) {
            rejects++;
            add(null, QuarantinedRows.toRow(quarantined), null);
        }

        @Override
        public void note(Row row) {
            add(null, null, row);
        }

        private void add(Row row, Row quarantined, Row note) {
            made.add(RowFactory.create(unit, made.size(), row, quarantined, note));
        }
    }
}
