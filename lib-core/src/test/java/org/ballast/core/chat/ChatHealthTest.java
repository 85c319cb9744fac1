package org.ballast.core.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.ballast.core.chat.ChatSetup.SAMPLING;
import static org.ballast.core.chat.ChatSetup.deadEndpoint;
import static org.ballast.core.chat.ChatSetup.echoes;
import static org.ballast.core.chat.ChatSetup.respond;
import static org.ballast.core.chat.ChatSetup.texts;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.ballast.core.chat.ChatServer.Received;
import org.ballast.core.chat.ChatStatistics.OfEndpoint;
import org.ballast.core.response.ResponseModel.Reply;
import org.ballast.core.response.ResponseRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Several endpoints, of which some fail. */
@Timeout(30)
class ChatHealthTest {
    private static final int MILLIS = 20;

    private static void slowEcho(Received request, HttpExchange exchange) throws IOException {
        ChatServer.sleep(MILLIS);
        ChatServer.echo(request, exchange);
    }

    private static OfEndpoint of(ChatModel model, URI endpoint) {
        return model.statistics().endpoints().getOrDefault(endpoint.toString(), OfEndpoint.NONE);
    }

    private static ChatSetup fourEach(URI... endpoints) {
        ChatSetup setup = ChatSetup.of(endpoints);
        setup.perEndpoint = 4;
        setup.probeAfter = Duration.ofSeconds(1);
        return setup;
    }

    /** At most so many of the endpoint's requests failed: those under way when it died, and one a probe. */
    private static void assertFewFaults(ChatModel model, URI dead, Duration took) {
        assertThat(of(model, dead).faults()).isBetween(3L, 4 + 3 + took.toSeconds() + 1);
        assertThat(of(model, dead).opened()).isPositive();
    }

    @Test
    void allEndpointsShareTheWork() throws Exception {
        List<ResponseRequest> requests = texts(120);
        try (var a = new ChatServer(ChatHealthTest::slowEcho);
                var b = new ChatServer(ChatHealthTest::slowEcho);
                var c = new ChatServer(ChatHealthTest::slowEcho);
                ChatModel model =
                        fourEach(a.endpoint(), b.endpoint(), c.endpoint()).model()) {
            assertThat(texts(model.respond(requests, SAMPLING))).isEqualTo(echoes(requests));
            for (ChatServer server : List.of(a, b, c)) {
                assertThat(server.received().size()).isBetween(20, 70);
            }
        }
    }

    @Test
    void endpointThatIsDeadFromTheStartCostsNoRow() throws Exception {
        List<ResponseRequest> requests = texts(200);
        URI dead = deadEndpoint();
        try (var a = new ChatServer(ChatHealthTest::slowEcho);
                var b = new ChatServer(ChatHealthTest::slowEcho);
                ChatModel model = fourEach(a.endpoint(), dead, b.endpoint()).model()) {
            long start = System.nanoTime();
            assertThat(texts(model.respond(requests, SAMPLING))).isEqualTo(echoes(requests));
            Duration took = Duration.ofNanos(System.nanoTime() - start);
            // 8 at once, 20 ms each: half a second
            assertThat(took).isLessThan(Duration.ofSeconds(6));
            assertFewFaults(model, dead, took);
            assertThat(a.received().size() + b.received().size()).isEqualTo(200);
        }
    }

    @Test
    void endpointThatDiesHalfwayCostsNoRow() throws Exception {
        List<ResponseRequest> requests = texts(300);
        var dead = new AtomicBoolean();
        var served = new AtomicInteger();
        try (var a = new ChatServer(ChatHealthTest::slowEcho);
                var b = new ChatServer(ChatHealthTest::slowEcho);
                var dying = new RawServer((number, socket) -> {
                    if (number >= 30) {
                        dead.set(true);
                        RawServer.reset(socket);
                    } else {
                        served.incrementAndGet();
                        ChatServer.sleep(MILLIS);
                        RawServer.writeCompletion(socket, "from the dying one");
                    }
                });
                ChatModel model =
                        fourEach(a.endpoint(), dying.endpoint(), b.endpoint()).model()) {
            long start = System.nanoTime();
            var outcomes = model.respond(requests, SAMPLING);
            Duration took = Duration.ofNanos(System.nanoTime() - start);
            assertThat(dead).isTrue();
            assertThat(outcomes).hasSize(300).hasOnlyElementsOfType(Reply.class);
            for (int i = 0; i < 300; i++) {
                assertThat(((Reply) outcomes.get(i)).text()).isIn("you said say row-" + i, "from the dying one");
            }
            assertThat(took).isLessThan(Duration.ofSeconds(8));
            assertFewFaults(model, dying.endpoint(), took);
            // each row was answered once
            assertThat(a.received().size() + b.received().size() + served.get()).isEqualTo(300);
            assertThat(model.statistics().replies()).isEqualTo(300);
        }
    }

    @Test
    void endpointThatComesBackIsUsedAgain() throws Exception {
        var down = new AtomicBoolean(true);
        try (var a = new ChatServer(ChatHealthTest::slowEcho);
                var b = new ChatServer((request, exchange) -> {
                    if (down.get()) {
                        ChatServer.send(exchange, 503, "loading model");
                    } else {
                        slowEcho(request, exchange);
                    }
                })) {
            ChatSetup setup = fourEach(a.endpoint(), b.endpoint());
            setup.probeAfter = Duration.ofMillis(100);
            try (ChatModel model = setup.model()) {
                model.respond(texts(50), SAMPLING);
                assertThat(of(model, b.endpoint()).opened()).isPositive();
                int before = b.received().size();
                down.set(false);
                ChatServer.sleep(150);
                List<ResponseRequest> requests = texts(100);
                assertThat(texts(model.respond(requests, SAMPLING))).isEqualTo(echoes(requests));
                assertThat(b.received().size() - before).isGreaterThan(20);
            }
        }
    }

    @Test
    void tooManyRequestsLowersThePressureAndOpensNothing() throws Exception {
        var now = new AtomicInteger();
        try (var server = new ChatServer((request, exchange) -> {
            try {
                if (now.incrementAndGet() > 2) {
                    ChatServer.send(exchange, 429, "two at once");
                } else {
                    slowEcho(request, exchange);
                }
            } finally {
                now.decrementAndGet();
            }
        })) {
            ChatSetup setup = ChatSetup.of(server.endpoint());
            try (ChatModel model = setup.model()) {
                List<ResponseRequest> requests = texts(100);
                assertThat(texts(model.respond(requests, SAMPLING))).isEqualTo(echoes(requests));
                OfEndpoint of = of(model, server.endpoint());
                assertThat(of.opened()).isZero();
                assertThat(of.faults()).isZero();
                // 16 at once for 2 would be refused hundreds of times
                assertThat(of.busy()).isBetween(1L, 150L);
            }
        }
    }

    @Test
    void retryAfterPausesTheEndpointForAllRequests() throws Exception {
        var refusedAt = new java.util.concurrent.atomic.AtomicLong();
        var early = new AtomicInteger();
        try (var server = new ChatServer((request, exchange) -> {
            if (request.number() == 0) {
                refusedAt.set(System.nanoTime());
                ChatServer.send(exchange, 429, "", "Retry-After", "1");
            } else {
                early.addAndGet(System.nanoTime() - refusedAt.get() < 900_000_000L ? 1 : 0);
                ChatServer.echo(request, exchange);
            }
        })) {
            ChatSetup setup = ChatSetup.of(server.endpoint());
            setup.perEndpoint = 1;
            try (ChatModel model = setup.model()) {
                model.respond(texts(10), SAMPLING);
                assertThat(early).hasValue(0);
            }
        }
    }

    @Test
    void outageEndsTheWorkNamingWhatIsWrong() throws Exception {
        URI dead = deadEndpoint();
        try (var server = new ChatServer((request, exchange) -> ChatServer.send(exchange, 500, "out of memory"))) {
            ChatSetup setup = fourEach(dead, server.endpoint());
            setup.request = Duration.ofMillis(300);
            setup.probeAfter = Duration.ofMillis(100);
            setup.outage = Duration.ofSeconds(1);
            try (ChatModel model = setup.model()) {
                long start = System.nanoTime();
                assertThatThrownBy(() -> model.respond(texts(30), SAMPLING))
                        .isInstanceOf(ModelServerException.class)
                        .hasMessageContaining("PT1S")
                        .hasMessageContaining(dead + " (ConnectException")
                        .hasMessageContaining(server.endpoint() + " (500: out of memory)");
                assertThat(Duration.ofNanos(System.nanoTime() - start))
                        .isBetween(Duration.ofMillis(900), Duration.ofSeconds(5));
                assertThat(model.statistics().failures())
                        .as("rows that were given up")
                        .isZero();
                assertThat(model.statistics().requests()).isLessThan(100);
            }
        }
    }

    @Test
    void singleRowOutlivesAShortOutage() throws Exception {
        long start = System.nanoTime();
        try (var server = new ChatServer((request, exchange) -> {
            if (System.nanoTime() - start < 1_500_000_000L) {
                ChatServer.send(exchange, 502, "");
            } else {
                ChatServer.echo(request, exchange);
            }
        })) {
            ChatSetup setup = ChatSetup.of(server.endpoint());
            setup.faults = 1;
            setup.failures = 100;
            try (ChatModel model = setup.model()) {
                assertThat(respond(model)).isInstanceOf(Reply.class);
                assertThat(server.received().size())
                        .as("attempts, beyond the retries")
                        .isGreaterThan(3);
            }
        }
    }

    @Test
    void serverThatOnlyRefusesForLoadIsAnOutage() throws Exception {
        try (var server = new ChatServer((request, exchange) -> ChatServer.send(exchange, 429, "quota"))) {
            ChatSetup setup = ChatSetup.of(server.endpoint());
            setup.request = Duration.ofMillis(300);
            setup.busy = 2;
            setup.outage = Duration.ofSeconds(1);
            try (ChatModel model = setup.model()) {
                assertThatThrownBy(() -> model.respond(texts(5), SAMPLING))
                        .isInstanceOf(ModelServerException.class)
                        .hasMessageContaining("429: quota");
            }
        }
    }

    @Test
    void workAfterAnOutageStartsAfresh() throws Exception {
        var down = new AtomicBoolean(true);
        try (var server = new ChatServer((request, exchange) -> {
            if (down.get()) {
                ChatServer.send(exchange, 500, "");
            } else {
                ChatServer.echo(request, exchange);
            }
        })) {
            ChatSetup setup = ChatSetup.of(server.endpoint());
            setup.request = Duration.ofMillis(500);
            setup.outage = Duration.ofMillis(600);
            try (ChatModel model = setup.model()) {
                assertThatThrownBy(() -> respond(model)).isInstanceOf(ModelServerException.class);
                down.set(false);
                assertThat(respond(model)).isInstanceOf(Reply.class);
            }
        }
    }
}
