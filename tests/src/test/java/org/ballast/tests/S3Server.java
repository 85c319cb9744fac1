package org.ballast.tests;

import java.io.IOException;
import java.net.ConnectException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;

/**
 * An S3 server on loopback with one bucket: s3proxy over its memory, in a process with a class path of its own, for its
 * libraries are others than Spark's.
 */
final class S3Server implements AutoCloseable {
    static final String BUCKET = "ballast";

    private static final Duration LIMIT = Duration.ofMinutes(1);
    private static final Path CLASS_PATH = Repository.ROOT.resolve("tests/s3-server/target/classpath");
    /** Accepted from everybody; S3A wants to sign with something. */
    private static final String KEY = "ballast-key";

    private final HttpClient http = HttpClient.newHttpClient();
    private final String endpoint;
    private final Process process;

    /** Starts the server and makes the bucket. */
    S3Server(Path folder) throws IOException, InterruptedException {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        endpoint = "http://127.0.0.1:" + port;
        Properties settings = new Properties();
        settings.putAll(Map.of(
                "s3proxy.endpoint",
                endpoint,
                "s3proxy.authorization",
                "none",
                "jclouds.provider",
                "transient",
                "jclouds.identity",
                KEY,
                "jclouds.credential",
                KEY));
        Path file = folder.resolve("s3proxy.properties");
        try (var out = Files.newOutputStream(file)) {
            settings.store(out, null);
        }
        // it would log every byte by default
        Path logging = Files.writeString(
                folder.resolve("logback.xml"),
                """
                <configuration>
                  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
                    <encoder><pattern>%d %level %logger{0} %msg%n</pattern></encoder>
                  </appender>
                  <root level="warn"><appender-ref ref="out"/></root>
                </configuration>
                """);
        process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx512m",
                        "-Dlogback.configurationFile=" + logging,
                        "-cp",
                        Files.readString(CLASS_PATH).strip(),
                        "org.gaul.s3proxy.Main",
                        "--properties",
                        file.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("s3proxy.log").toFile())
                .start();
        // a test JVM that is told to stop must not leave a server behind
        Runtime.getRuntime().addShutdownHook(new Thread(this::close));
        try {
            await(folder.resolve("s3proxy.log"));
            int status = send("PUT", "/" + BUCKET).statusCode();
            if (status != 200) {
                throw new IOException("no bucket: status " + status);
            }
        } catch (IOException | InterruptedException | RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /** What S3A needs to know, by Hadoop's names. */
    Map<String, String> settings() {
        return new TreeMap<>(Map.of(
                "fs.s3a.endpoint", endpoint,
                "fs.s3a.endpoint.region", "us-east-1",
                "fs.s3a.path.style.access", "true",
                "fs.s3a.connection.ssl.enabled", "false",
                "fs.s3a.access.key", KEY,
                "fs.s3a.secret.key", KEY,
                "fs.s3a.aws.credentials.provider", "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
                "fs.s3a.attempts.maximum", "3",
                "fs.s3a.retry.limit", "3"));
    }

    Configuration hadoop() {
        Configuration hadoop = new Configuration();
        settings().forEach(hadoop::set);
        return hadoop;
    }

    /** The uploads that were begun and neither completed nor aborted, as the server lists them. */
    String pendingUploads() throws IOException, InterruptedException {
        return send("GET", "/" + BUCKET + "?uploads").body();
    }

    private java.net.http.HttpResponse<String> send(String method, String path)
            throws IOException, InterruptedException {
        return http.send(
                HttpRequest.newBuilder(URI.create(endpoint + path))
                        .method(method, HttpRequest.BodyPublishers.noBody())
                        .build(),
                BodyHandlers.ofString());
    }

    private void await(Path log) throws IOException, InterruptedException {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (true) {
            try {
                send("GET", "/");
                return;
            } catch (ConnectException e) {
                if (!process.isAlive() || System.nanoTime() > end) {
                    throw new IllegalStateException("no answer from s3proxy:\n" + Files.readString(log), e);
                }
                Thread.sleep(50);
            }
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
