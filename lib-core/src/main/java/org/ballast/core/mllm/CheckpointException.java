package org.ballast.core.mllm;

/** A checkpoint, adapter or configuration that cannot be used; the message names the file, the tensor or key, and the value. */
public final class CheckpointException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public CheckpointException(String message) {
        super(message);
    }

    public CheckpointException(String message, Throwable cause) {
        super(message, cause);
    }
}
