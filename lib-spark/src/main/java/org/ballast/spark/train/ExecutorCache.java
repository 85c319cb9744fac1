package org.ballast.spark.train;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * What a JVM opens once and shares among its tasks (models, files), by the key of its whole configuration. It stays
 * open after its last lease; the longest idle of more than {@code idleCapacity} resources is closed, and the rest at
 * JVM exit. A resource under lease is never closed.
 */
public final class ExecutorCache<T extends AutoCloseable> {
    private final int idleCapacity;
    private final Map<String, Entry> entries = new HashMap<>();
    private long clock;

    public ExecutorCache(int idleCapacity) {
        if (idleCapacity < 0) {
            throw new IllegalArgumentException("idle capacity must not be negative: " + idleCapacity);
        }
        this.idleCapacity = idleCapacity;
        Runtime.getRuntime().addShutdownHook(new Thread(() -> evict(0), "close-idle-resources"));
    }

    private final class Entry {
        T value;
        int leases;
        long idleSince;
    }

    /** The right to use a resource until closed. */
    public final class Lease implements AutoCloseable {
        private final Entry entry;
        private boolean closed;

        private Lease(Entry entry) {
            this.entry = entry;
        }

        public T value() {
            return entry.value;
        }

        @Override
        public void close() {
            synchronized (entries) {
                if (closed) {
                    return;
                }
                closed = true;
                entry.leases--;
                entry.idleSince = ++clock;
            }
            evict(idleCapacity);
        }
    }

    /** Leases the resource of this key, opening it if no other task has; tasks that ask meanwhile wait for it. */
    public Lease lease(String key, Supplier<T> opener) {
        Entry entry;
        synchronized (entries) {
            entry = entries.computeIfAbsent(key, absent -> new Entry());
            entry.leases++;
        }
        var lease = new Lease(entry);
        try {
            synchronized (entry) {
                if (entry.value == null) {
                    entry.value = opener.get();
                }
            }
            return lease;
        } catch (Throwable failure) {
            lease.close();
            throw failure;
        }
    }

    private void evict(int keep) {
        while (true) {
            Entry oldest = null;
            synchronized (entries) {
                int idle = 0;
                String oldestKey = null;
                for (var candidate : entries.entrySet()) {
                    Entry entry = candidate.getValue();
                    if (entry.leases == 0) {
                        idle++;
                        if (oldest == null || entry.idleSince < oldest.idleSince) {
                            oldest = entry;
                            oldestKey = candidate.getKey();
                        }
                    }
                }
                if (idle <= keep) {
                    return;
                }
                entries.remove(oldestKey);
            }
            close(oldest);
        }
    }

    private void close(Entry entry) {
        synchronized (entry) {
            if (entry.value == null) {
                return;
            }
            try {
                entry.value.close();
            } catch (Exception failure) {
                throw new IllegalStateException("cannot close " + entry.value, failure);
            }
        }
    }
}
