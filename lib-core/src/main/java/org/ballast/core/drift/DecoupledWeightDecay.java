package org.ballast.core.drift;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.regularization.WeightDecay;
import org.nd4j.linalg.schedule.FixedSchedule;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * AdamW's weight decay, update += learning rate * coefficient * weights. It is no term of the loss, so the score leaves
 * it out; DL4J's own adds a norm of all weights to the score at every step, an eighth of the time of a step here.
 */
public final class DecoupledWeightDecay extends WeightDecay {
    public DecoupledWeightDecay(double coefficient) {
        this(new FixedSchedule(coefficient), true);
    }

    DecoupledWeightDecay(@JsonProperty("coeff") ISchedule coeff, @JsonProperty("applyLR") boolean applyLR) {
        super(coeff, applyLR);
    }

    @Override
    public double score(INDArray weights, int iteration, int epoch) {
        return 0;
    }

    @Override
    @SuppressWarnings("MethodDoesntCallSuperMethod")
    public DecoupledWeightDecay clone() {
        return new DecoupledWeightDecay(coeff, applyLR);
    }
}
