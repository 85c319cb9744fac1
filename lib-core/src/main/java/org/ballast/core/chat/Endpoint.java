package org.ballast.core.chat;

import dev.failsafe.CircuitBreaker;
import java.net.URI;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One server: its load, its health and how much it takes. A 429 halves the number of requests that it gets at once and pauses it; each answer raises the number
 * by 1 / number again, up to the limit. What changes is guarded by the lock of the {@link EndpointPool}.
 */
final class Endpoint {
    private static final Logger LOG = LoggerFactory.getLogger(Endpoint.class);

    private final URI base;
    private final URI target;
    private final int most;
    private final ChatOptions.Retries retries;
    private final CircuitBreaker<Object> breaker;
    private int inFlight;
    private double window;
    private long pausedUntil;
    private int refusals;
    private String lastFault;
    private volatile boolean refusesFormat;

    Endpoint(URI base, ChatOptions options, Counters counters) {
        this.base = base;
        target = URI.create(base + "/chat/completions");
        most = options.limits().perEndpoint();
        window = most;
        retries = options.retries();
        pausedUntil = System.nanoTime();
        breaker = CircuitBreaker.builder()
                .withFailureThreshold(
                        options.health().failures(), options.health().of())
                .withDelay(options.health().probeAfter())
                .withSuccessThreshold(1)
                .onOpen(event -> {
                    counters.opened(this);
                    LOG.warn(
                            "{} is left alone for {}: {}",
                            base,
                            options.health().probeAfter(),
                            lastFault);
                })
                .onClose(event -> LOG.info("{} answers again", base))
                .build();
    }

    URI target() {
        return target;
    }

    int inFlight() {
        return inFlight;
    }

    /** Whether it may get a request now. One that is open and has rested long enough gets a single request, which decides. */
    boolean admit(long now) {
        if (!hasRoom() || pausedUntil - now > 0 || !breaker.tryAcquirePermit()) {
            return false;
        }
        inFlight++;
        return true;
    }

    /** Nanoseconds until time alone may make it take a request; {@link Long#MAX_VALUE} where it waits for an answer. */
    long restNanos(long now) {
        if (!hasRoom() || breaker.isHalfOpen()) {
            return Long.MAX_VALUE;
        }
        return Math.max(pausedUntil - now, breaker.getRemainingDelay().toNanos());
    }

    private boolean hasRoom() {
        return inFlight < (int) window;
    }

    /** A request ended with an answer, whatever it says. */
    void answered() {
        inFlight--;
        breaker.recordSuccess();
        window = Math.min(most, window + 1 / window);
        if (pausedUntil - System.nanoTime() <= 0) {
            refusals = 0;
        }
    }

    /**
     * A request ended because there is too much to do: fewer at once, none for a while. The server lives.
     *
     * @param retryAfter what it asks for, or null
     */
    void busy(Duration retryAfter, String fault) {
        inFlight--;
        lastFault = fault;
        breaker.recordSuccess();
        long now = System.nanoTime();
        if (pausedUntil - now <= 0) {
            // one burst of refusals counts once
            window = Math.max(1, window / 2);
            refusals++;
        }
        long doubled = retries.first().toNanos() << Math.min(refusals - 1, 16);
        long pause = retryAfter != null
                ? retryAfter.toNanos()
                : Math.min(retries.most().toNanos(), doubled);
        if (now + pause - pausedUntil > 0) {
            pausedUntil = now + pause;
        }
    }

    void failed(String fault) {
        inFlight--;
        lastFault = fault;
        breaker.recordFailure();
    }

    /** A request was withdrawn here, which says nothing of the server. */
    void abandoned() {
        inFlight--;
        if (breaker.isHalfOpen()) {
            // the breaker has no way to give its one permit back
            breaker.open();
        }
    }

    /** What last went wrong, or null. */
    String lastFault() {
        return lastFault;
    }

    boolean refusesFormat() {
        return refusesFormat;
    }

    /** From now on it gets no {@code response_format}. */
    void refuseFormat(String message) {
        synchronized (this) {
            if (refusesFormat) {
                return;
            }
            refusesFormat = true;
        }
        LOG.warn("{} takes no response_format, requests go without it: {}", base, message);
    }

    @Override
    public String toString() {
        return base.toString();
    }
}
