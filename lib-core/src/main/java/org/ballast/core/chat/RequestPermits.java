package org.ballast.core.chat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Who may send when: the place of a limit on the rate of requests over all processes. Called by several threads at once. */
public interface RequestPermits {
    /**
     * Asks for one permit; each request takes one whenever it is sent, retries included. Does not block: it returns at once, and what it returns is done when
     * the request may be sent. One that fails ends the work: {@link ChatModel#respond} throws its cause. It may be cancelled by who asked and wants it no
     * more.
     */
    CompletionStage<Void> acquire();

    /** Without a limit. */
    static RequestPermits unlimited() {
        return () -> CompletableFuture.completedFuture(null);
    }
}
