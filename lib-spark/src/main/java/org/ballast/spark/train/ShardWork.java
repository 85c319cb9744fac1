package org.ballast.spark.train;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.ballast.core.data.ItemRandom;
import org.ballast.core.mllm.ObjectiveValue;
import org.bytedeco.pytorch.global.torch;

/** Runs a worker's batches of a round on a replica of this JVM. */
record ShardWork<E>(
        ObjectiveFactory<E> factory,
        OptimizerSettings optimizer,
        ExampleId<E> ids,
        BatchTransform<E> transform,
        long seed)
        implements AveragingTrainingMaster.Work<Shard<E>> {

    @Override
    public WorkerResult run(ReplicaState start, Iterator<Shard<E>> partition) {
        Shard<E> shard = partition.next();
        if (shard.plan().batches().isEmpty()) {
            return WorkerResult.idle();
        }
        torch.set_num_threads(1);
        try (var lease = Replicas.CACHE.lease(
                Replicas.key(factory, optimizer), () -> new Replicas<>(factory.open(), optimizer))) {
            @SuppressWarnings("unchecked") // the key names the factory, and with it the example type
            var replicas = (Replicas<E>) lease.value();
            InnerStep<E> replica = replicas.take();
            try {
                WorkerResult result = train(replica, start, shard);
                replicas.giveBack(replica);
                return result;
            } catch (Throwable failure) {
                replica.close();
                throw failure;
            }
        }
    }

    private WorkerResult train(InnerStep<E> replica, ReplicaState start, Shard<E> shard) {
        replica.load(start.theta(), start.updaterState(), start.iteration());
        Round round = shard.plan().round();
        var measured = new WorkerResult.Measured();
        long step = round.firstStep();
        for (long[] indexes : shard.plan().batches()) {
            List<E> batch = batch(shard.source().fetch(indexes), step);
            measured.add(step(replica, batch, round, step), batch.size());
            step++;
        }
        var end = new ReplicaState(
                replica.theta(), replica.updaterState(), start.iteration() + (step - round.firstStep()));
        requireFinite(end.theta(), shard.plan());
        return new WorkerResult(end.pack(), measured);
    }

    private List<E> batch(List<E> examples, long step) {
        List<E> batch = new ArrayList<>(examples.size());
        for (E example : examples) {
            var random = ItemRandom.of(seed, "augment", ids.of(example), Math.toIntExact(step));
            batch.add(transform.apply(example, random));
        }
        return batch;
    }

    private ObjectiveValue step(InnerStep<E> replica, List<E> batch, Round round, long step) {
        ObjectiveValue value;
        try {
            value = replica.step(batch);
        } catch (RuntimeException failure) {
            throw new IllegalStateException(failure.getMessage() + where(round, step, batch), failure);
        }
        if (!Double.isFinite(value.loss())) {
            throw new IllegalStateException("loss is " + value.loss() + where(round, step, batch));
        }
        return value;
    }

    private String where(Round round, long step, List<E> batch) {
        return ", in round " + round.index() + ", step " + step + ", examples "
                + batch.stream().map(ids::of).toList();
    }

    /** The loss of a step is that of before its update, so the last update of a round is looked at here. */
    private static void requireFinite(float[] theta, WorkerPlan plan) {
        for (int i = 0; i < theta.length; i++) {
            if (!Float.isFinite(theta[i])) {
                throw new IllegalStateException("parameter " + i + " is " + theta[i] + " at the end of round "
                        + plan.round().index() + ", worker " + plan.worker());
            }
        }
    }
}
