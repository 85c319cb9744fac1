package org.ballast.spark.session;

import java.util.concurrent.ExecutionException;

/** Faults that a thread of ours met, thrown on by the thread that waits for it. */
public final class Faults {
    private Faults() {}

    /**
     * What a thread threw: itself where it is unchecked, else within an {@link IllegalStateException} (Scala throws checked ones undeclared).
     *
     * @throws Error when it was one; Spark ends an executor whose task has no memory left
     */
    public static RuntimeException of(ExecutionException e) {
        Throwable fault = e.getCause();
        if (fault instanceof Error error) {
            throw error;
        }
        return fault instanceof RuntimeException unchecked
                ? unchecked
                : new IllegalStateException(fault.getMessage(), fault);
    }
}
