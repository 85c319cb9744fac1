package org.ballast.core.chat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Gives each request an endpoint: of those that may get one, the one with the fewest requests in flight. Where none may, requests wait in their order until one
 * may again, at the longest until the outage is over.
 */
final class EndpointPool {
    private final List<Endpoint> endpoints;
    private final Outage outage;
    private final ChatOptions options;
    private final ScheduledExecutorService timer;
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private ScheduledFuture<?> wake;
    private int turn;

    /** @param avoid the endpoint that failed the request before, or null */
    private record Waiting(CompletableFuture<Endpoint> entry, Endpoint avoid) {}

    /** @param turn which of equals comes first, at the start */
    EndpointPool(ChatOptions options, Counters counters, Outage outage, ScheduledExecutorService timer, int turn) {
        this.options = options;
        this.outage = outage;
        this.timer = timer;
        this.turn = turn;
        endpoints = options.endpoints().stream()
                .map(base -> new Endpoint(base, options, counters))
                .toList();
    }

    /**
     * Done with an endpoint to which the request is to be sent now; its end must be told by one of {@link #answered}, {@link #busy}, {@link #failed} and
     * {@link #abandoned}. Fails with a {@link ModelServerException} when the outage is over. Cancel it to wait no more.
     */
    CompletableFuture<Endpoint> take(Endpoint avoid) {
        var entry = new CompletableFuture<Endpoint>();
        synchronized (this) {
            waiting.add(new Waiting(entry, avoid));
        }
        serve();
        return entry;
    }

    void answered(Endpoint endpoint) {
        synchronized (this) {
            endpoint.answered();
            outage.answered();
        }
        serve();
    }

    void busy(Endpoint endpoint, TryAgain fault) {
        synchronized (this) {
            endpoint.busy(fault.retryAfter(), fault.getMessage());
            outage.failed();
        }
        serve();
    }

    void failed(Endpoint endpoint, TryAgain fault) {
        synchronized (this) {
            endpoint.failed(fault.getMessage());
            outage.failed();
        }
        serve();
    }

    void abandoned(Endpoint endpoint) {
        synchronized (this) {
            endpoint.abandoned();
        }
        serve();
    }

    /** What is thrown when the outage is over. */
    synchronized ModelServerException unusable() {
        return new ModelServerException(
                "no model server has answered for " + options.health().outage() + ": "
                        + endpoints.stream()
                                .map(endpoint -> endpoint + " ("
                                        + (endpoint.lastFault() == null ? "not reached" : endpoint.lastFault()) + ")")
                                .collect(Collectors.joining(", ")));
    }

    private void serve() {
        // completed outside the lock: it starts what waited
        List<Runnable> ready = new ArrayList<>();
        synchronized (this) {
            long now = System.nanoTime();
            while (!waiting.isEmpty()) {
                Waiting head = waiting.peek();
                Endpoint chosen = head.entry.isDone() ? null : choose(head.avoid, now);
                if (chosen != null) {
                    ready.add(() -> {
                        if (!head.entry.complete(chosen)) {
                            abandoned(chosen);
                        }
                    });
                } else if (!head.entry.isDone()) {
                    break;
                }
                waiting.poll();
            }
            if (outage.over()) {
                ModelServerException fault = waiting.isEmpty() ? null : unusable();
                waiting.forEach(one -> ready.add(() -> one.entry.completeExceptionally(fault)));
                waiting.clear();
            }
            scheduleWake(now);
        }
        ready.forEach(Runnable::run);
    }

    private Endpoint choose(Endpoint avoid, long now) {
        List<Endpoint> order = new ArrayList<>(endpoints.size());
        for (int i = 0; i < endpoints.size(); i++) {
            order.add(endpoints.get(Math.floorMod(turn + i, endpoints.size())));
        }
        turn++;
        order.sort(Comparator.<Endpoint, Boolean>comparing(endpoint -> endpoint == avoid)
                .thenComparing(Endpoint::inFlight));
        for (Endpoint endpoint : order) {
            if (endpoint.admit(now)) {
                return endpoint;
            }
        }
        return null;
    }

    private void scheduleWake(long now) {
        if (wake != null) {
            wake.cancel(false);
            wake = null;
        }
        if (!waiting.isEmpty() && !timer.isShutdown()) {
            long rest = outage.remainingNanos();
            for (Endpoint endpoint : endpoints) {
                rest = Math.min(rest, endpoint.restNanos(now));
            }
            wake = timer.schedule(this::serve, Math.max(rest, 1_000_000), TimeUnit.NANOSECONDS);
        }
    }
}
