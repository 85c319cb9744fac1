package org.ballast.core.drift;

import java.util.List;
import java.util.random.RandomGenerator;
import org.ballast.core.data.ItemRandom;
import org.ballast.core.preference.LearningRate;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;

/**
 * The adapter: Linear(d, d) - ReLU - Linear(d, d) and a head, trained by AdamW (decoupled weight decay on weights only).
 * ND4J's Adam puts epsilon before the bias correction: p -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps).
 */
public final class AdapterNetwork {
    private static final double BETA_1 = 0.9;
    private static final double BETA_2 = 0.999;
    private static final double EPSILON = 1e-8;

    private AdapterNetwork() {}

    /**
     * A network with weights drawn from the seed: neck weights and biases uniform in +-1/sqrt(d), class weights
     * N(0, 1/d). Two heads with the same seed start from the same neck.
     *
     * @param features width d
     * @param trainCounts training samples by class
     * @param weightDecay decoupled, multiplied by the learning rate
     */
    public static MultiLayerNetwork create(
            HeadSettings head,
            int features,
            int[] trainCounts,
            LearningRate rate,
            double weightDecay,
            long seed,
            DataType type) {
        HeadLayer layer = head.layer(features, trainCounts);
        if (layer instanceof TspHead || layer instanceof CosineHead) {
            double multiplier = head.scaleRateMultiplier();
            // DL4J's NoOp hands the raw gradient on, as with rate 1
            IUpdater own = multiplier == 0 ? new Sgd(0) : adam(rate.times(multiplier));
            layer.setBiasUpdater(own);
        }
        NeuralNetConfiguration.Builder builder = new NeuralNetConfiguration.Builder()
                .seed(seed)
                .dataType(type)
                .trainingWorkspaceMode(WorkspaceMode.ENABLED)
                .inferenceWorkspaceMode(WorkspaceMode.ENABLED)
                .updater(adam(rate));
        if (weightDecay > 0) {
            builder.regularization(List.of(new DecoupledWeightDecay(weightDecay)));
        }
        MultiLayerConfiguration configuration = builder.list()
                .layer(dense("neck-1", features, Activation.RELU))
                .layer(dense("neck-2", features, Activation.IDENTITY))
                .layer(layer)
                .build();
        MultiLayerNetwork network = new MultiLayerNetwork(configuration);
        network.init();
        for (int i = 0; i < 2; i++) {
            RandomGenerator random = ItemRandom.of(seed, "init", "neck-" + (i + 1), 0);
            uniform(network.getLayer(i).getParam("W"), random, features);
            uniform(network.getLayer(i).getParam("b"), random, features);
        }
        return network;
    }

    /** The head that ends a network. */
    public static SoftmaxHead head(MultiLayerNetwork network) {
        return (SoftmaxHead) network.getOutputLayer();
    }

    /** s of a tSP head or the scale of a cosine head; NaN for a linear head. */
    public static double scale(MultiLayerNetwork network) {
        HeadLayer layer = (HeadLayer) head(network).conf().getLayer();
        return layer instanceof LinearHead
                ? Double.NaN
                : head(network).getParam(layer.extraKey()).getDouble(0);
    }

    private static Adam adam(LearningRate rate) {
        Adam adam = new Adam(rate.base(), BETA_1, BETA_2, EPSILON);
        adam.setLearningRateSchedule(new RateSchedule(rate));
        return adam;
    }

    private static DenseLayer dense(String name, int features, Activation activation) {
        return new DenseLayer.Builder()
                .name(name)
                .nIn(features)
                .nOut(features)
                .activation(activation)
                .build();
    }

    private static void uniform(INDArray view, RandomGenerator random, int features) {
        double[] values = new double[Math.toIntExact(view.length())];
        double bound = 1 / Math.sqrt(features);
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextDouble(-bound, bound);
        }
        FlatCopy.into(view, values);
    }
}
