package org.ballast.core.drift;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.BooleanIndexing;
import org.nd4j.linalg.indexing.conditions.Conditions;

/**
 * Rows scaled to unit length: u = x / max(|x|, 1e-12). A zero row stays zero. The gradient of a row shorter than 1e-12
 * is taken as 0 (the exact one is of the order 1e12 and says nothing about a direction).
 *
 * @param unit {@code [rows, d]}
 * @param norm {@code [rows, 1]}, at least 1e-12
 */
record UnitRows(INDArray unit, INDArray norm) {
    static final double EPSILON = 1e-12;

    static UnitRows of(INDArray x) { // [rows, d]
        INDArray norm = x.norm2(true, 1); // [rows, 1]
        BooleanIndexing.replaceWhere(norm, EPSILON, Conditions.lessThan(EPSILON));
        return new UnitRows(x.divColumnVector(norm), norm);
    }

    /** dx = (du - u (u . du)) / |x|; {@code du} is overwritten. */
    INDArray backward(INDArray du) { // [rows, d]
        INDArray along = unit.mul(du).sum(true, 1); // [rows, 1]
        INDArray dx = du.subi(unit.mulColumnVector(along)).diviColumnVector(norm); // [rows, d]
        for (int row = 0; row < norm.length(); row++) {
            if (norm.getDouble(row) <= EPSILON) {
                dx.getRow(row).assign(0);
            }
        }
        return dx;
    }
}
