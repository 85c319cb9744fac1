package org.ballast.core.drift;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Cosines of features and class weights, c = u . v, forward and backward. */
record CosineForward(UnitRows features, UnitRows weights, INDArray cosine) {
    static CosineForward of(INDArray hidden, INDArray classWeights) { // [batch, d], [classes, d]
        UnitRows features = UnitRows.of(hidden);
        UnitRows weights = UnitRows.of(classWeights);
        return new CosineForward(
                features, weights, features.unit().mmul(weights.unit().transpose())); // [batch, classes]
    }

    /** Writes dW and gives dx for d loss / d c {@code [batch, classes]}. */
    INDArray backward(INDArray dCosine, Map<String, INDArray> gradients) {
        INDArray dWeights = weights.backward(dCosine.transpose().mmul(features.unit())); // [classes, d]
        gradients.get(HeadLayer.WEIGHTS).assign(dWeights);
        return features.backward(dCosine.mmul(weights.unit())); // [batch, d]
    }
}
