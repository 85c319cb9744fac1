package org.ballast.spark.io;

/** A stage folder that must not be written to: it is not ours, or holds another configuration's unfinished run. */
public final class StageConflictException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public StageConflictException(String message) {
        super(message);
    }
}
