package org.ballast.core.mllm.generate;

/** Logits from which no token can be chosen, for the highest is infinite or no number; the message names the row and the place in its answer. */
public final class NonFiniteLogitsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public NonFiniteLogitsException(String message) {
        super(message);
    }
}
