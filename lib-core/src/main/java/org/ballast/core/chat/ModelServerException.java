package org.ballast.core.chat;

/**
 * Model servers that cannot be used: none answers, the key is refused, or nothing is served at the address. Not a matter of one row. The message holds no key.
 */
public final class ModelServerException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ModelServerException(String message) {
        super(message);
    }
}
