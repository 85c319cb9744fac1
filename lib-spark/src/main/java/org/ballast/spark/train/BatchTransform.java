package org.ballast.spark.train;

import java.io.Serializable;
import java.util.random.RandomGenerator;

/** Augmentation: what the model sees of an example at one step. Runs in the worker; leaves its argument alone. */
public interface BatchTransform<E> extends Serializable {
    /** @param random seeded by (run seed, "augment", example id, step) */
    E apply(E example, RandomGenerator random);

    /** Its whole configuration, the same in every process: two transforms with equal keys do the same. */
    String key();

    /** Every example as it is. */
    record None<E>() implements BatchTransform<E> {
        @Override
        public E apply(E example, RandomGenerator random) {
            return example;
        }

        @Override
        public String key() {
            return "none";
        }
    }
}
