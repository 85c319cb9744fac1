package org.ballast.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Negatives by model servers of which one fails now and then and one is dead, and by exchanged words: processes are killed, and nothing is lost or doubled. */
class NegativesKillIT {
    private static final int SIGKILL = 137;
    private static final int PROMPTS = 400;
    private static final String STAGE = "negatives";

    private static ChatServer server;
    private static String dead;
    private static Path configuration;
    private static Path data;
    private static Set<String> undisturbed;
    private static long millis;

    @BeforeAll
    static void runUndisturbed() throws Exception {
        server = new ChatServer(40, 7);
        try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            dead = "http://127.0.0.1:" + closed.getLocalPort() + "/v1";
        }
        Path folder = Repository.emptyFolder("negatives-kill");
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < PROMPTS; i++) {
            lines.append(
                    """
                    {"id": "p%04d", "conversations": [{"from": "human", "value": "Describe scene %d."}, \
                    {"from": "gpt", "value": "A red ball lies to the left of number %d on the table."}]}
                    """
                            .formatted(i, i, i));
        }
        Files.writeString(folder.resolve("prompts.jsonl"), lines);
        configuration = Files.writeString(
                folder.resolve("run.conf"),
                """
                stages {
                  data { job = shard, format = llava-instruct, sources = [{ split = train, annotations = "%s" }] }
                  negatives {
                    job = negatives
                    inputs { data = data }
                    weaken.enabled = false
                    retrieve.enabled = false
                    swap { enabled = true, categories = [color] }
                    inject { enabled = true, describe-kinds = [], prompts.question = \"""Description: {response}
                \""" }
                    chat {
                      endpoints = ["%s", "%s"], model = fake, concurrency = 8
                      retries { first-wait-seconds = 0.05, longest-wait-seconds = 0.5 }
                    }
                    unit-rows = 16
                    wave-units = 3
                    execution { wave-seconds = 0, waves-at-once = 2, units-at-once = 2 }
                  }
                }
                """
                        .formatted(folder.resolve("prompts.jsonl"), server.base(), dead));
        data = folder.resolve("out");
        Submit.Outcome outcome = Submit.run(call(data, "local[2]"));
        assertThat(outcome.exit()).as(outcome.errors()).isZero();
        millis = Math.round(1_000
                * outcome.result().path("stages").path(STAGE).path("seconds").asDouble());
        undisturbed = rows(data);
        assertThat(undisturbed).hasSize(2 * PROMPTS);
        JsonNode metrics = Stored.manifest(data, STAGE).path("metrics");
        assertThat(metrics.path("chat.replies").asInt()).isEqualTo(PROMPTS);
        assertThat(metrics.path("chat.requests").asInt()).isGreaterThan(PROMPTS);
        assertThat(metrics.path("chat.failures").asInt()).isZero();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static String[] call(Path root, String master, String... more) {
        List<String> call = new ArrayList<>(
                List.of("pipeline", "--conf", configuration.toString(), "--set", "root=" + root, "--master", master));
        call.addAll(Arrays.asList(more));
        return call.toArray(String[]::new);
    }

    /** All columns of all negatives. */
    private static Set<String> rows(Path root) throws IOException {
        List<Row> all = Stored.table(root, STAGE, "completions").collectAsList();
        Set<String> rows = new HashSet<>();
        all.forEach(row -> rows.add(row.toString()));
        assertThat(rows).as("rows, none twice").hasSize(all.size());
        return rows;
    }

    private static void requireAsUndisturbed(Path root) throws IOException {
        assertThat(rows(root)).isEqualTo(undisturbed);
        assertThat(root.resolve(STAGE + "/_work")).doesNotExist();
        assertThat(Stored.table(root, STAGE, "attempts").count()).isEqualTo(2L * PROMPTS);
    }

    @Test
    void killedDrivers() throws Exception {
        killDrivers("negatives-killed-drivers", 1, 1);
    }

    @Test
    void killedExecutors() throws Exception {
        killExecutors("negatives-killed-executors", 1, 2);
    }

    @Tag("long")
    @Test
    void manyKilledDrivers() throws Exception {
        killDrivers("negatives-many-killed-drivers", 25, 2);
    }

    @Tag("long")
    @Test
    void manyKilledExecutors() throws Exception {
        killExecutors("negatives-many-killed-executors", 25, 3);
    }

    private static void killDrivers(String name, int runs, long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        for (int run = 0; run < runs; run++) {
            Path root = Repository.emptyFolder(name + "-" + run);
            String[] call = call(root, "local[2]");
            try (Submit submit = Submit.start(call)) {
                submit.awaitWhileRunning("run.json", () -> Files.exists(root.resolve(STAGE + "/run.json")));
                Thread.sleep(random.nextLong(millis));
                Submit.Outcome killed = submit.kill();
                assertThat(killed.exit()).as(killed.errors()).isIn(SIGKILL, 0);
            }
            Submit.Outcome last = Submit.run(call);
            assertThat(last.exit()).as("run %d: %s", run, last.errors()).isZero();
            requireAsUndisturbed(root);
        }
    }

    private static void killExecutors(String name, int runs, long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        try (Cluster cluster = new Cluster(Repository.emptyFolder(name + "-processes"), 2)) {
            for (int run = 0; run < runs; run++) {
                Path root = Repository.emptyFolder(name + "-" + run);
                String[] call = call(
                        root, cluster.url(), "--", "--executor-memory", "700m", "--conf", "spark.task.maxFailures=20");
                try (Submit submit = Submit.start(call)) {
                    submit.awaitWhileRunning("run.json", () -> Files.exists(root.resolve(STAGE + "/run.json")));
                    Thread.sleep(random.nextLong(1 + millis / 2));
                    List<ProcessHandle> executors = cluster.executors();
                    assertThat(executors).as("executors of run %d", run).isNotEmpty();
                    executors.get(random.nextInt(executors.size())).destroyForcibly();
                    Submit.Outcome outcome = submit.await();
                    assertThat(outcome.exit())
                            .as("run %d: %s", run, outcome.errors())
                            .isZero();
                }
                requireAsUndisturbed(root);
            }
        }
    }

    /** The checkpoint in the executors: what an executor had under way when it died is generated again, word for word. */
    @Test
    void killedExecutorWithTheCheckpoint() throws Exception {
        TinyRun tiny = TinyRun.get();
        Path calm = tiny.rootWith("negatives-checkpoint", "shard-instruct", "sft");
        Path root = tiny.rootWith("negatives-killed-checkpoint", "shard-instruct", "sft");
        List<String> units = List.of("--stage", STAGE, "--unit-rows", "8", "--wave-units", "4");
        Submit.Outcome undisturbed = Submit.run(
                TinyRun.arguments(STAGE, tiny.configuration(), calm, "local[2]", units.toArray(String[]::new)));
        assertThat(undisturbed.exit()).as(undisturbed.errors()).isZero();
        try (Cluster cluster = new Cluster(Repository.emptyFolder("negatives-killed-checkpoint-processes"), 2)) {
            List<String> more = new ArrayList<>(units);
            more.addAll(List.of("--", "--executor-memory", "1g", "--conf", "spark.task.maxFailures=20"));
            try (Submit submit = Submit.start(
                    TinyRun.arguments(STAGE, tiny.configuration(), root, cluster.url(), more.toArray(String[]::new)))) {
                Path wave = root.resolve(STAGE + "/_work/completions_units/wave-00000/_SUCCESS");
                submit.awaitWhileRunning("a finished wave", () -> Files.exists(wave));
                List<ProcessHandle> executors = cluster.executors();
                assertThat(executors).isNotEmpty();
                executors.get(0).destroyForcibly();
                Submit.Outcome outcome = submit.await();
                assertThat(outcome.exit()).as(outcome.errors()).isZero();
            }
        }
        assertThat(Stored.rows(root, STAGE, "completions"))
                .isNotEmpty()
                .isEqualTo(Stored.rows(calm, STAGE, "completions"));
        assertThat(Stored.rows(root, STAGE, "attempts")).isEqualTo(Stored.rows(calm, STAGE, "attempts"));
    }

    /** One rate for all executors; arrivals are those at the server, so a slow machine only makes them later. */
    @Test
    void twoExecutorsKeepToOneRate() throws Exception {
        double perSecond = 20;
        try (ChatServer counted = new ChatServer(5, 0);
                Cluster cluster = new Cluster(Repository.emptyFolder("negatives-rate-processes"), 2)) {
            Path root = Repository.emptyFolder("negatives-rate");
            Submit.Outcome outcome = Submit.run(call(
                    root,
                    cluster.url(),
                    "--set",
                    "stages.negatives.sample=120",
                    "--set",
                    "stages.negatives.chat.endpoints=[\"" + counted.base() + "\"]",
                    "--set",
                    "stages.negatives.chat.requests-per-minute=" + 60 * perSecond,
                    "--",
                    "--executor-memory",
                    "700m"));
            assertThat(outcome.exit()).as(outcome.errors()).isZero();
            List<Long> arrivals = counted.arrivals();
            assertThat(arrivals).hasSize(120);
            double seconds = (arrivals.get(arrivals.size() - 1) - arrivals.get(0)) / 1e9;
            assertThat(seconds).isGreaterThan(0.8 * (arrivals.size() - 1) / perSecond);
            assertThat(Stored.manifest(root, STAGE)
                            .path("metrics")
                            .path("forecast.negatives")
                            .asDouble())
                    .isEqualTo(2.0 * PROMPTS);
        }
    }
}
