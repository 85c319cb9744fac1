package org.ballast.spark.train;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.ballast.core.data.ItemRandom;

/**
 * Which example meets which worker when: a function of its arguments alone, whatever the cluster.
 *
 * <p>The examples 0 .. examples - 1 are shuffled anew for each epoch, and the epochs put in a row. Step s takes the
 * next
 * {@code workers * batchSizePerWorker} of that row, worker w the w-th part of them. So a batch may reach over the end
 * of an epoch; only the last step of the run may be short.
 */
public final class RoundPlan {
    private final long seed;
    private final int examples;
    private final int workers;
    private final int batchSizePerWorker;
    private final AveragingSchedule averaging;
    private final long totalExamples;
    private final List<Round> rounds;
    private long shuffledEpoch = -1;
    private int[] shuffled;

    private RoundPlan(
            long seed,
            long examples,
            int workers,
            int batchSizePerWorker,
            AveragingSchedule averaging,
            long totalExamples) {
        if (examples < 1 || examples > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("need 1 to " + (Integer.MAX_VALUE - 8) + " examples, got " + examples);
        }
        if (workers < 1 || batchSizePerWorker < 1 || totalExamples < 1) {
            throw new IllegalArgumentException("need at least one worker, one example a batch and one step: " + workers
                    + ", " + batchSizePerWorker + ", " + totalExamples + " examples in all");
        }
        this.seed = seed;
        this.examples = (int) examples;
        this.workers = workers;
        this.batchSizePerWorker = batchSizePerWorker;
        this.averaging = averaging;
        this.totalExamples = totalExamples;
        List<Round> list = new ArrayList<>();
        for (long step = 0; step < totalSteps(); ) {
            int steps = (int) Math.min(averaging.stepsFrom(step), totalSteps() - step);
            list.add(new Round(list.size(), step, steps));
            step += steps;
        }
        this.rounds = List.copyOf(list);
    }

    /** A run of so many optimizer steps a worker. */
    public static RoundPlan ofSteps(
            long seed,
            long examples,
            int workers,
            int batchSizePerWorker,
            AveragingSchedule averaging,
            long totalSteps) {
        long total = Math.multiplyExact(totalSteps, (long) workers * batchSizePerWorker);
        return new RoundPlan(seed, examples, workers, batchSizePerWorker, averaging, total);
    }

    /** A run in which each example is seen {@code epochs} times. */
    public static RoundPlan ofEpochs(
            long seed, long examples, int workers, int batchSizePerWorker, AveragingSchedule averaging, int epochs) {
        long total = Math.multiplyExact(examples, (long) epochs);
        return new RoundPlan(seed, examples, workers, batchSizePerWorker, averaging, total);
    }

    public long seed() {
        return seed;
    }

    public long examples() {
        return examples;
    }

    public int workers() {
        return workers;
    }

    public int batchSizePerWorker() {
        return batchSizePerWorker;
    }

    /** Optimizer steps of the longest-running worker: what a learning-rate schedule counts by. */
    public long totalSteps() {
        long global = (long) workers * batchSizePerWorker;
        return (totalExamples + global - 1) / global;
    }

    /** Examples that all workers see together. */
    public long totalExamples() {
        return totalExamples;
    }

    public List<Round> rounds() {
        return rounds;
    }

    /** The batches of each worker in a round, worker by worker. */
    public List<WorkerPlan> assign(Round round) {
        List<WorkerPlan> plans = new ArrayList<>(workers);
        for (int worker = 0; worker < workers; worker++) {
            plans.add(new WorkerPlan(round, worker, new ArrayList<>(round.steps())));
        }
        long global = (long) workers * batchSizePerWorker;
        for (long step = round.firstStep(); step < round.firstStep() + round.steps(); step++) {
            for (int worker = 0; worker < workers; worker++) {
                long from = step * global + (long) worker * batchSizePerWorker;
                long until = Math.min(from + batchSizePerWorker, totalExamples);
                if (from < until) {
                    plans.get(worker).batches().add(indexes(from, until));
                }
            }
        }
        return plans;
    }

    private long[] indexes(long from, long until) {
        long[] result = new long[(int) (until - from)];
        for (long position = from; position < until; position++) {
            result[(int) (position - from)] = permutation(position / examples)[(int) (position % examples)];
        }
        return result;
    }

    private synchronized int[] permutation(long epoch) {
        if (epoch != shuffledEpoch) {
            int[] order = new int[examples];
            RandomGenerator random = ItemRandom.of(seed, "shuffle", Long.toString(epoch), 0);
            for (int i = 0; i < examples; i++) {
                int j = random.nextInt(i + 1);
                order[i] = order[j];
                order[j] = i;
            }
            shuffled = order;
            shuffledEpoch = epoch;
        }
        return shuffled;
    }

    /** Everything that decides the assignment. */
    @Override
    public String toString() {
        return "RoundPlan[seed=" + seed + ", examples=" + examples + ", workers=" + workers + ", batchSizePerWorker="
                + batchSizePerWorker + ", averaging=" + averaging + ", totalExamples=" + totalExamples + "]";
    }
}
