package org.ballast.spark.negative;

import java.io.Serializable;
import org.ballast.core.response.ResponseModel;
import org.ballast.spark.model.ModelSpec;

/**
 * Who answers, by backend, as it travels to the executors.
 *
 * @param checkpoint null where no model of this process is needed
 * @param batchRows rows that it decodes together
 */
record ResponseModels(ModelSpec checkpoint, int batchRows) implements Serializable {
    /** What the column {@code model} holds. */
    String digest(NegativeOptions.Backend backend) {
        return switch (backend) {
            case MLLM -> checkpoint.digest();
            case CHAT -> throw new UnsupportedOperationException("chat");
        };
    }

    /** The model, to be closed after use. */
    ResponseModel open(NegativeOptions.Backend backend) {
        return switch (backend) {
            case MLLM -> new MllmModel(checkpoint, batchRows);
            case CHAT -> throw new UnsupportedOperationException("chat");
        };
    }
}
