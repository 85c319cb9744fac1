package org.ballast.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.ballast.core.preference.LearningRate;
import org.ballast.core.preference.LearningRate.Schedule;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.global.torch;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class ObjectiveLayerTest {
    private static final OptimizerSettings SGD = OptimizerSettings.sgd(LearningRate.of(Schedule.CONSTANT, 1, 0, 1));
    private static final List<Point> BATCH = Point.some(7, 1);

    @BeforeAll
    static void oneThread() {
        torch.set_num_threads(1);
    }

    @Test
    void gradientMatchesFiniteDifferencesInDoublePrecision() {
        var objective = new TwoLayerRegression(5, 3);
        var network = new MultiLayerNetwork(SGD.network(objective.parameterCount(), DataType.DOUBLE));
        network.init();
        INDArray theta = network.params();
        float[] start = new float[Math.toIntExact(objective.parameterCount())];
        objective.initialTheta(start);
        for (int i = 0; i < start.length; i++) {
            theta.putScalar(i, start[i]);
        }
        var layer = (ObjectiveLayerRuntime) network.getOutputLayer();
        layer.bind(objective, BATCH);
        var data = ObjectiveLayer.ofSize(BATCH.size(), DataType.DOUBLE);
        network.setInput(data.getFeatures());
        network.computeGradientAndScore();
        INDArray gradient = network.gradient().gradient().dup();

        double step = 1e-6;
        for (int i = 0; i < start.length; i++) {
            double at = theta.getDouble(i);
            theta.putScalar(i, at + step);
            double above = network.score(data, false);
            theta.putScalar(i, at - step);
            double below = network.score(data, false);
            theta.putScalar(i, at);
            assertThat(gradient.getDouble(i))
                    .as("parameter %d", i)
                    .isCloseTo((above - below) / (2 * step), within(1e-8));
        }
        assertThat(gradient.norm2Number().doubleValue()).isGreaterThan(0.1);

        INDArray before = theta.dup();
        network.fit(data);
        assertThat(before.sub(network.params()).sub(gradient).amaxNumber().doubleValue())
                .as("SGD with rate 1 moves by exactly the mean gradient")
                .isLessThan(1e-15);
    }

    @Test
    void survivesJson() {
        var conf = OptimizerSettings.adamW(new LearningRate(Schedule.COSINE_WITH_MIN_LR, 1e-3, 3, 50, 1e-5), 0.05, 1)
                .network(33, DataType.FLOAT);
        var back = MultiLayerConfiguration.fromJson(conf.toJson());
        assertThat(back).isEqualTo(conf);
        assertThat(((ObjectiveLayer) back.getConf(0).getLayer()).parameterCount())
                .isEqualTo(33);
        assertThat(((ObjectiveLayer) back.getConf(0).getLayer()).getIUpdater().getLearningRate(3, 0))
                .isEqualTo(1e-3);
    }

    @Test
    void aliasHonoursTheOffsetOfAView() {
        INDArray whole = Nd4j.arange(100).castTo(DataType.FLOAT);
        INDArray view = whole.get(NDArrayIndex.interval(30, 50));
        try (var scope = new PointerScope()) {
            var tensor = NativeView.tensor(view); // [20]
            assertThat(tensor.sum().item_double()).isEqualTo(view.sumNumber().doubleValue());
            tensor.add_(new org.bytedeco.pytorch.Scalar(1));
        }
        assertThat(whole.getFloat(30)).isEqualTo(31);
        assertThat(whole.getFloat(29)).isEqualTo(29);
        assertThat(NativeView.toFloats(view)).startsWith(31f, 32f).endsWith(50f).hasSize(20);
        INDArray matrix = Nd4j.zeros(DataType.FLOAT, 4, 4);
        assertThatThrownBy(() -> NativeView.toFloats(matrix.getColumn(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not a dense vector");
    }

    @Test
    void refusesToRunUnboundOrWithAnotherLength() {
        var network = new MultiLayerNetwork(SGD.network(30, DataType.FLOAT));
        network.init();
        assertThatThrownBy(() -> network.fit(ObjectiveLayer.ofSize(2, DataType.FLOAT)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("bind");
        var layer = (ObjectiveLayerRuntime) network.getOutputLayer();
        assertThatThrownBy(() -> layer.bind(new TwoLayerRegression(5, 1), BATCH))
                .hasMessageContaining("31")
                .hasMessageContaining("30");
    }
}
