package org.ballast.core.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.ballast.core.chat.ChatSetup.SAMPLING;
import static org.ballast.core.chat.ChatSetup.completion;
import static org.ballast.core.chat.ChatSetup.respond;
import static org.ballast.core.chat.ChatSetup.text;

import com.sun.net.httpserver.HttpExchange;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.ballast.core.chat.ChatServer.Received;
import org.ballast.core.data.Reason;
import org.ballast.core.response.ResponseModel.Failure;
import org.ballast.core.response.ResponseModel.Outcome;
import org.ballast.core.response.ResponseModel.Reply;
import org.ballast.core.response.ResponseRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(20)
class ChatRetryTest {
    private static final Reply GOOD = new Reply("good", "stop", 11, 3);

    /** Answers the first requests in this way and the rest well. */
    private static ChatServer.Answering first(int count, ChatServer.Answering bad) {
        return (request, exchange) -> {
            if (request.number() < count) {
                bad.answer(request, exchange);
            } else {
                ChatServer.send(exchange, 200, completion("good"));
            }
        };
    }

    private static RawServer.Answering firstRaw(int count, RawServer.Answering bad) {
        return (number, socket) -> {
            if (number < count) {
                bad.answer(number, socket);
            } else {
                RawServer.writeCompletion(socket, "good");
            }
        };
    }

    private static ChatServer.Answering status(int status, String body, String... headers) {
        return (request, exchange) -> ChatServer.send(exchange, status, body, headers);
    }

    private static void assertRecovers(ChatServer.Answering bad, int times, String cause) throws Exception {
        try (var server = new ChatServer(first(times, bad));
                ChatModel model = ChatSetup.of(server.endpoint()).model()) {
            assertThat(respond(model)).isEqualTo(GOOD);
            assertThat(server.received()).hasSize(times + 1);
            assertThat(model.statistics().retries()).containsOnly(java.util.Map.entry(cause, (long) times));
            assertThat(model.statistics().requests()).isEqualTo(times + 1);
        }
    }

    private static void assertRecoversRaw(RawServer.Answering bad, String cause) throws Exception {
        try (var server = new RawServer(firstRaw(2, bad));
                ChatModel model = ChatSetup.of(server.endpoint()).model()) {
            assertThat(respond(model)).isEqualTo(GOOD);
            assertThat(server.requests()).isEqualTo(3);
            assertThat(model.statistics().retries()).containsOnly(java.util.Map.entry(cause, 2L));
        }
    }

    @Test
    void tooManyRequestsWithoutRetryAfterAreSentAgain() throws Exception {
        assertRecovers(status(429, "slow down"), 6, "busy");
    }

    @Test
    void retryAfterInSecondsIsWaitedFor() throws Exception {
        long start = System.nanoTime();
        assertRecovers(status(429, "", "Retry-After", "1"), 1, "busy");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(950));
    }

    @Test
    void retryAfterAsADateIsWaitedFor() throws Exception {
        long start = System.nanoTime();
        ChatServer.Answering unavailable = (request, exchange) -> ChatServer.send(
                exchange,
                503,
                "",
                "Retry-After",
                // dates have whole seconds: from one to two of them
                DateTimeFormatter.RFC_1123_DATE_TIME.format(
                        ZonedDateTime.now(ZoneOffset.UTC).plusSeconds(2)));
        assertRecovers(unavailable, 1, "busy");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(900));
    }

    @Test
    void retryAfterIsGrantedUpToALimit() throws Exception {
        try (var server = new ChatServer(first(1, status(429, "", "Retry-After", "86400")))) {
            ChatSetup setup = ChatSetup.of(server.endpoint());
            setup.mostAsked = Duration.ofMillis(200);
            try (ChatModel model = setup.model()) {
                assertThat(respond(model)).isEqualTo(GOOD);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {500, 408, 599})
    void serverErrorsAreSentAgain(int status) throws Exception {
        assertRecovers(status(status, "oops"), 2, "server-error");
    }

    @ParameterizedTest
    @ValueSource(ints = {502, 503, 504})
    void errorsOfAProxyAreSentAgain(int status) throws Exception {
        assertRecovers(status(status, "<html>bad gateway</html>"), 2, "unreachable");
    }

    @Test
    void connectionResetInTheMiddleIsSentAgain() throws Exception {
        assertRecoversRaw(
                (number, socket) -> {
                    RawServer.write(socket, RawServer.ok(500) + "{\"choices\":[{\"mess");
                    RawServer.reset(socket);
                },
                "unreachable");
    }

    @Test
    void connectionThatEndsBeforeTheHeadersIsSentAgain() throws Exception {
        assertRecoversRaw((number, socket) -> {}, "unreachable");
    }

    @Test
    void bodyThatEndsBeforeItsLengthIsSentAgain() throws Exception {
        assertRecoversRaw(
                (number, socket) -> RawServer.write(socket, RawServer.ok(500) + "{\"choices\":["), "unreachable");
    }

    @Test
    void whatIsNotHttpIsSentAgain() throws Exception {
        assertRecoversRaw((number, socket) -> RawServer.write(socket, "220 mail ready\r\n\r\n"), "unreachable");
    }

    @Test
    void halfJsonIsSentAgain() throws Exception {
        String whole = completion("good");
        assertRecovers(status(200, whole.substring(0, whole.length() / 2)), 2, "malformed");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "null",
                "{\"choices\":[]}",
                "{\"choices\":[{\"message\":\"text\"}]}",
                "{\"choices\":[{\"message\":{\"content\":{\"a\":1}}}]}",
                "{\"choices\":[{\"message\":{\"content\":\"a\"}}]} and more"
            })
    void answersOfAnotherFormAreSentAgain(String body) throws Exception {
        assertRecovers(status(200, body), 2, "malformed");
    }

    @Test
    void generationThatTheServerBrokeOffIsMadeAgain() throws Exception {
        assertRecovers(status(200, completion("ha", "abort")), 1, "server-error");
    }

    @Test
    void stallIsCutOffAndTheRequestSentAgain() throws Exception {
        var closed = new CompletableFuture<Integer>();
        try (var server = new RawServer(firstRaw(1, (number, socket) -> {
            // a server that says nothing for a minute, or until its client hangs up
            socket.setSoTimeout(60_000);
            closed.complete(socket.getInputStream().read());
        }))) {
            ChatSetup setup = ChatSetup.of(server.endpoint());
            setup.request = Duration.ofMillis(400);
            try (ChatModel model = setup.model()) {
                long start = System.nanoTime();
                assertThat(respond(model)).isEqualTo(GOOD);
                assertThat(Duration.ofNanos(System.nanoTime() - start))
                        .isBetween(Duration.ofMillis(390), Duration.ofSeconds(5));
                assertThat(model.statistics().retries()).containsEntry("timeout", 1L);
            }
            assertThat(closed.get(5, TimeUnit.SECONDS))
                    .as("end of the stalled connection")
                    .isEqualTo(-1);
        }
    }

    @Test
    void slowDripIsCutOffAlthoughEachByteIsInTime() throws Exception {
        try (var server = new RawServer(firstRaw(1, ChatRetryTest::drip))) {
            ChatSetup setup = ChatSetup.of(server.endpoint());
            setup.request = Duration.ofMillis(500);
            try (ChatModel model = setup.model()) {
                long start = System.nanoTime();
                assertThat(respond(model)).isEqualTo(GOOD);
                assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
                assertThat(model.statistics().retries()).containsEntry("timeout", 1L);
            }
        }
    }

    private static void drip(int number, Socket socket) throws Exception {
        String body = completion("x".repeat(1000));
        RawServer.write(socket, RawServer.ok(body.length()));
        for (char c : body.toCharArray()) {
            RawServer.write(socket, String.valueOf(c));
            Thread.sleep(20);
        }
    }

    @Test
    void rowGivesUpAfterItsRetriesWhileOthersAreAnswered() throws Exception {
        try (var server = new ChatServer((request, exchange) -> {
                    if (request.prompt().endsWith("poison")) {
                        ChatServer.send(exchange, 500, "{\"error\":{\"message\":\"engine\\n  failed\"}}");
                    } else {
                        ChatServer.echo(request, exchange);
                    }
                });
                ChatModel model = ChatSetup.of(server.endpoint()).model()) {
            respond(model);
            List<Outcome> outcomes = model.respond(List.of(text("poison"), text("b")), SAMPLING);
            assertThat(outcomes.get(1)).isInstanceOf(Reply.class);
            Failure failure = (Failure) outcomes.get(0);
            assertThat(failure.reason()).isEqualTo(Reason.GENERATION_FAILED);
            assertThat(failure.message())
                    .isEqualTo("500: engine failed, at the last of 5 attempts, by " + server.endpoint());
            assertThat(model.statistics().failures()).isEqualTo(1);
        }
    }

    @Test
    void badRequestIsTheRowsFaultAndNotSentAgain() throws Exception {
        String long500 = "the picture is too large ".repeat(100);
        try (var server = new ChatServer(status(400, "{\"error\":{\"message\":\"" + long500 + "\"}}"));
                ChatModel model = ChatSetup.of(server.endpoint()).model()) {
            Failure failure = (Failure) respond(model);
            assertThat(failure.reason()).isEqualTo(Reason.GENERATION_FAILED);
            assertThat(failure.message())
                    .startsWith("400: the picture is too large the")
                    .hasSizeBetween(500, 520);
            assertThat(server.received()).hasSize(1);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {413, 422})
    void otherClientErrorsAreNotSentAgain(int status) throws Exception {
        try (var server = new ChatServer(status(status, "{\"detail\":\"no\"}"));
                ChatModel model = ChatSetup.of(server.endpoint()).model()) {
            assertThat(respond(model)).isEqualTo(new Failure(Reason.GENERATION_FAILED, status + ": no"));
            assertThat(server.received()).hasSize(1);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 302, 303, 307, 308})
    void redirectIsRefusedAndTheOtherHostHearsNothing(int status) throws Exception {
        try (var other = ChatServer.echo();
                var server = new ChatServer((request, exchange) ->
                        ChatServer.send(exchange, status, "", "Location", other.endpoint() + "/chat/completions"));
                ChatModel model = ChatSetup.of(server.endpoint()).model()) {
            assertThatThrownBy(() -> respond(model))
                    .isInstanceOf(ModelServerException.class)
                    .hasMessageContaining(server.endpoint().toString())
                    .hasMessageContaining("(" + status + ") to " + other.endpoint());
            assertThat(other.received()).isEmpty();
            assertThat(server.received()).hasSize(1);
        }
    }

    @Test
    void answerOverTheLimitIsNotReadToItsEnd() throws Exception {
        int tenMegabytes = 10 << 20;
        var written = new CompletableFuture<Integer>();
        try (var server = new RawServer((number, socket) -> {
            RawServer.write(socket, RawServer.ok(tenMegabytes));
            int sent = 0;
            try {
                while (sent < tenMegabytes) {
                    RawServer.write(socket, " ".repeat(1 << 16));
                    sent += 1 << 16;
                }
            } finally {
                written.complete(sent);
            }
        })) {
            ChatSetup setup = ChatSetup.of(server.endpoint());
            setup.answerBytes = 100_000;
            try (ChatModel model = setup.model()) {
                assertThat(respond(model))
                        .isEqualTo(new Failure(Reason.GENERATION_FAILED, "answer of more than 100000 bytes"));
            }
            assertThat(server.requests()).isEqualTo(1);
            assertThat(written.get(5, TimeUnit.SECONDS)).isLessThan(tenMegabytes);
        }
    }

    @Test
    void answerOfTheLimitIsRead() throws Exception {
        String body = completion("good");
        try (var server = new ChatServer(status(200, body))) {
            ChatSetup setup = ChatSetup.of(server.endpoint());
            setup.answerBytes = body.length();
            try (ChatModel model = setup.model()) {
                assertThat(respond(model)).isEqualTo(GOOD);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {401, 403})
    void refusedKeyEndsTheWorkWithoutShowingIt(int status) throws Exception {
        try (var server = new ChatServer(status(status, "{\"error\":\"Incorrect API key: " + ChatSetup.KEY + "\"}"));
                ChatModel model = ChatSetup.of(server.endpoint()).model()) {
            assertThatThrownBy(() -> model.respond(ChatSetup.texts(20), SAMPLING))
                    .isInstanceOf(ModelServerException.class)
                    .hasMessageContaining(server.endpoint().toString())
                    .hasMessageContaining(ChatSetup.VARIABLE)
                    .hasMessageNotContaining(ChatSetup.KEY);
        }
    }

    @Test
    void keyThatAServerRepeatsIsBlackedOut() throws Exception {
        try (var server = new ChatServer((request, exchange) ->
                        ChatServer.send(exchange, 422, "you sent " + request.authorization() + " to me"));
                ChatModel model = ChatSetup.of(server.endpoint()).model()) {
            assertThat(((Failure) respond(model)).message()).isEqualTo("422: you sent Bearer *** to me");
        }
    }

    @Test
    void addressThatServesNoSuchModelEndsTheWork() throws Exception {
        try (var server =
                        new ChatServer(status(404, "{\"error\":{\"message\":\"The model `llava` does not exist.\"}}"));
                ChatModel model = ChatSetup.of(server.endpoint()).model()) {
            assertThatThrownBy(() -> respond(model))
                    .isInstanceOf(ModelServerException.class)
                    .hasMessageContaining(server.endpoint() + " does not serve the model 'llava'")
                    .hasMessageContaining("404: The model `llava` does not exist.");
        }
    }

    /** A server without guided decoding. */
    private static void withoutFormat(Received request, HttpExchange exchange) throws Exception {
        if (request.body().has("response_format")) {
            ChatServer.send(exchange, 400, "{\"message\":\"response_format is not supported\"}");
        } else {
            ChatServer.send(exchange, 200, completion("good"));
        }
    }

    private static ResponseRequest structured(String id) {
        return new ResponseRequest(id, null, "say " + id, null, null, "{\"type\":\"object\"}");
    }

    @Test
    void serverThatRefusesTheResponseFormatIsAskedWithoutItFromThenOn() throws Exception {
        try (var server = new ChatServer(ChatRetryTest::withoutFormat);
                ChatModel model = ChatSetup.of(server.endpoint()).model()) {
            for (String id : List.of("a", "b", "c")) {
                assertThat(model.respond(List.of(structured(id)), SAMPLING)).containsExactly(GOOD);
            }
            assertThat(server.received())
                    .extracting(request -> request.body().has("response_format"))
                    .containsExactly(true, false, false, false);
        }
    }

    /** What servers say to a format that they do not know; the last is that of llama-cpp-python. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "422 | [{'loc': ['body', 'field']}]",
                "501 | response_format is not implemented",
                "500 | {'loc': ('body', 'response_format', 'type'), 'msg': \"Input should be 'text' or 'json_object'\"}"
            })
    void responseFormatIsLeftOutHoweverItIsRefused(int status, String said) throws Exception {
        try (var server = new ChatServer((request, exchange) -> {
                    if (request.body().has("response_format")) {
                        ChatServer.send(exchange, status, said);
                    } else {
                        ChatServer.send(exchange, 200, completion("good"));
                    }
                });
                ChatModel model = ChatSetup.of(server.endpoint()).model()) {
            for (String id : List.of("a", "b")) {
                assertThat(model.respond(List.of(structured(id)), SAMPLING)).containsExactly(GOOD);
            }
            assertThat(server.received())
                    .extracting(request -> request.body().has("response_format"))
                    .containsExactly(true, false, false);
            assertThat(model.statistics().retries()).containsExactly(Map.entry("format", 1L));
        }
    }

    @Test
    void requestsThatWaitDoNotRepeatTheRefusedFormat() throws Exception {
        try (var server = new ChatServer(ChatRetryTest::withoutFormat)) {
            ChatSetup setup = ChatSetup.of(server.endpoint());
            setup.perProcess = 2;
            try (ChatModel model = setup.model()) {
                var requests = IntStream.range(0, 40)
                        .mapToObj(i -> structured("row-" + i))
                        .toList();
                assertThat(model.respond(requests, SAMPLING)).hasSize(40).containsOnly(GOOD);
                assertThat(model.statistics().retries().get("format")).isBetween(1L, 3L);
            }
        }
    }

    @Test
    void faultOfAServerThatDoesNotNameTheResponseFormatIsNoRefusalOfIt() throws Exception {
        try (var server = new ChatServer(first(1, status(500, "out of memory")));
                ChatModel model = ChatSetup.of(server.endpoint()).model()) {
            assertThat(model.respond(List.of(structured("a")), SAMPLING)).containsExactly(GOOD);
            assertThat(server.received())
                    .extracting(request -> request.body().has("response_format"))
                    .containsExactly(true, true);
        }
    }

    @Test
    void badRequestThatHasNothingToDoWithTheResponseFormatDoesNotTurnItOff() throws Exception {
        try (var server = new ChatServer((request, exchange) -> {
                    if (request.prompt().endsWith("bad")) {
                        ChatServer.send(exchange, 400, "{\"message\":\"too long\"}");
                    } else {
                        ChatServer.send(exchange, 200, completion("good"));
                    }
                });
                ChatModel model = ChatSetup.of(server.endpoint()).model()) {
            assertThat(model.respond(List.of(structured("bad")), SAMPLING))
                    .containsExactly(new Failure(Reason.GENERATION_FAILED, "400: too long"));
            model.respond(List.of(structured("b")), SAMPLING);
            assertThat(server.received())
                    .extracting(request -> request.body().has("response_format"))
                    .containsExactly(true, false, true);
        }
    }

    @Test
    void unknownHostIsAnOutage() {
        ChatSetup setup = ChatSetup.of(URI.create("http://no-such-host.invalid:8000/v1"));
        setup.request = Duration.ofMillis(500);
        setup.outage = Duration.ofSeconds(1);
        try (ChatModel model = setup.model()) {
            assertThatThrownBy(() -> respond(model))
                    .isInstanceOf(ModelServerException.class)
                    .hasMessageContaining("no-such-host.invalid");
        }
    }
}
