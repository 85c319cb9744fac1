package org.ballast.spark.shard;

/** An annotation file that is broken as a whole: nothing of it is used. */
public final class AnnotationException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    AnnotationException(String message) {
        super(message);
    }

    AnnotationException(String message, Throwable cause) {
        super(message, cause);
    }
}
