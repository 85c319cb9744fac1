package org.ballast.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ExecutorCacheTest {
    private final List<String> closed = new ArrayList<>();
    private final AtomicInteger opened = new AtomicInteger();

    private AutoCloseable open(String name) {
        opened.incrementAndGet();
        return () -> closed.add(name);
    }

    @Test
    void opensOnceAndClosesTheLongestIdleBeyondItsCapacity() {
        var cache = new ExecutorCache<AutoCloseable>(1);
        var first = cache.lease("a", () -> open("a"));
        var second = cache.lease("a", () -> open("a"));
        assertThat(first.value()).isSameAs(second.value());
        first.close();
        first.close();
        cache.lease("b", () -> open("b")).close();
        assertThat(closed).as("a is still leased").isEmpty();
        second.close();
        assertThat(closed).containsExactly("b");
        cache.lease("a", () -> open("a")).close();
        assertThat(opened).hasValue(2);
        cache.lease("b", () -> open("b")).close();
        assertThat(closed).containsExactly("b", "a");
        assertThat(opened).hasValue(3);
    }

    @Test
    void tasksThatAskAtOnceShareOneOpening() throws Exception {
        var cache = new ExecutorCache<AutoCloseable>(1);
        var start = new CountDownLatch(1);
        var threads = Executors.newFixedThreadPool(8);
        List<Future<AutoCloseable>> values = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            values.add(threads.submit(() -> {
                start.await();
                return cache.lease("a", () -> open("a")).value();
            }));
        }
        start.countDown();
        for (Future<AutoCloseable> value : values) {
            assertThat(value.get()).isSameAs(values.get(0).get());
        }
        threads.shutdown();
        assertThat(opened).hasValue(1);
    }

    @Test
    void aFailedOpeningIsTriedAgain() {
        var cache = new ExecutorCache<AutoCloseable>(1);
        assertThatThrownBy(() -> cache.lease("a", () -> {
                    throw new IllegalStateException("no such file");
                }))
                .hasMessage("no such file");
        try (var lease = cache.lease("a", () -> open("a"))) {
            assertThat(lease.value()).isNotNull();
        }
    }
}
