package org.ballast.core.drift;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Cosine head: logit = scale c, c the cosine of feature and class weight; the scale is a parameter, fixed by default. */
public final class CosineHead extends HeadLayer {
    /** Key of the scale. */
    public static final String SCALE = "scale";

    private double initialScale;

    /** For deserialisation. */
    public CosineHead() {}

    public CosineHead(long features, long classes, double scale) {
        super(features, classes);
        if (!(scale > 0 && Double.isFinite(scale))) {
            throw new IllegalArgumentException("the scale must be positive and finite, is " + scale);
        }
        this.initialScale = scale;
    }

    @Override
    String extraKey() {
        return SCALE;
    }

    @Override
    long extraLength() {
        return 1;
    }

    @Override
    double extraStart() {
        return initialScale;
    }

    @Override
    Forward forward(Map<String, INDArray> parameters, INDArray hidden) {
        CosineForward cosines = CosineForward.of(hidden, parameters.get(WEIGHTS));
        double scale = parameters.get(SCALE).getDouble(0);
        INDArray logits = cosines.cosine().mul(scale); // [batch, classes]
        return new Forward() {
            @Override
            public INDArray logits() {
                return logits;
            }

            @Override
            public INDArray similarity() {
                return cosines.cosine();
            }

            @Override
            public INDArray backward(INDArray dLogits, Map<String, INDArray> gradients) {
                gradients
                        .get(SCALE)
                        .assign(dLogits.mul(cosines.cosine()).sumNumber().doubleValue());
                return cosines.backward(dLogits.muli(scale), gradients);
            }
        };
    }

    public double getInitialScale() {
        return initialScale;
    }

    public void setInitialScale(double initialScale) {
        this.initialScale = initialScale;
    }
}
