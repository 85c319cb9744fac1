package org.ballast.core.mllm;

import java.io.Serializable;
import java.util.Arrays;

/** A tensor's name in the checkpoint and its shape. */
public record NamedShape(String name, long... shape) implements Serializable {
    public long elements() {
        return Shapes.elements(shape);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof NamedShape that && name.equals(that.name) && Arrays.equals(shape, that.shape);
    }

    @Override
    public int hashCode() {
        return 31 * name.hashCode() + Arrays.hashCode(shape);
    }

    @Override
    public String toString() {
        return name + Arrays.toString(shape);
    }
}
