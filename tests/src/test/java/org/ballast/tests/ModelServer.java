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

/** The server of llama-cpp-python with a model, on a free port of the loopback interface. Closing ends it. */
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
     * @param weights a GGUF file
     * @param key that requests must bring
     * @param log gets what it prints
     */
    static ModelServer start(Path weights, String name, String key, Path log) throws IOException, InterruptedException {
        int port;
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        ProcessBuilder builder = new ProcessBuilder(
                        Python.command(),
                        "-m",
                        "llama_cpp.server",
                        "--model",
                        weights.toString(),
                        "--model_alias",
                        name,
                        "--host",
                        "127.0.0.1",
                        "--port",
                        Integer.toString(port))
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
