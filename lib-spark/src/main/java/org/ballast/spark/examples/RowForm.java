package org.ballast.spark.examples;

import java.io.Serializable;
import org.ballast.core.mllm.EncodedExample;
import org.ballast.core.mllm.EncodedPair;
import org.ballast.core.mllm.ImageInput;

/** What the trainer sees of an encoded row. */
@FunctionalInterface
public interface RowForm<E> extends Serializable {
    RowForm<EncodedExample> EXAMPLE = EncodedRow::example;
    RowForm<EncodedPair> PAIR = EncodedRow::pair;

    /** @param image null for a text-only row */
    E of(EncodedRow row, ImageInput image);
}
