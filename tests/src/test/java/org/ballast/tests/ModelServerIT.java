package org.ballast.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;

/**
 * Captions rewritten by a real model behind a real server: SmolLM2-135M-Instruct in llama.cpp. The check installs both into an environment of its own
 * ({@code tests/src/test/python/requirements-server.txt}, 130 MB); where it cannot, it is skipped.
 */
final class ModelServerIT {
    private static final int CAPTIONS = 200;
    private static final int ATTEMPTS = 2;
    /** What the server computes at once, and what is asked at once. */
    private static final int SLOTS = 4;

    private static final String KEY = "sk-model-server-0123456789";

    @Test
    void rewritesCaptions() throws Exception {
        Optional<String> python = Python.environment("server", "requirements-server.txt");
        assumeTrue(python.isPresent(), "nobody has had captions rewritten by a real server");
        Path folder = Repository.emptyFolder("model-server");
        Path sample = Files.createDirectories(folder.resolve("sample"));
        Sample.descriptions(sample, CAPTIONS);
        Path configuration = Sample.configuration(sample, "server.conf");
        Path root = Files.createDirectories(folder.resolve("root"));

        Submit.Outcome shard =
                Submit.run(TinyRun.arguments("shard", configuration, root, "local[1]", "--stage", "shard-instruct"));
        assertThat(shard.exit()).as(shard.errors()).isZero();
        try (ModelServer server = ModelServer.start(python.get(), "smollm2", SLOTS, KEY, folder.resolve("server"))) {
            String[] call = TinyRun.arguments(
                    "negatives",
                    configuration,
                    root,
                    "local[2]",
                    "--chat.endpoints",
                    "[\"" + server.endpoint() + "\"]",
                    "--quality.attempts",
                    Integer.toString(ATTEMPTS));

            Submit.Outcome refused = Submit.run(Map.of("MODEL_SERVER_KEY", KEY + "x"), call);
            assertThat(refused.exit()).isNotZero();
            assertThat(refused.errors()).contains("refuses the key (401)").doesNotContain(KEY);

            Submit.Outcome outcome = Submit.run(Map.of("MODEL_SERVER_KEY", KEY), call);
            assertThat(outcome.exit()).as(outcome.errors()).isZero();
            assertThat(outcome.errors()).doesNotContain(KEY);
            assertThat(outcome.output()).doesNotContain(KEY);
            assertComplete(root);
            assertAccounts(root);
            assertNowhere(root);
            assertThat(Submit.run(Map.of("MODEL_SERVER_KEY", KEY), call).state("negatives"))
                    .isEqualTo("up-to-date");
        }
    }

    /** Each caption is rewritten once or is in quarantine once. */
    private static void assertComplete(Path root) {
        Map<String, String> right = new HashMap<>();
        for (Row row : Stored.table(root, "shard-instruct", "completions").collectAsList()) {
            right.put(row.getAs("prompt_id"), row.getAs("response"));
        }
        assertThat(right).hasSize(CAPTIONS);
        List<String> ended = new ArrayList<>();
        for (Row row : Stored.table(root, "negatives", "completions").collectAsList()) {
            String prompt = row.getAs("prompt_id");
            String response = row.getAs("response");
            ended.add(prompt);
            assertThat(row.<String>getAs("type")).isEqualTo("llm-hal");
            assertThat(response).isNotBlank().isNotEqualToIgnoringCase(right.get(prompt));
        }
        for (Row row : Stored.table(root, "negatives", "quarantine").collectAsList()) {
            ended.add(row.getAs("id"));
            assertThat(row.<String>getAs("reason")).isNotEqualTo("generation-failed");
        }
        assertThat(ended).containsExactlyInAnyOrderElementsOf(right.keySet());
    }

    private static void assertAccounts(Path root) throws IOException {
        JsonNode manifest = Stored.manifest(root, "negatives");
        JsonNode rows = manifest.path("rows");
        JsonNode metrics = manifest.path("metrics");
        assertThat(rows.path("in").asInt()).isEqualTo(CAPTIONS);
        assertThat(rows.path("out").asInt()).isPositive();
        assertThat(rows.path("out").asInt() + rows.path("quarantined").asInt()).isEqualTo(CAPTIONS);
        int replies = metrics.path("chat.replies").asInt();
        assertThat(replies).isBetween(CAPTIONS, CAPTIONS * ATTEMPTS);
        assertThat(metrics.path("chat.failures").asInt()).isZero();
        assertThat(metrics.path("chat.requests").asInt()).isEqualTo(replies);
        System.err.printf(
                "model server: %d of %d captions rewritten with %d requests, %.0f tokens/s%n",
                rows.path("out").asInt(),
                CAPTIONS,
                replies,
                metrics.path("tokens-per-second.inject").asDouble());
    }

    /** No file holds the key. */
    private static void assertNowhere(Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                assertThat(Files.readString(file, java.nio.charset.StandardCharsets.ISO_8859_1))
                        .as("%s", file)
                        .doesNotContain(KEY);
            }
        }
    }
}
