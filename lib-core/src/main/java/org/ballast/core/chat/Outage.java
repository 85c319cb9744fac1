package org.ballast.core.chat;

import java.time.Duration;

/** How long the endpoints, all taken together, have failed without one answer. */
final class Outage {
    private final long limitNanos;
    private boolean failing;
    private long failingSince;
    private boolean everAnswered;
    private long lastAnswer;

    Outage(Duration limit) {
        limitNanos = limit.toNanos();
    }

    /** Work begins after a pause: what failed before it says nothing. */
    synchronized void begin() {
        failing = false;
    }

    synchronized void answered() {
        failing = false;
        everAnswered = true;
        lastAnswer = System.nanoTime();
    }

    synchronized void failed() {
        if (!failing) {
            failing = true;
            failingSince = System.nanoTime();
        }
    }

    synchronized boolean over() {
        return failing && System.nanoTime() - failingSince >= limitNanos;
    }

    /** Until it is over if nothing answers; the whole limit while nothing fails. */
    synchronized long remainingNanos() {
        return failing ? Math.max(0, limitNanos - (System.nanoTime() - failingSince)) : limitNanos;
    }

    /** Whether any endpoint has answered since then. */
    synchronized boolean answeredSince(long nanoTime) {
        return everAnswered && lastAnswer - nanoTime >= 0;
    }

    /** Whether any endpoint has answered within the limit. */
    synchronized boolean answeredLately() {
        return everAnswered && System.nanoTime() - lastAnswer < limitNanos;
    }
}
