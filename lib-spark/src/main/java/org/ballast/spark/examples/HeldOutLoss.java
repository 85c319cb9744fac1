package org.ballast.spark.examples;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.ballast.core.mllm.Objective;
import org.ballast.core.mllm.ObjectiveValue;
import org.ballast.spark.train.Evaluator;
import org.ballast.spark.train.ExampleSource;
import org.ballast.spark.train.ExecutorCache;
import org.ballast.spark.train.ObjectiveFactory;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Loss and metrics on held-out sets while a training goes on, computed on the executors. A figure is the mean over response
 * tokens in supervised training, over pairs in preference training.
 */
public final class HeldOutLoss<E> implements Evaluator {
    /** The metric that says how many tokens a batch's mean stands for. */
    private static final String TOKENS = "tokens";

    private final JavaSparkContext spark;
    private final ObjectiveFactory<E> objective;
    private final int batchSize;
    private final Map<String, HeldOutSet<E>> sets = new LinkedHashMap<>();

    /**
     * A set of rows.
     *
     * @param count their indexes are 0 .. count - 1
     */
    public record HeldOutSet<E>(ExampleSource<E> source, long count) implements Serializable {}

    public HeldOutLoss(JavaSparkContext spark, ObjectiveFactory<E> objective, int batchSize) {
        this.spark = spark;
        this.objective = objective;
        this.batchSize = batchSize;
    }

    /** Adds a set under the name that its figures will begin with. */
    public HeldOutLoss<E> set(String name, HeldOutSet<E> set) {
        sets.put(name, set);
        return this;
    }

    public boolean isEmpty() {
        return sets.isEmpty();
    }

    private record Work<E>(String set, ExampleSource<E> source, long[] indexes) implements Serializable {}

    private record Measured(String set, double weight, Map<String, Double> figures) implements Serializable {}

    @Override
    public Map<String, Double> evaluate(float[] theta) {
        List<Work<E>> work = new ArrayList<>();
        sets.forEach((name, set) -> {
            for (long from = 0; from < set.count(); from += batchSize) {
                long[] indexes = LongStream.range(from, Math.min(set.count(), from + batchSize))
                        .toArray();
                work.add(new Work<>(name, set.source(), indexes));
            }
        });
        Broadcast<float[]> parameters = spark.broadcast(theta);
        try {
            ObjectiveFactory<E> factory = objective;
            List<Measured> measured = spark.parallelize(work, Math.min(work.size(), spark.defaultParallelism()))
                    .map(one -> measure(factory, parameters.value(), one))
                    .collect();
            return means(measured);
        } finally {
            parameters.destroy();
        }
    }

    private static <E> Measured measure(ObjectiveFactory<E> factory, float[] theta, Work<E> work) {
        try (var lease = Objectives.lease(factory);
                PointerScope scope = new PointerScope()) {
            @SuppressWarnings("unchecked") // the cache's key names the factory's class and configuration
            Objective<E> objective = (Objective<E>) lease.value();
            List<E> batch = work.source().fetch(work.indexes());
            ObjectiveValue value = objective.evaluate(Tensor.create(theta, theta.length), null, batch);
            Map<String, Double> figures = new TreeMap<>(value.metrics());
            Double tokens = figures.remove(TOKENS);
            figures.put("loss", value.loss());
            return new Measured(work.set(), tokens == null ? batch.size() : tokens, figures);
        }
    }

    /** Objectives that only measure, apart from those that train. */
    private static final class Objectives {
        private static final ExecutorCache<Objective<?>> CACHE = new ExecutorCache<>(1);

        static ExecutorCache<Objective<?>>.Lease lease(ObjectiveFactory<?> factory) {
            return CACHE.lease(factory.getClass().getName() + "|" + factory.key(), factory::open);
        }
    }

    private static Map<String, Double> means(List<Measured> measured) {
        Map<String, Double> weights = new TreeMap<>();
        Map<String, Double> means = new TreeMap<>();
        for (Measured one : measured) {
            weights.merge(one.set(), one.weight(), Double::sum);
        }
        for (Measured one : measured) {
            double share = one.weight() / weights.get(one.set());
            one.figures().forEach((figure, value) -> means.merge(one.set() + "." + figure, share * value, Double::sum));
        }
        return means;
    }
}
