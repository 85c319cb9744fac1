package org.ballast.spark.train;

import java.util.ArrayDeque;
import java.util.Deque;
import org.ballast.core.mllm.Objective;

/** An open objective with the replicas that tasks of this JVM use in turn: their off-heap arrays live on between rounds. */
final class Replicas<E> implements AutoCloseable {
    /** One objective of a run, and that of the run before for the tests and pipelines that go back and forth. */
    static final ExecutorCache<Replicas<?>> CACHE = new ExecutorCache<>(1);

    private final Objective<E> objective;
    private final OptimizerSettings optimizer;
    private final Deque<InnerStep<E>> idle = new ArrayDeque<>();

    Replicas(Objective<E> objective, OptimizerSettings optimizer) {
        this.objective = objective;
        this.optimizer = optimizer;
    }

    static <E> String key(ObjectiveFactory<E> factory, OptimizerSettings optimizer) {
        return factory.getClass().getName() + "|" + factory.key() + "|" + optimizer;
    }

    Objective<E> objective() {
        return objective;
    }

    InnerStep<E> take() {
        synchronized (idle) {
            InnerStep<E> replica = idle.poll();
            if (replica != null) {
                return replica;
            }
        }
        // DL4J's arrays lie in host memory: elsewhere the replica stays on the device
        return objective.device().is_cpu()
                ? new Dl4jInnerStep<>(objective, optimizer)
                : new DeviceInnerStep<>(objective, optimizer);
    }

    void giveBack(InnerStep<E> replica) {
        synchronized (idle) {
            idle.push(replica);
        }
    }

    @Override
    public void close() {
        synchronized (idle) {
            idle.forEach(InnerStep::close);
            idle.clear();
        }
        objective.close();
    }
}
