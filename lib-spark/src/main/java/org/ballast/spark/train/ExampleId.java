package org.ballast.spark.train;

import java.io.Serializable;

/** The id of an example: it seeds the example's randomness and names it in messages. */
@FunctionalInterface
public interface ExampleId<E> extends Serializable {
    String of(E example);
}
