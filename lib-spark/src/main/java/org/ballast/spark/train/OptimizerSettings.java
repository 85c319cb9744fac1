package org.ballast.spark.train;

import java.io.Serializable;
import java.util.List;
import org.ballast.core.preference.LearningRate;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.learning.regularization.WeightDecay;

/**
 * How a replica moves by its gradient: {@code theta -= lr (d + weightDecay theta)}, d the gradient (SGD) or Adam's
 * direction {@code sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon)} (AdamW; epsilon stands before the bias
 * correction, as DL4J has it), after the gradient was scaled to a norm of at most {@code maxGradientNorm}.
 *
 * @param beta1 ignored by SGD, as are beta2 and epsilon
 * @param maxGradientNorm over all parameters together; 0: no clipping
 */
public record OptimizerSettings(
        Algorithm algorithm,
        LearningRate rate,
        double beta1,
        double beta2,
        double epsilon,
        double weightDecay,
        double maxGradientNorm)
        implements Serializable {

    /** The rule that turns a gradient into a step. */
    public enum Algorithm {
        SGD,
        ADAM_W
    }

    public OptimizerSettings {
        if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1)) {
            throw new IllegalArgumentException("betas must lie in [0, 1): " + beta1 + ", " + beta2);
        }
        if (!(epsilon > 0) || !(weightDecay >= 0) || !(maxGradientNorm >= 0)) {
            throw new IllegalArgumentException("need epsilon > 0, weight decay >= 0, gradient norm >= 0: " + epsilon
                    + ", " + weightDecay + ", " + maxGradientNorm);
        }
    }

    /** AdamW with betas 0.9 and 0.999, epsilon 1e-8. */
    public static OptimizerSettings adamW(LearningRate rate, double weightDecay, double maxGradientNorm) {
        return new OptimizerSettings(Algorithm.ADAM_W, rate, 0.9, 0.999, 1e-8, weightDecay, maxGradientNorm);
    }

    /** Plain SGD: no momentum, decay or clipping. */
    public static OptimizerSettings sgd(LearningRate rate) {
        return new OptimizerSettings(Algorithm.SGD, rate, 0, 0, 1, 0, 0);
    }

    /** Floats of updater state behind each parameter. */
    public int stateSlots() {
        return algorithm == Algorithm.ADAM_W ? 2 : 0;
    }

    /** The DL4J configuration of one {@link ObjectiveLayer} under this optimizer. */
    MultiLayerConfiguration network(long parameterCount, DataType type) {
        IUpdater updater =
                switch (algorithm) {
                    case SGD -> new Sgd(new LearningRateSchedule(rate));
                    case ADAM_W -> Adam.builder()
                            .learningRateSchedule(new LearningRateSchedule(rate))
                            .beta1(beta1)
                            .beta2(beta2)
                            .epsilon(epsilon)
                            .build();
                };
        // decay and clipping stand on the layer: DL4J applies a global decay twice, and a global clipping never
        var layer = new ObjectiveLayer(parameterCount);
        if (weightDecay > 0) {
            layer.setRegularization(List.of(new WeightDecay(weightDecay, true)));
        }
        if (maxGradientNorm > 0) {
            // one layer holds every parameter, so its norm is the global one
            layer.setGradientNormalization(GradientNormalization.ClipL2PerLayer);
            layer.setGradientNormalizationThreshold(maxGradientNorm);
        }
        // replicas move between task threads; workspaces would tie them to one
        return new NeuralNetConfiguration.Builder()
                .dataType(type)
                .updater(updater)
                .trainingWorkspaceMode(WorkspaceMode.NONE)
                .inferenceWorkspaceMode(WorkspaceMode.NONE)
                .list()
                .layer(layer)
                .build();
    }
}
