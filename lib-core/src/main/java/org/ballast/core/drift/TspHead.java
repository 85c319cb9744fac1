package org.ballast.core.drift;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * tSP head: logit = tSP(c) (1 + softplus(s)) m, c the cosine of feature and class weight, s a learnt scalar, m a fixed
 * multiplier. As published kappa = 16, s starts at 0 and m = 1: logits then lie in (0, 3.39], so that with many classes
 * the loss cannot fall far until s has grown; m or another start of s frees the scale.
 *
 * <p>arXiv 2405.13459 and its code ({@code tSP_Embedding}), which has the "1 +" that the page omits.
 */
public final class TspHead extends HeadLayer {
    /** Key of s. */
    public static final String SCALE = "s";

    private double kappa;
    private double initialScale;
    private double multiplier;

    /** For deserialisation. */
    public TspHead() {}

    /**
     * A head.
     *
     * @param initialScale s at the start
     * @param multiplier m, positive
     */
    public TspHead(long features, long classes, double kappa, double initialScale, double multiplier) {
        super(features, classes);
        if (!Double.isFinite(initialScale) || !(multiplier > 0 && Double.isFinite(multiplier))) {
            throw new IllegalArgumentException("initial s " + initialScale + ", multiplier " + multiplier);
        }
        this.kappa = new TspSimilarity(kappa).kappa();
        this.initialScale = initialScale;
        this.multiplier = multiplier;
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

    /** log(1 + exp(s)), without overflow. */
    static double softplus(double s) {
        return Math.max(s, 0) + Math.log1p(Math.exp(-Math.abs(s)));
    }

    @Override
    Forward forward(Map<String, INDArray> parameters, INDArray hidden) {
        CosineForward cosines = CosineForward.of(hidden, parameters.get(WEIGHTS));
        // 2 / (1 + kappa - kappa c)
        INDArray tsp = cosines.cosine().mul(-kappa).addi(1 + kappa).rdivi(2); // [batch, classes]
        double s = parameters.get(SCALE).getDouble(0);
        double gain = (1 + softplus(s)) * multiplier;
        INDArray logits = tsp.mul(gain); // [batch, classes]
        return new Forward() {
            @Override
            public INDArray logits() {
                return logits;
            }

            @Override
            public INDArray similarity() {
                return tsp;
            }

            @Override
            public INDArray backward(INDArray dLogits, Map<String, INDArray> gradients) {
                double slope = multiplier / (1 + Math.exp(-s)); // d gain / d s
                gradients.get(SCALE).assign(dLogits.mul(tsp).sumNumber().doubleValue() * slope);
                // d tsp / dc = kappa tsp^2 / 2
                INDArray dCosine = dLogits.muli(tsp).muli(tsp).muli(gain * kappa / 2); // [batch, classes]
                return cosines.backward(dCosine, gradients);
            }
        };
    }

    public double getKappa() {
        return kappa;
    }

    public void setKappa(double kappa) {
        this.kappa = kappa;
    }

    public double getInitialScale() {
        return initialScale;
    }

    public void setInitialScale(double initialScale) {
        this.initialScale = initialScale;
    }

    public double getMultiplier() {
        return multiplier;
    }

    public void setMultiplier(double multiplier) {
        this.multiplier = multiplier;
    }
}
