package org.ballast.core.chat;

import java.time.Duration;

/** An attempt that came to nothing, for a reason that may pass. */
final class TryAgain extends Exception {
    private static final long serialVersionUID = 1L;

    private final RetryCause retryCause;
    private final Duration retryAfter;

    TryAgain(RetryCause retryCause, String message) {
        this(retryCause, message, null);
    }

    /** @param retryAfter what the server asked for, or null */
    TryAgain(RetryCause retryCause, String message, Duration retryAfter) {
        super(message, null, false, false);
        this.retryCause = retryCause;
        this.retryAfter = retryAfter;
    }

    RetryCause retryCause() {
        return retryCause;
    }

    Duration retryAfter() {
        return retryAfter;
    }
}
