package org.ballast.tests;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** llama.cpp's server with SmolLM2-135M-Instruct ({@code model_server.py}), on a free port of the loopback interface. Closing ends it. */
final class ModelServer implements AutoCloseable {
    private static final int MOST_SECONDS = 120;

    private final Process process;
    private final URI endpoint;

    private ModelServer(Process process, URI endpoint) {
        this.process = process;
        this.endpoint = endpoint;
    }

    /**
     * Starts it and waits until it answers.
     *
     * @param python an executable that has {@code requirements-server.txt}
     * @param name of the model
     * @param slots requests that it computes at once
     * @param key that requests must bring
     * @param log gets what it prints
     */
    static ModelServer start(String python, String name, int slots, String key, Path log)
            throws IOException, InterruptedException {
        int port;
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        ProcessBuilder builder = new ProcessBuilder(
                        python, Python.script("model_server.py"), Integer.toString(port), name, Integer.toString(slots))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment().put("API_KEY", key);
        Process process = builder.start();
        // a test JVM that is told to stop must not leave a server behind
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        var server = new ModelServer(process, URI.create("http://127.0.0.1:" + port + "/v1"));
        try {
            server.await(key, log);
        } catch (IOException | InterruptedException | AssertionError e) {
            server.close();
            throw e;
        }
        return server;
    }

    private void await(String key, Path log) throws IOException, InterruptedException {
        HttpRequest models = HttpRequest.newBuilder(URI.create(endpoint + "/models"))
                .header("Authorization", "Bearer " + key)
                .build();
        HttpClient client = HttpClient.newHttpClient();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(MOST_SECONDS);
        while (true) {
            if (!process.isAlive() || System.nanoTime() > end) {
                throw new AssertionError("the model server did not start\n" + Files.readString(log));
            }
            try {
                if (client.send(models, BodyHandlers.discarding()).statusCode() == 200) {
                    return;
                }
            } catch (IOException e) {
                // it does not listen yet
            }
            Thread.sleep(200);
        }
    }

    URI endpoint() {
        return endpoint;
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
