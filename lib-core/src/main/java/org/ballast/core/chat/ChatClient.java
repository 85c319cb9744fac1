package org.ballast.core.chat;

import dev.failsafe.Failsafe;
import dev.failsafe.FailsafeExecutor;
import dev.failsafe.Timeout;
import dev.failsafe.TimeoutExceededException;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;

/** Sends requests over HTTP/1.1 connections that are kept. Follows no redirect, so the key goes nowhere else. */
final class ChatClient {
    /** Bytes of an error's page that are read. */
    private static final int ERROR_BYTES = 1 << 16;

    private final HttpClient http;
    private final ChatOptions options;
    private final ServerKey key;
    private final FailsafeExecutor<HttpResponse<BoundedBody.Content>> timed;

    ChatClient(ChatOptions options, ServerKey key, Executor io, ScheduledExecutorService timer) {
        this.options = options;
        this.key = key;
        http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(options.limits().connect())
                .executor(io)
                .build();
        // the JDK's own time-out ends with the headers, this one with the last byte; the interrupt closes the
        // connection
        timed = Failsafe.with(Timeout.<HttpResponse<BoundedBody.Content>>builder(
                                options.limits().request())
                        .withInterrupt()
                        .build())
                .with(timer);
    }

    /** The answer, whatever its status; cancel it to close the connection. */
    CompletableFuture<HttpResponse<BoundedBody.Content>> send(Endpoint endpoint, byte[] body) {
        HttpRequest.Builder request = HttpRequest.newBuilder(endpoint.target())
                .header("Content-Type", "application/json")
                .header("Accept", "application/json")
                .POST(BodyPublishers.ofByteArray(body));
        if (key.authorization() != null) {
            request.header("Authorization", key.authorization());
        }
        HttpRequest ready = request.build();
        return timed.getStageAsync(() -> http.sendAsync(
                ready,
                info -> new BoundedBody(
                        info.statusCode() == 200 ? options.limits().answerBytes() : ERROR_BYTES)));
    }

    /** What a failed {@link #send} means; rethrows what is no fault of a server. */
    TryAgain fault(Throwable thrown) {
        Throwable fault = thrown instanceof CompletionException ? thrown.getCause() : thrown;
        if (fault instanceof TimeoutExceededException) {
            return new TryAgain(
                    RetryCause.TIMEOUT,
                    "no whole answer within " + options.limits().request());
        }
        if (fault instanceof HttpTimeoutException) {
            return new TryAgain(
                    RetryCause.UNREACHABLE,
                    "no connection within " + options.limits().connect());
        }
        if (fault instanceof IOException) {
            String message = fault.getMessage() == null ? "" : ": " + key.shown(fault.getMessage(), 200);
            return new TryAgain(RetryCause.UNREACHABLE, fault.getClass().getSimpleName() + message);
        }
        if (fault instanceof RuntimeException unchecked) {
            throw unchecked;
        }
        if (fault instanceof Error error) {
            throw error;
        }
        throw new IllegalStateException(fault);
    }
}
