package org.ballast.spark.model;

/** A model whose files cannot be used; the message names folder, file and what is wrong. */
public final class UnusableModelException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public UnusableModelException(String message, Throwable cause) {
        super(message, cause);
    }
}
