package org.ballast.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.ballast.core.data.Sha256;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An export whose driver is killed between two waves, and called again. */
class ExportKillIT {
    @TempDir
    static Path folder;

    private static Path configuration;
    private static Path undisturbed;

    @BeforeAll
    static void exportUndisturbed() throws Exception {
        Path sample = Files.createDirectory(folder.resolve("sample"));
        Sample.tiny(sample);
        undisturbed = folder.resolve("undisturbed");
        String text = Files.readString(Sample.configuration(sample, "nightly.conf"))
                .replace("\"ROOT\"", "\"" + undisturbed + "\"")
                // many files of pictures, and so many waves
                .replace("max-failure-rate = 0.01", "max-failure-rate = 0.01, target-file-bytes = 20000")
                .replace("target-file-bytes = 200000", "target-file-bytes = 10000, wave-bytes = 30000");
        configuration = Files.writeString(sample.resolve("waves.conf"), text);
        for (String stage : new String[] {"data", "webdataset"}) {
            Submit.Outcome outcome = pipeline(undisturbed, stage);
            assertThat(outcome.exit()).as(outcome.errors()).isZero();
        }
        assertThat(tars(undisturbed)).hasSizeGreaterThan(20);
    }

    private static String[] call(Path root, String stage) {
        return new String[] {
            "pipeline",
            "--stage",
            stage,
            "--conf",
            configuration.toString(),
            "--set",
            "root=" + root,
            "--master",
            "local[2]"
        };
    }

    private static Submit.Outcome pipeline(Path root, String stage) throws IOException, InterruptedException {
        return Submit.run(call(root, stage));
    }

    private static Map<String, String> tars(Path root) throws IOException {
        Map<String, String> digests = new TreeMap<>();
        try (Stream<Path> files = Files.list(root.resolve("webdataset/prompts"))) {
            for (Path file : files.toList()) {
                digests.put(
                        file.getFileName().toString(),
                        Files.isDirectory(file) ? "folder" : Sha256.of(Files.readAllBytes(file)));
            }
        }
        return digests;
    }

    @Test
    void theNextCallGoesOnAndEndsWithTheSameFiles() throws Exception {
        Path root = folder.resolve("killed");
        Repository.copy(undisturbed.resolve("data"), root.resolve("data"));
        Path marks = root.resolve("webdataset/_work/prompts_done");
        try (Submit submit = Submit.start(call(root, "webdataset"))) {
            submit.awaitWhileRunning("a second wave", () -> Files.exists(marks.resolve("wave-00001.rows")));
            assertThat(submit.kill().exit()).isNotZero();
        }
        assertThat(root.resolve("webdataset/manifest.json")).doesNotExist();
        Map<String, String> before = tars(root);
        before.values().removeIf("folder"::equals);
        assertThat(before).isNotEmpty();
        assertThat(tars(undisturbed)).containsAllEntriesOf(before).hasSizeGreaterThan(before.size());

        Submit.Outcome outcome = pipeline(root, "webdataset");
        assertThat(outcome.exit()).as(outcome.errors()).isZero();
        assertThat(outcome.state("webdataset")).isEqualTo("done");
        assertThat(tars(root)).isEqualTo(tars(undisturbed));
        assertThat(root.resolve("webdataset/_work")).doesNotExist();
        assertThat(Stored.manifest(root, "webdataset").path("rows"))
                .isEqualTo(Stored.manifest(undisturbed, "webdataset").path("rows"));
    }
}
