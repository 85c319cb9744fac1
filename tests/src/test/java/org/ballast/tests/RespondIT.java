package org.ballast.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@code respond} as a process: on a cluster, killed and called again, it writes the rows of an undisturbed run. */
final class RespondIT {
    private static final Path GOLDENS = Repository.ROOT.resolve("lib-core/src/test/resources/goldens/mllm-a");
    private static final int ROWS = 96;

    @Test
    void goesOnAfterAKillAndDoesNotDependOnTheExecutors() throws Exception {
        Path folder = Repository.emptyFolder("respond");
        Path input = Files.write(folder.resolve("rows.jsonl"), rows());

        try (Cluster cluster = new Cluster(Repository.emptyFolder("respond-processes"), 2)) {
            Submit.Outcome undisturbed = Submit.run(call(input, folder.resolve("undisturbed"), cluster.url()));
            assertThat(undisturbed.exit()).as(undisturbed.errors()).isZero();
            assertThat(undisturbed.state("respond")).isEqualTo("done");
        }
        List<String> expected = Stored.rows(folder, "undisturbed", "");
        assertThat(expected).hasSize(ROWS);

        Path output = folder.resolve("killed");
        String[] call = call(input, output, "local[1]");
        Path firstWave = output.resolve("__ballast/_work/responses_units/wave-00000/_SUCCESS");
        try (Submit submit = Submit.start(call)) {
            submit.awaitWhileRunning("a finished wave", () -> Files.exists(firstWave));
            submit.kill();
        }
        try (Stream<Path> files = Files.list(output)) {
            assertThat(files.filter(file -> file.toString().endsWith(".parquet")))
                    .as("nothing that looks finished")
                    .isEmpty();
        }
        Submit.Outcome rerun = Submit.run(call);
        assertThat(rerun.exit()).as(rerun.errors()).isZero();
        assertThat(Stored.rows(folder, "killed", "")).isEqualTo(expected);
        assertThat(Submit.run(call).state("respond")).isEqualTo("up-to-date");
    }

    private static List<String> rows() {
        String[] images = {"photo_61x97.png", "square.png", "gray_90x120.png"};
        return IntStream.range(0, ROWS)
                .mapToObj(i -> i % 4 == 3
                        ? "{\"id\": \"%d\", \"prompt\": \"Which animal sleeps under the table?\"}".formatted(i)
                        : "{\"id\": \"%d\", \"image\": \"%s\", \"prompt\": \"<image>\\nWhat is it, number %d?\"}"
                                .formatted(i, images[i % 4], i))
                .toList();
    }

    private static String[] call(Path input, Path output, String master) throws IOException {
        return new String[] {
            "respond",
            "--master",
            master,
            "--set",
            "respond.model=" + GOLDENS.resolve("model"),
            "--set",
            "respond.input=" + input,
            "--set",
            "respond.output=" + output,
            "--image-root",
            GOLDENS.resolve("images").toString(),
            "--max-tokens",
            "40",
            "--unit-rows",
            "8",
            "--wave-units",
            "2"
        };
    }
}
