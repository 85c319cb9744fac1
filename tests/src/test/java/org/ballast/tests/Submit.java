package org.ballast.tests;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.commons.io.FileUtils;

/**
 * A process of {@code bin/submit.sh}, started in the repository's root as a user would, without a Spark installation. The
 * script replaces itself by the driver's JVM, so killing the process kills the driver. Closing kills what still runs, and
 * deletes the jars and blocks that a killed driver leaves.
 */
final class Submit implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(8);

    private final Process process;
    private final Path output;
    private final Path errors;
    private final Path local;
    private final String call;

    /**
     * What a finished process left.
     *
     * @param output standard output
     * @param errors standard error
     */
    record Outcome(int exit, String output, String errors) {
        /** The Result: the last line of standard output. */
        JsonNode result() throws IOException {
            List<String> lines = output.lines().toList();
            if (exit != 0 || lines.isEmpty()) {
                throw new AssertionError("no Result: exit code " + exit + "\n" + errors);
            }
            return new ObjectMapper().readTree(lines.get(lines.size() - 1));
        }

        /** {@code stages.<name>.state} of the Result. */
        String state(String stage) throws IOException {
            return result().path("stages").path(stage).path("state").asText();
        }
    }

    private Submit(Process process, Path output, Path errors, Path local, String call) {
        this.process = process;
        this.output = output;
        this.errors = errors;
        this.local = local;
        this.call = call;
    }

    /** Starts {@code bin/submit.sh <arguments>}; options for spark-submit may stand behind {@code --}. */
    static Submit start(String... arguments) throws IOException {
        return start(Map.of(), arguments);
    }

    private static Submit start(Map<String, String> environment, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("bin/submit.sh"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).directory(Repository.ROOT.toFile());
        builder.environment().keySet().removeAll(List.of("SPARK_HOME", "BALLAST_MASTER", "BALLAST_DRIVER_MEMORY"));
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
        builder.environment().putAll(environment);
        Path logs = Repository.ROOT.resolve("tests/target/it/logs");
        Files.createDirectories(logs);
        Path output = Files.createTempFile(logs, arguments[0] + "-", ".out");
        Path errors = Path.of(output.toString().replaceFirst("\\.out$", ".err"));
        Path local = Path.of(output.toString().replaceFirst("\\.out$", ".local"));
        builder.environment().put("SPARK_LOCAL_DIRS", local.toString());
        Process process = builder.redirectOutput(output.toFile())
                .redirectError(errors.toFile())
                .start();
        Submit submit = new Submit(process, output, errors, local, String.join(" ", command));
        // a test JVM that is told to stop must not leave a driver behind
        Runtime.getRuntime().addShutdownHook(new Thread(submit::close));
        return submit;
    }

    /** Starts and waits for the end. */
    static Outcome run(String... arguments) throws IOException, InterruptedException {
        return run(Map.of(), arguments);
    }

    /** The same with more variables in its environment. */
    static Outcome run(Map<String, String> environment, String... arguments) throws IOException, InterruptedException {
        try (Submit submit = start(environment, arguments)) {
            return submit.await();
        }
    }

    /** Waits for the end. */
    Outcome await() throws IOException, InterruptedException {
        if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
            throw new AssertionError(call + " runs for more than " + LIMIT + "\n" + Files.readString(errors));
        }
        return new Outcome(process.exitValue(), Files.readString(output), Files.readString(errors));
    }

    /** Waits until something is so while the process runs; fails when the process ends before. */
    void awaitWhileRunning(String what, BooleanSupplier condition) throws IOException, InterruptedException {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (!condition.getAsBoolean()) {
            if (!process.isAlive() || System.nanoTime() > end) {
                throw new AssertionError(call + (process.isAlive() ? " runs" : " ended") + " without " + what + "\n"
                        + Files.readString(errors));
            }
            Thread.sleep(2);
        }
    }

    /** SIGKILL, and the outcome. */
    Outcome kill() throws IOException, InterruptedException {
        process.destroyForcibly();
        return await();
    }

    /** Number of the process, which is the driver's. */
    long pid() {
        return process.pid();
    }

    boolean isRunning() {
        return process.isAlive();
    }

    /** Sends the process a signal by its name, as STOP. */
    void signal(String name) throws IOException, InterruptedException {
        int exit = new ProcessBuilder("bash", "-c", "kill -" + name + " " + process.pid())
                .inheritIO()
                .start()
                .waitFor();
        if (exit != 0) {
            throw new AssertionError("kill -" + name + " of " + call + " ended with " + exit);
        }
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().onExit().join();
        FileUtils.deleteQuietly(local.toFile());
    }
}
