package org.ballast.core.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.ballast.core.chat.ChatSetup.SAMPLING;
import static org.ballast.core.chat.ChatSetup.echoes;
import static org.ballast.core.chat.ChatSetup.respond;
import static org.ballast.core.chat.ChatSetup.text;
import static org.ballast.core.chat.ChatSetup.texts;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.ballast.core.chat.ChatServer.Received;
import org.ballast.core.response.ResponseModel.Outcome;
import org.ballast.core.response.ResponseRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How much is under way at once, and how it ends. */
@Timeout(30)
class ChatLimitsTest {
    private static final ChatServer.Answering SLOW = (request, exchange) -> {
        ChatServer.sleep(20);
        ChatServer.echo(request, exchange);
    };

    /** Hangs until the client goes. */
    private static final ChatServer.Answering HANGING = (request, exchange) -> ChatServer.sleep(20_000);

    @Test
    void requestsOfAProcessAreBoundedAndConnectionsKept() throws Exception {
        try (var server = new ChatServer(SLOW)) {
            ChatSetup setup = ChatSetup.of(server.endpoint());
            setup.perProcess = 5;
            try (ChatModel model = setup.model()) {
                List<ResponseRequest> requests = texts(60);
                assertThat(texts(model.respond(requests, SAMPLING))).isEqualTo(echoes(requests));
                assertThat(server.mostAtOnce()).isEqualTo(5);
                // a connection returns to the pool a moment after its answer
                assertThat(server.received().stream()
                                .map(Received::connection)
                                .distinct()
                                .count())
                        .isLessThanOrEqualTo(10);
            }
        }
    }

    @Test
    void requestsOfAnEndpointAreBounded() throws Exception {
        try (var a = new ChatServer(SLOW);
                var b = new ChatServer(SLOW)) {
            ChatSetup setup = ChatSetup.of(a.endpoint(), b.endpoint());
            setup.perEndpoint = 3;
            try (ChatModel model = setup.model()) {
                model.respond(texts(60), SAMPLING);
                assertThat(a.mostAtOnce()).isEqualTo(3);
                assertThat(b.mostAtOnce()).isEqualTo(3);
            }
        }
    }

    @Test
    void threadsShareTheLimitAndEachGetsItsOwnAnswers() throws Exception {
        try (var server = new ChatServer(SLOW)) {
            ChatSetup setup = ChatSetup.of(server.endpoint());
            setup.perProcess = 6;
            try (ChatModel model = setup.model()) {
                List<CompletableFuture<List<Outcome>>> results = new ArrayList<>();
                List<List<ResponseRequest>> all = new ArrayList<>();
                for (int thread = 0; thread < 4; thread++) {
                    int number = thread;
                    List<ResponseRequest> requests = IntStream.range(0, 40)
                            .mapToObj(i -> text("thread-" + number + "-row-" + i))
                            .toList();
                    all.add(requests);
                    var result = new CompletableFuture<List<Outcome>>();
                    results.add(result);
                    new Thread(() -> result.complete(model.respond(requests, SAMPLING))).start();
                }
                for (int thread = 0; thread < 4; thread++) {
                    assertThat(texts(results.get(thread).get(20, TimeUnit.SECONDS)))
                            .isEqualTo(echoes(all.get(thread)));
                }
                assertThat(server.mostAtOnce()).isEqualTo(6);
                assertThat(server.received()).hasSize(160);
            }
        }
    }

    @Test
    void hundredsOfRequestsNeedFewThreads() throws Exception {
        try (var server = new ChatServer(HANGING)) {
            ChatSetup setup = ChatSetup.of(server.endpoint());
            setup.perProcess = 50;
            setup.perEndpoint = 50;
            try (ChatModel model = setup.model()) {
                var worker = new Thread(() -> assertThatThrownBy(() -> model.respond(texts(500), SAMPLING)));
                worker.start();
                eventually(() -> server.received().size() == 50);
                assertThat(threads()).hasSizeLessThanOrEqualTo(9);
                worker.interrupt();
                worker.join();
            }
        }
    }

    /** Hands out as many permits as a test adds. */
    private static final class Permits implements RequestPermits {
        private final Queue<CompletableFuture<Void>> waiting = new ArrayDeque<>();
        private int asked;

        @Override
        public synchronized CompletionStage<Void> acquire() {
            asked++;
            var permit = new CompletableFuture<Void>();
            waiting.add(permit);
            return permit;
        }

        synchronized int asked() {
            return asked;
        }

        void give() {
            CompletableFuture<Void> next;
            synchronized (this) {
                next = waiting.remove();
            }
            next.complete(null);
        }
    }

    @Test
    void eachAttemptWaitsForAPermit() throws Exception {
        var permits = new Permits();
        try (var server = new ChatServer((request, exchange) -> {
            if (request.number() == 0) {
                ChatServer.send(exchange, 500, "");
            } else {
                ChatServer.echo(request, exchange);
            }
        })) {
            ChatSetup setup = ChatSetup.of(server.endpoint());
            setup.permits = permits;
            try (ChatModel model = setup.model()) {
                var outcome = new CompletableFuture<List<Outcome>>();
                new Thread(() -> outcome.complete(model.respond(texts(2), SAMPLING))).start();
                eventually(() -> permits.asked() == 2);
                ChatServer.sleep(100);
                assertThat(server.received()).isEmpty();
                permits.give();
                // the first attempt fails and asks again
                eventually(() -> permits.asked() == 3);
                ChatServer.sleep(100);
                assertThat(server.received()).hasSize(1);
                permits.give();
                permits.give();
                assertThat(texts(outcome.get(10, TimeUnit.SECONDS))).isEqualTo(echoes(texts(2)));
                assertThat(permits.asked()).isEqualTo(3);
            }
        }
    }

    @Test
    void permitsThatFailEndTheWork() throws Exception {
        try (var server = ChatServer.echo()) {
            ChatSetup setup = ChatSetup.of(server.endpoint());
            setup.permits = () -> CompletableFuture.failedFuture(new IllegalStateException("the driver is gone"));
            try (ChatModel model = setup.model()) {
                assertThatThrownBy(() -> respond(model))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("the driver is gone");
                setup.permits = () -> {
                    throw new IllegalStateException("no driver");
                };
            }
            try (ChatModel model = setup.model()) {
                assertThatThrownBy(() -> model.respond(texts(40), SAMPLING)).hasMessage("no driver");
            }
            assertThat(server.received()).isEmpty();
        }
    }

    @Test
    void interruptCancelsWhatIsUnderWayAndTheModelGoesOn() throws Exception {
        var hang = new AtomicBoolean(true);
        var gone = new CountDownLatch(4);
        try (var server = new RawServer((number, socket) -> {
            if (hang.get()) {
                if (socket.getInputStream().read() < 0) {
                    gone.countDown();
                }
            } else {
                RawServer.writeCompletion(socket, "a");
            }
        })) {
            ChatSetup setup = ChatSetup.of(server.endpoint());
            setup.perProcess = 4;
            try (ChatModel model = setup.model()) {
                var flag = new CompletableFuture<Boolean>();
                var thrown = new CompletableFuture<Throwable>();
                var task = new Thread(() -> {
                    try {
                        model.respond(texts(100), SAMPLING);
                    } catch (RuntimeException e) {
                        thrown.complete(e);
                    }
                    flag.complete(Thread.currentThread().isInterrupted());
                });
                task.start();
                eventually(() -> server.requests() == 4);
                task.interrupt();
                assertThat(thrown.get(5, TimeUnit.SECONDS)).hasMessageContaining("interrupted");
                assertThat(flag.get(5, TimeUnit.SECONDS)).isTrue();
                assertThat(gone.await(5, TimeUnit.SECONDS))
                        .as("connections closed")
                        .isTrue();
                ChatServer.sleep(200);
                assertThat(server.requests())
                        .as("requests of the interrupted task")
                        .isEqualTo(4);
                // all places were given back
                hang.set(false);
                assertThat(model.respond(texts(20), SAMPLING)).hasSize(20);
            }
        }
    }

    @Test
    void faultThatIsNoRowsCancelsTheOthers() throws Exception {
        var gone = new CountDownLatch(1);
        try (var hanging = new RawServer((number, socket) -> {
                    if (socket.getInputStream().read() < 0) {
                        gone.countDown();
                    }
                });
                var refusing = new ChatServer((request, exchange) -> {
                    ChatServer.sleep(200);
                    ChatServer.send(exchange, 401, "");
                })) {
            ChatSetup setup = ChatSetup.of(hanging.endpoint(), refusing.endpoint());
            setup.perEndpoint = 1;
            try (ChatModel model = setup.model()) {
                assertThatThrownBy(() -> model.respond(texts(10), SAMPLING)).isInstanceOf(ModelServerException.class);
                assertThat(gone.await(5, TimeUnit.SECONDS)).isTrue();
            }
        }
    }

    @Test
    void closeEndsWhatIsUnderWayAndAllThreads() throws Exception {
        try (var server = new ChatServer(HANGING)) {
            ChatSetup setup = ChatSetup.of(server.endpoint());
            ChatModel model = setup.model();
            var thrown = new CompletableFuture<Throwable>();
            new Thread(() -> {
                        try {
                            model.respond(texts(40), SAMPLING);
                        } catch (RuntimeException e) {
                            thrown.complete(e);
                        }
                    })
                    .start();
            eventually(() -> server.received().size() == 16);
            model.close();
            assertThat(thrown.get(5, TimeUnit.SECONDS)).hasMessageContaining("closed");
            assertThatThrownBy(() -> respond(model)).hasMessageContaining("closed");
            eventually(() -> threads().isEmpty());
        }
    }

    @Test
    void statisticsAddUp() throws Exception {
        var failed = new AtomicInteger();
        try (var server = new ChatServer((request, exchange) -> {
                    if (request.prompt().endsWith("-3") && failed.getAndIncrement() == 0) {
                        ChatServer.send(exchange, 500, "");
                    } else if (request.prompt().endsWith("-4")) {
                        ChatServer.send(exchange, 400, "");
                    } else {
                        SLOW.answer(request, exchange);
                    }
                });
                ChatModel model = ChatSetup.of(server.endpoint()).model()) {
            model.respond(texts(10), SAMPLING);
            ChatStatistics first = model.takeStatistics();
            assertThat(first.requests()).isEqualTo(11);
            assertThat(first.replies()).isEqualTo(9);
            assertThat(first.failures()).isEqualTo(1);
            assertThat(first.retries()).containsEntry("server-error", 1L);
            assertThat(first.promptTokens()).isEqualTo(9 * 11);
            assertThat(first.completionTokens()).isEqualTo(9 * 3);
            assertThat(first.seconds()).isBetween(9 * 0.02, 10.0);
            model.respond(texts(3), SAMPLING);
            ChatStatistics second = model.takeStatistics();
            assertThat(second.requests()).isEqualTo(3);
            assertThat(second.endpoints().get(server.endpoint().toString()).requests())
                    .isEqualTo(3);
            assertThat(first.plus(second).requests())
                    .isEqualTo(model.statistics().requests());
            assertThat(model.takeStatistics().requests()).isZero();
        }
    }

    /** Threads of open models. */
    private static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("chat-"))
                .toList();
    }

    private static void eventually(java.util.function.BooleanSupplier condition) {
        long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("time until it holds").isLessThan(end);
            ChatServer.sleep(5);
        }
    }
}
