package org.ballast.spark.train;

import java.io.Serializable;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.Partitioner;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.storage.StorageLevel;
import org.deeplearning4j.core.loader.DataSetLoader;
import org.deeplearning4j.core.loader.MultiDataSetLoader;
import org.deeplearning4j.core.storage.StatsStorageRouter;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.spark.impl.graph.SparkComputationGraph;
import org.deeplearning4j.spark.impl.multilayer.SparkDl4jMultiLayer;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingMaster;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import scala.Function2;
import scala.Tuple2;
import scala.reflect.ClassTag$;
import scala.runtime.BoxedUnit;

/**
 * Parameter averaging with dl4j-spark's contract and leaner rounds: state travels as bytes, is sent once by a
 * broadcast that dies with its round, and comes back weighted by the examples behind it; what the next round starts
 * from is the
 * {@link OuterStep}'s decision. One partition is one worker.
 *
 * <p>{@link #executeTraining} trains any float32 {@link MultiLayerNetwork} on {@code DataSet}s; {@link
 * AveragedTraining} trains objectives. All results of a round count against {@code spark.driver.maxResultSize}.
 */
public final class AveragingTrainingMaster extends ParameterAveragingTrainingMaster {
    private final OuterStep outer;
    private float[] momentum;

    /**
     * @param batchSizePerWorker examples in a {@code DataSet}, for dl4j-spark's own bookkeeping
     * @param averagingFrequency {@code DataSet}s that a worker fits between two averagings
     */
    public AveragingTrainingMaster(int workers, int batchSizePerWorker, int averagingFrequency, OuterStep outer) {
        super(new ParameterAveragingTrainingMaster.Builder(workers, batchSizePerWorker)
                .batchSizePerWorker(batchSizePerWorker)
                .averagingFrequency(averagingFrequency));
        this.outer = outer;
    }

    /** A worker's part of a round, run in its task. */
    interface Work<T> extends Serializable {
        WorkerResult run(ReplicaState start, Iterator<T> partition);
    }

    /** The workers' mean after a round, before the outer step. */
    record Averaged(ReplicaState state, WorkerResult.Measured measured) {}

    /** One round: every partition starts from the same state; all results are averaged as they come in. */
    static <T> Averaged round(JavaSparkContext spark, JavaRDD<T> perWorker, ReplicaState start, Work<T> work) {
        Broadcast<ReplicaState.Packed> sent = spark.broadcast(start.pack());
        try {
            int workers = perWorker.getNumPartitions();
            WorkerMean mean = new WorkerMean();
            JavaRDD<WorkerResult> results = perWorker.mapPartitions(partition ->
                    List.of(work.run(sent.value().unpack(), partition)).iterator());
            Function2<TaskContext, scala.collection.Iterator<WorkerResult>, WorkerResult> only = new OnlyElement();
            Function2<Object, WorkerResult, BoxedUnit> handler = (worker, result) -> {
                mean.add((Integer) worker, result);
                return BoxedUnit.UNIT;
            };
            spark.sc()
                    .runJob(
                            results.rdd(),
                            only,
                            scala.collection.immutable.Range$.MODULE$
                                    .apply(0, workers)
                                    .toSeq(),
                            handler,
                            ClassTag$.MODULE$.apply(WorkerResult.class));
            return new Averaged(mean.state(workers), mean.measured());
        } finally {
            sent.destroy();
        }
    }

    private static final class OnlyElement
            extends scala.runtime.AbstractFunction2<TaskContext, scala.collection.Iterator<WorkerResult>, WorkerResult>
            implements Serializable {
        @Override
        public WorkerResult apply(TaskContext context, scala.collection.Iterator<WorkerResult> results) {
            return results.next();
        }
    }

    /**
     * Fits the network on all {@code DataSet}s once. An RDD of as many partitions as there are workers is taken as it
     * lies; any other is dealt out in turn. The momentum of the outer step lives on in this master, the updater state
     * in the network.
     */
    @Override
    public void executeTraining(SparkDl4jMultiLayer sparkNetwork, JavaRDD<DataSet> data) {
        JavaRDD<DataSet> perWorker = perWorker(data).persist(StorageLevel.MEMORY_AND_DISK());
        try {
            int longest = perWorker
                    .mapPartitions(partition -> {
                        int count = 0;
                        for (; partition.hasNext(); partition.next()) {
                            count++;
                        }
                        return List.of(count).iterator();
                    })
                    .reduce(Math::max);
            MultiLayerNetwork network = sparkNetwork.getNetwork();
            for (int from = 0; from < longest; from += averagingFrequency) {
                ReplicaState start = NetworkState.of(network);
                var fit = new DataSetWork(network.getLayerWiseConfigurations().toJson(), from, averagingFrequency);
                Averaged averaged = round(sparkNetwork.getSparkContext(), perWorker, start, fit);
                NetworkState.put(outerStep(start, averaged.state()), network);
                sparkNetwork.setScore(averaged.measured().loss());
                network.setScore(averaged.measured().loss());
            }
        } finally {
            perWorker.unpersist(false);
        }
    }

    private ReplicaState outerStep(ReplicaState start, ReplicaState mean) {
        if (momentum == null) {
            momentum = new float[outer.momentumSlots() * start.theta().length];
        }
        return new ReplicaState(
                outer.next(start.theta(), mean.theta(), momentum), mean.updaterState(), mean.iteration());
    }

    private JavaRDD<DataSet> perWorker(JavaRDD<DataSet> data) {
        if (data.getNumPartitions() == numWorkers) {
            return data.map(dataSet -> dataSet);
        }
        return data.zipWithIndex()
                .mapToPair(pair -> new Tuple2<>(pair._2, pair._1))
                .repartitionAndSortWithinPartitions(new InTurn(numWorkers))
                .values();
    }

    private static final class InTurn extends Partitioner {
        private final int workers;

        InTurn(int workers) {
            this.workers = workers;
        }

        @Override
        public int numPartitions() {
            return workers;
        }

        @Override
        public int getPartition(Object index) {
            return (int) ((Long) index % workers);
        }
    }

    /** @throws UnsupportedOperationException always: only the path above averages as configured */
    @Override
    public void executeTraining(SparkComputationGraph graph, JavaRDD<DataSet> data) {
        throw unsupported("a ComputationGraph");
    }

    /** @throws UnsupportedOperationException always */
    @Override
    public void executeTrainingMDS(SparkComputationGraph graph, JavaRDD<MultiDataSet> data) {
        throw unsupported("a ComputationGraph");
    }

    /** @throws UnsupportedOperationException always */
    @Override
    public void executeTrainingPaths(
            SparkDl4jMultiLayer network,
            SparkComputationGraph graph,
            JavaRDD<String> paths,
            DataSetLoader loader,
            MultiDataSetLoader multiLoader) {
        throw unsupported("paths of exported data");
    }

    /** @throws UnsupportedOperationException if there are any: workers keep no listeners */
    @Override
    public void setListeners(Collection<TrainingListener> listeners) {
        setListeners(null, listeners);
    }

    /** @throws UnsupportedOperationException if there are any */
    @Override
    public void setListeners(StatsStorageRouter router, Collection<TrainingListener> listeners) {
        if (listeners != null && !listeners.isEmpty()) {
            throw unsupported("listeners in the workers");
        }
    }

    private static UnsupportedOperationException unsupported(String what) {
        return new UnsupportedOperationException(
                "averaged training does not support " + what + "; it fits a MultiLayerNetwork on DataSets");
    }
}
