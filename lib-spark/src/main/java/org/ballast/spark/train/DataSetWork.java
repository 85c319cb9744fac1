package org.ballast.spark.train;

import java.util.Iterator;
import java.util.Map;
import org.ballast.core.mllm.ObjectiveValue;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.dataset.DataSet;

/** Fits a plain DL4J network on {@code count} DataSets of the partition, from the {@code from}-th. */
record DataSetWork(String configuration, int from, int count) implements AveragingTrainingMaster.Work<DataSet> {
    @Override
    public WorkerResult run(ReplicaState start, Iterator<DataSet> partition) {
        for (int i = 0; i < from && partition.hasNext(); i++) {
            partition.next();
        }
        if (!partition.hasNext()) {
            return WorkerResult.idle();
        }
        var network = new MultiLayerNetwork(MultiLayerConfiguration.fromJson(configuration));
        try {
            network.init();
            NetworkState.put(start, network);
            var measured = new WorkerResult.Measured();
            for (int i = 0; i < count && partition.hasNext(); i++) {
                DataSet batch = partition.next();
                network.fit(batch);
                if (!Double.isFinite(network.score())) {
                    throw new IllegalStateException("loss is " + network.score() + " in DataSet " + (from + i)
                            + " of this worker, iteration " + (start.iteration() + i));
                }
                measured.add(new ObjectiveValue(network.score(), Map.of()), batch.numExamples());
            }
            return new WorkerResult(NetworkState.of(network).pack(), measured);
        } finally {
            network.close();
        }
    }
}
