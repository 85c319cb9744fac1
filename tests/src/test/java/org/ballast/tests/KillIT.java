package org.ballast.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** SIGKILL of the driver halfway: the rerun goes on where it was and ends with what an undisturbed run writes. */
final class KillIT {
    private static final int SIGKILL = 128 + 9;

    private static TinyRun undisturbed;

    @BeforeAll
    static void undisturbedRun() throws IOException, InterruptedException {
        undisturbed = TinyRun.get();
    }

    @Test
    void negativesGoOnBehindTheFinishedWaves() throws Exception {
        Path root = undisturbed.rootWith("killed-negatives", "shard-instruct", "sft");
        Path waves = root.resolve("negatives/_work/completions_units");
        String[] call = TinyRun.arguments("negatives", undisturbed.preference(), root, "local[2]");
        try (Submit submit = Submit.start(call)) {
            submit.awaitWhileRunning("a finished wave", () -> finished(waves, 0));
            assertThat(submit.kill().exit()).isEqualTo(SIGKILL);
        }
        assertThat(root.resolve("negatives/manifest.json")).doesNotExist();
        int done = 0;
        while (finished(waves, done)) {
            done++;
        }
        assertThat(done).as("waves done at the kill").isLessThan(4);
        FileTime firstWave = Files.getLastModifiedTime(success(waves, 0));
        String runId =
                Stored.json(root.resolve("negatives/run.json")).path("run_id").asText();

        try (Submit submit = Submit.start(call)) {
            int next = done;
            submit.awaitWhileRunning("a further wave", () -> finished(waves, next));
            assertThat(Files.getLastModifiedTime(success(waves, 0)))
                    .as("the first wave is kept")
                    .isEqualTo(firstWave);
            Submit.Outcome rerun = submit.await();
            assertThat(rerun.exit()).as(rerun.errors()).isZero();
            assertThat(rerun.state("negatives")).isEqualTo("done");
        }
        assertThat(Stored.manifest(root, "negatives").path("run").path("run_id").asText())
                .as("the same run, continued")
                .isEqualTo(runId);
        for (String table : new String[] {"completions", "quarantine"}) {
            assertThat(Stored.rows(root, "negatives", table))
                    .as(table)
                    .isNotEmpty()
                    .isEqualTo(Stored.rows(undisturbed.root(), "negatives", table));
        }
    }

    @Test
    void trainingGoesOnAfterTheLastRound() throws Exception {
        Path root = undisturbed.rootWith("killed-train", "shard-instruct");
        Path rounds = root.resolve("sft/_work/rounds");
        String[] call = TinyRun.arguments("train", undisturbed.preference(), root, "local[2]", "--stage", "sft");
        try (Submit submit = Submit.start(call)) {
            submit.awaitWhileRunning("three rounds", () -> Files.exists(state(rounds, 3)));
            assertThat(submit.kill().exit()).isEqualTo(SIGKILL);
        }
        assertThat(root.resolve("sft/manifest.json")).doesNotExist();

        Submit.Outcome rerun = Submit.run(call);
        JsonNode metrics = rerun.result().path("stages").path("sft").path("metrics");
        assertThat(metrics.path("rounds").asInt()).isEqualTo(16);
        assertThat(metrics.path("resumed-rounds").asInt()).isBetween(3, 15);
        assertThat(root.resolve("sft/checkpoint/model.safetensors"))
                .hasSameBinaryContentAs(undisturbed.root().resolve("sft/checkpoint/model.safetensors"));
    }

    private static Path success(Path waves, int wave) {
        return waves.resolve("wave-%05d".formatted(wave)).resolve("_SUCCESS");
    }

    private static boolean finished(Path waves, int wave) {
        return Files.exists(success(waves, wave));
    }

    private static Path state(Path rounds, int round) {
        return rounds.resolve("round-%08d.state".formatted(round));
    }
}
