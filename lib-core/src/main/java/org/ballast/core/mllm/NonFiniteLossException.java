package org.ballast.core.mllm;

/** A loss that is infinite or no number; the message names the batch's rows. */
public final class NonFiniteLossException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public NonFiniteLossException(String message) {
        super(message);
    }
}
