package org.ballast.core.chat;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;

/** Lets a number of requests through at once, first come, first served, without a thread that waits. */
final class Gate {
    private final Queue<CompletableFuture<Void>> waiting = new ArrayDeque<>();
    private int free;

    Gate(int places) {
        free = places;
    }

    /** Done when there is a place, which {@link #leave} gives back; cancel it to wait no more. */
    synchronized CompletableFuture<Void> enter() {
        var entry = new CompletableFuture<Void>();
        if (free > 0) {
            free--;
            entry.complete(null);
        } else {
            waiting.add(entry);
        }
        return entry;
    }

    /** Gives a place back: to the first who still waits. */
    void leave() {
        while (true) {
            CompletableFuture<Void> next;
            synchronized (this) {
                next = waiting.poll();
                if (next == null) {
                    free++;
                    return;
                }
            }
            // outside the lock: it starts what waited. False for one that was cancelled
            if (next.complete(null)) {
                return;
            }
        }
    }
}
