package org.ballast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** A call of the command line within the test's JVM. */
final class Call {
    private static final Map<String, String> SPARK = Map.of(
            "spark.master", "local[2]",
            "spark.ui.enabled", "false",
            "spark.driver.host", "127.0.0.1",
            "spark.driver.bindAddress", "127.0.0.1",
            "spark.log.level", "ERROR");

    private Call() {}

    /** What a call left. */
    record Outcome(int exit, String output, String errors) {
        /** What the Result says of a stage. */
        JsonNode stage(String name) throws IOException {
            return new ObjectMapper()
                    .readTree(output.lines().reduce((a, b) -> b).orElseThrow())
                    .path("stages")
                    .path(name);
        }
    }

    static void asSparkSubmitSetsIt() {
        SPARK.forEach(System::setProperty);
    }

    static void clear() {
        SPARK.keySet().forEach(System::clearProperty);
    }

    static Outcome run(String... arguments) {
        PrintStream output = System.out;
        PrintStream errors = System.err;
        ByteArrayOutputStream heardOutput = new ByteArrayOutputStream();
        ByteArrayOutputStream heardErrors = new ByteArrayOutputStream();
        System.setOut(new PrintStream(heardOutput, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(heardErrors, true, StandardCharsets.UTF_8));
        try {
            int exit = Main.run(arguments);
            return new Outcome(
                    exit, heardOutput.toString(StandardCharsets.UTF_8), heardErrors.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(output);
            System.setErr(errors);
        }
    }

    /** One message for the user, without a stack trace. */
    static void assertOneError(Outcome outcome, int exit, String... words) {
        assertThat(outcome.exit()).as(outcome.errors()).isEqualTo(exit);
        assertThat(outcome.output()).as("no Result").isEmpty();
        assertThat(outcome.errors()).contains(words).doesNotContain("\tat ", "Exception");
        assertThat(outcome.errors().lines().filter(line -> line.startsWith("ballast: ")))
                .as(outcome.errors())
                .hasSizeBetween(1, 2);
    }
}
