package org.ballast.jobs;

/** A stage that could not be finished, with a message for the user that needs no stack trace. */
public final class StageFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public StageFailure(String message, Throwable cause) {
        super(message, cause);
    }

    public StageFailure(String message) {
        super(message);
    }
}
