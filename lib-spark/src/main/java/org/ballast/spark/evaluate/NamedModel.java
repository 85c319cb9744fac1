package org.ballast.spark.evaluate;

import java.io.Serializable;
import java.util.Objects;
import org.ballast.spark.model.ModelSpec;

/** A model and the name under which its figures stand. */
public record NamedModel(String name, ModelSpec spec) implements Serializable {
    public NamedModel {
        Objects.requireNonNull(spec, "spec");
        if (name.isBlank()) {
            throw new IllegalArgumentException("a model without a name");
        }
    }
}
