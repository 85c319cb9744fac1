package org.ballast.spark.io;

/** What a stage reads does not have what its settings ask for: a split without rows, a stage without a model. */
public final class StageInputException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public StageInputException(String message) {
        super(message);
    }
}
