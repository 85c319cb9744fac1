package org.ballast.tests;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** A server on loopback that speaks OpenAI's chat completions: its answer hangs on the request alone, and every few requests it fails. */
final class ChatServer implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpServer server;
    private final ExecutorService threads = Executors.newFixedThreadPool(64);
    private final long millis;
    private final int failEvery;
    private final Function<JsonNode, String> reply;
    private final AtomicInteger requests = new AtomicInteger();
    private final ConcurrentLinkedQueue<Long> arrivals = new ConcurrentLinkedQueue<>();

    /** Rewrites the description that stands in the request. */
    ChatServer(long millis, int failEvery) throws IOException {
        this(
                millis,
                failEvery,
                request -> rewritten(
                        request.path("messages").path(0).path("content").asText()));
    }

    /**
     * Begins to listen.
     *
     * @param millis of each answer
     * @param failEvery how many requests there are to a status 500 or 429; 0: none
     * @param reply to a request
     */
    ChatServer(long millis, int failEvery, Function<JsonNode, String> reply) throws IOException {
        this.millis = millis;
        this.failEvery = failEvery;
        this.reply = reply;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1024);
        server.setExecutor(threads);
        server.createContext("/v1/chat/completions", this::answer);
        server.start();
    }

    String base() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/v1";
    }

    int requests() {
        return requests.get();
    }

    /** Times of arrival in nanoseconds, ascending. */
    List<Long> arrivals() {
        return arrivals.stream().sorted().toList();
    }

    private void answer(HttpExchange exchange) {
        arrivals.add(System.nanoTime());
        int number = requests.incrementAndGet();
        try (exchange) {
            JsonNode request = JSON.readTree(exchange.getRequestBody());
            Thread.sleep(millis);
            if (failEvery > 0 && number % failEvery == 0) {
                exchange.sendResponseHeaders(number % (2 * failEvery) == 0 ? 429 : 500, -1);
                return;
            }
            byte[] body = JSON.writeValueAsBytes(completion(reply.apply(request)));
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
        } catch (IOException e) {
            // the client was killed
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The description that stands in the prompt, about something else. */
    private static String rewritten(String prompt) {
        int at = prompt.lastIndexOf("Description: ");
        String description = prompt.substring(at + 13, prompt.indexOf('\n', at));
        try {
            return JSON.writeValueAsString(JSON.createObjectNode()
                    .put("response", description.replace("ball", "cube"))
                    .put("changed", "the thing"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ObjectNode completion(String text) {
        ObjectNode completion = JSON.createObjectNode();
        completion
                .putArray("choices")
                .addObject()
                .put("index", 0)
                .put("finish_reason", "stop")
                .putObject("message")
                .put("role", "assistant")
                .put("content", text);
        completion.putObject("usage").put("prompt_tokens", 1).put("completion_tokens", text.length());
        return completion;
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
