package org.ballast.core.drift;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.ballast.core.preference.AdamWReference;
import org.ballast.core.preference.LearningRate;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

class AdapterNetworkTest {
    private static final double DECAY = 0.3;

    /** Weights are decayed, biases and s are not; the rate follows warm-up and cosine. */
    @Test
    void updatesAsAdamW() {
        LearningRate rate = LearningRate.of(LearningRate.Schedule.COSINE, 0.05, 2, 6);
        MultiLayerNetwork network =
                AdapterNetwork.create(HeadSettings.tsp("tsp"), 2, new int[] {3, 3}, rate, DECAY, 4, DataType.DOUBLE);
        DataSet data = new DataSet(
                Nd4j.createFromArray(new double[][] {{1, -0.5}, {0.3, 2}, {-1, 0.7}}),
                Nd4j.createFromArray(new double[][] {{1, 0}, {0, 1}, {1, 0}}));
        int size = Math.toIntExact(network.numParams());
        AdamWReference decayed = new AdamWReference(size, 0.9, 0.999, 1e-8, DECAY, true);
        AdamWReference plain = new AdamWReference(size, 0.9, 0.999, 1e-8, 0, true);
        double[] withDecay = network.params().toDoubleVector();
        double[] without = withDecay.clone();
        for (int step = 0; step < 6; step++) {
            network.setInput(data.getFeatures());
            network.setLabels(data.getLabels());
            network.computeGradientAndScore();
            double[] gradient = network.gradient().gradient().div(3).dup().toDoubleVector();
            network.fit(data);
            decayed.update(withDecay, gradient, rate.at(step));
            plain.update(without, gradient, rate.at(step));
            double[] actual = network.params().toDoubleVector();
            for (int i = 0; i < size; i++) {
                // ND4J takes 1e-8 for a rate of 0, so the first step of a warm-up moves by 3e-8
                double expected = isWeight(i) ? withDecay[i] : without[i];
                assertThat(actual[i]).as("parameter %s after step %s", i, step).isCloseTo(expected, within(1e-7));
            }
        }
        INDArray first = AdapterNetwork.create(
                        HeadSettings.tsp("tsp"), 2, new int[] {3, 3}, rate, DECAY, 4, DataType.DOUBLE)
                .params();
        assertThat(first.sub(network.params()).amaxNumber().doubleValue()).isGreaterThan(0.05);
    }

    /** Two layers of W (4) and b (2), then class weights (4) and s. */
    private static boolean isWeight(int parameter) {
        return parameter < 4 || (parameter >= 6 && parameter < 10) || (parameter >= 12 && parameter < 16);
    }
}
