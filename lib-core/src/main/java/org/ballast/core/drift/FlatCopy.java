package org.ballast.core.drift;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Copies between Java arrays and views of a network's flat parameter vector, row-major whatever the view's order. */
final class FlatCopy {
    private FlatCopy() {}

    static void into(INDArray view, double[] rowMajor) {
        view.assign(Nd4j.createFromArray(rowMajor).castTo(view.dataType()).reshape('c', view.shape()));
    }
}
