package org.ballast.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.ballast.core.data.ItemRandom;
import org.ballast.spark.SparkExtension;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.listeners.ScoreIterationListener;
import org.deeplearning4j.spark.impl.graph.SparkComputationGraph;
import org.deeplearning4j.spark.impl.multilayer.SparkDl4jMultiLayer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

@ExtendWith(SparkExtension.class)
class AveragingTrainingMasterTest {
    private static MultiLayerConfiguration classifier(IUpdater updater) {
        return new NeuralNetConfiguration.Builder()
                .seed(3)
                .updater(updater)
                .list()
                .layer(new DenseLayer.Builder()
                        .nIn(4)
                        .nOut(8)
                        .activation(Activation.TANH)
                        .build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(8)
                        .nOut(2)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build();
    }

    private static DataSet batch(int number, int size) {
        float[][] x = new float[size][4];
        float[][] y = new float[size][2];
        for (int i = 0; i < size; i++) {
            var random = ItemRandom.of(1, "rows", number + "/" + i, 0);
            float sum = 0;
            for (int j = 0; j < 4; j++) {
                x[i][j] = (float) random.nextGaussian();
                sum += x[i][j] * (j % 2 == 0 ? 1 : -1);
            }
            y[i][sum > 0 ? 1 : 0] = 1;
        }
        return new DataSet(Nd4j.create(x), Nd4j.create(y));
    }

    private static MultiLayerNetwork network(IUpdater updater) {
        var network = new MultiLayerNetwork(classifier(updater));
        network.init();
        return network;
    }

    private static double distance(INDArray a, INDArray b) {
        return a.sub(b).amaxNumber().doubleValue();
    }

    @Test
    void oneSgdRoundOnUnequalShardsIsOneBigBatch(JavaSparkContext spark) {
        List<DataSet> shards = List.of(batch(0, 12), batch(1, 4));
        MultiLayerNetwork averaged = network(new Sgd(0.5));
        var master = new AveragingTrainingMaster(2, 12, 1, new OuterStep.PlainAverage());
        new SparkDl4jMultiLayer(spark, averaged, master).fit(spark.parallelize(shards, 2));

        MultiLayerNetwork big = network(new Sgd(0.5));
        INDArray start = big.params().dup();
        big.fit(DataSet.merge(shards));
        assertThat(distance(averaged.params(), big.params())).isLessThan(1e-6);
        assertThat(distance(start, big.params())).isGreaterThan(1e-3);
        assertThat(averaged.score()).isCloseTo(big.score(), within(1e-6));
    }

    @Test
    void adamStateAndIterationGoOnFromRoundToRound(JavaSparkContext spark) {
        List<DataSet> data = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            data.add(batch(i, 8));
        }
        // one worker that is averaged with nobody must do what plain DL4J does
        MultiLayerNetwork averaged = network(new Adam(0.02));
        var master = new AveragingTrainingMaster(1, 8, 2, new OuterStep.PlainAverage());
        var trainer = new SparkDl4jMultiLayer(spark, averaged, master);
        MultiLayerNetwork plain = network(new Adam(0.02));
        for (int epoch = 0; epoch < 2; epoch++) {
            trainer.fit(spark.parallelize(data, 3));
            data.forEach(plain::fit);
        }
        assertThat(distance(averaged.params(), plain.params())).isLessThan(1e-7);
        assertThat(averaged.getLayerWiseConfigurations().getIterationCount()).isEqualTo(12);
        assertThat(distance(
                        averaged.getUpdater().getStateViewArray(),
                        plain.getUpdater().getStateViewArray()))
                .isLessThan(1e-7);
    }

    @Test
    void learnsWithNesterovOutside(JavaSparkContext spark) {
        List<DataSet> data = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            data.add(batch(i, 16));
        }
        MultiLayerNetwork network = network(new Adam(0.01));
        DataSet heldOut = batch(99, 200);
        double before = network.score(heldOut, false);
        var master = new AveragingTrainingMaster(2, 16, 5, new OuterStep.Nesterov(0.7, 0.5));
        var trainer = new SparkDl4jMultiLayer(spark, network, master);
        for (int epoch = 0; epoch < 5; epoch++) {
            trainer.fit(spark.parallelize(data, 4));
        }
        assertThat(network.score(heldOut, false)).isLessThan(0.6 * before);
    }

    @Test
    void refusesWhatItWouldIgnore(JavaSparkContext spark) {
        var master = new AveragingTrainingMaster(2, 4, 1, new OuterStep.PlainAverage());
        assertThatThrownBy(() -> master.setListeners(List.of(new ScoreIterationListener())))
                .hasMessageContaining("listeners");
        assertThatThrownBy(() -> master.executeTraining((SparkComputationGraph) null, spark.parallelize(List.of())))
                .hasMessageContaining("ComputationGraph");
    }
}
