package org.ballast.core.drift;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Linear head: logit = w . x + b. */
public final class LinearHead extends HeadLayer {
    /** Key of b. */
    public static final String BIAS = "b";

    /** For deserialisation. */
    public LinearHead() {}

    public LinearHead(long features, long classes) {
        super(features, classes);
    }

    @Override
    String extraKey() {
        return BIAS;
    }

    @Override
    long extraLength() {
        return getNOut();
    }

    @Override
    double extraStart() {
        return 0;
    }

    @Override
    Forward forward(Map<String, INDArray> parameters, INDArray hidden) {
        INDArray weights = parameters.get(WEIGHTS); // [classes, d]
        INDArray logits = hidden.mmul(weights.transpose()).addiRowVector(parameters.get(BIAS)); // [batch, classes]
        return new Forward() {
            @Override
            public INDArray logits() {
                return logits;
            }

            @Override
            public INDArray similarity() {
                return logits;
            }

            @Override
            public INDArray backward(INDArray dLogits, Map<String, INDArray> gradients) {
                gradients.get(BIAS).assign(dLogits.sum(true, 0));
                gradients.get(WEIGHTS).assign(dLogits.transpose().mmul(hidden)); // [classes, d]
                return dLogits.mmul(weights); // [batch, d]
            }
        };
    }
}
