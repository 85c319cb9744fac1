package org.ballast.core.chat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.ballast.core.chat.ChatOptions.Structured;
import org.ballast.core.image.RgbConversion;
import org.ballast.core.mllm.generate.GenerationOptions;
import org.ballast.core.response.ResponseModel.Outcome;
import org.ballast.core.response.ResponseModel.Reply;
import org.ballast.core.response.ResponseRequest;

/** Options with short times, and what the tests of this package share. */
final class ChatSetup {
    static final ObjectMapper JSON = new ObjectMapper();
    static final String KEY = "sk-Very+Secret/0123456789";
    static final String VARIABLE = "CHAT_KEY";
    static final GenerationOptions SAMPLING = GenerationOptions.sampling(64, 0.7, 0, 0.9, 42);

    List<URI> endpoints = new ArrayList<>();
    String keyVariable = VARIABLE;
    int perProcess = 16;
    int perEndpoint = 16;
    Duration request = Duration.ofSeconds(5);
    int answerBytes = 1 << 20;
    int faults = 4;
    int busy = 30;
    Duration first = Duration.ofMillis(10);
    Duration most = Duration.ofMillis(80);
    Duration mostAsked = Duration.ofSeconds(30);
    int failures = 3;
    Duration probeAfter = Duration.ofMillis(100);
    Duration outage = Duration.ofSeconds(6);
    Structured structured = Structured.JSON_SCHEMA;
    String extra = "{}";
    RequestPermits permits;

    static ChatSetup of(URI... endpoints) {
        var setup = new ChatSetup();
        setup.endpoints.addAll(List.of(endpoints));
        return setup;
    }

    ChatOptions options() {
        return new ChatOptions(
                endpoints,
                "llava",
                keyVariable,
                new ChatOptions.Limits(perProcess, perEndpoint, Duration.ofSeconds(2), request, answerBytes),
                new ChatOptions.Retries(faults, busy, first, most, mostAsked),
                new ChatOptions.Health(failures, Math.max(failures, 6), probeAfter, outage),
                structured,
                336,
                RgbConversion.TRANSFORMERS,
                extra);
    }

    ChatModel model() {
        return new ChatModel(options(), permits, Map.of(VARIABLE, KEY)::get);
    }

    static ResponseRequest text(String id) {
        return new ResponseRequest(id, null, "say " + id, null, null, null);
    }

    static List<ResponseRequest> texts(int count) {
        return IntStream.range(0, count).mapToObj(i -> text("row-" + i)).toList();
    }

    /** One row, alone. */
    static Outcome respond(ChatModel model) {
        return model.respond(List.of(text("row")), SAMPLING).get(0);
    }

    static String completion(String text) {
        return completion(text, "stop");
    }

    static String completion(String text, String finishReason) {
        ObjectNode body = JSON.createObjectNode();
        ObjectNode choice = body.putArray("choices").addObject().put("finish_reason", finishReason);
        choice.putObject("message").put("role", "assistant").put("content", text);
        body.putObject("usage").put("prompt_tokens", 11).put("completion_tokens", 3);
        return body.toString();
    }

    /** What the servers of these tests answer to {@link #text}. */
    static List<String> echoes(List<ResponseRequest> requests) {
        return requests.stream().map(request -> "you said say " + request.id()).toList();
    }

    static List<String> texts(List<Outcome> outcomes) {
        return outcomes.stream()
                .map(outcome -> outcome instanceof Reply reply ? reply.text() : outcome.toString())
                .toList();
    }

    /** An address of this machine at which nobody listens. */
    static URI deadEndpoint() throws java.io.IOException {
        try (var socket = new java.net.ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
            return URI.create("http://127.0.0.1:" + socket.getLocalPort() + "/v1");
        }
    }
}
