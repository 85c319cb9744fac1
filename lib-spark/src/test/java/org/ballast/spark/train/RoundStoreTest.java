package org.ballast.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RoundStoreTest {
    @TempDir
    Path directory;

    private RoundStore store;

    @BeforeEach
    void open() throws IOException {
        store = new RoundStore(
                new org.apache.hadoop.fs.Path(directory.resolve("states").toUri()), new Configuration());
    }

    private static RoundState state(int rounds) {
        float[] theta = new float[70_000];
        for (int i = 0; i < theta.length; i++) {
            theta[i] = rounds + i * 1e-3f;
        }
        var point = new LossCurve.Point(rounds - 1, 3L * rounds, 1e-3, 0.5, Map.of("margin", -0.25), 24, 0.125);
        var evaluation = new LossCurve.Evaluation(3L * rounds, Map.of("held out", Double.NaN));
        var curve = new LossCurve(List.of(point), List.of(evaluation));
        return new RoundState(
                "key", rounds, 3L * rounds, 24L * rounds, theta, new float[] {1, -2}, new float[0], curve);
    }

    private List<String> names() throws IOException {
        try (var files = Files.list(directory.resolve("states"))) {
            return files.map(path -> path.getFileName().toString())
                    .filter(name -> !name.endsWith(".crc"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void givesBackTheNewestAndKeepsTwo() throws IOException {
        assertThat(store.newest("key")).isEmpty();
        for (int rounds = 1; rounds <= 12; rounds++) {
            store.write(state(rounds));
        }
        assertThat(names()).containsExactly("round-00000011.state", "round-00000012.state");
        RoundState newest = store.newest("key").orElseThrow();
        assertThat(newest).usingRecursiveComparison().ignoringFields("curve").isEqualTo(state(12));
        assertThat(newest.curve()).isEqualTo(state(12).curve());
    }

    @Test
    void passesOverWhatIsTruncatedDamagedOrForeign() throws IOException {
        store.write(state(1));
        store.write(state(2));
        Path newest = directory.resolve("states/round-00000002.state");
        byte[] whole = Files.readAllBytes(newest);
        // Hadoop's own checksum file would hide ours
        Files.deleteIfExists(directory.resolve("states/.round-00000002.state.crc"));
        for (int length : new int[] {0, 5, 40, whole.length / 2, whole.length - 1}) {
            Files.write(newest, Arrays.copyOf(whole, length));
            assertThat(store.newest("key").orElseThrow().rounds())
                    .as("%d bytes", length)
                    .isEqualTo(1);
        }
        for (int at : new int[] {0, 9, 60, whole.length / 2, whole.length - 1}) {
            byte[] flipped = whole.clone();
            flipped[at] ^= 0x40;
            Files.write(newest, flipped);
            assertThat(store.newest("key").orElseThrow().rounds())
                    .as("byte %d", at)
                    .isEqualTo(1);
        }
        Files.write(directory.resolve("states/round-00000009.state"), new byte[] {1, 2, 3});
        Files.write(directory.resolve("states/.round-00000010.state.unfinished"), whole);
        assertThat(store.newest("key").orElseThrow().rounds()).isEqualTo(1);
        Files.write(newest, whole);
        assertThat(store.newest("key").orElseThrow().rounds()).isEqualTo(2);
    }

    @Test
    void refusesTheStateOfAnotherRun() throws IOException {
        store.write(state(1));
        assertThatThrownBy(() -> store.newest("other"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("round-00000001.state")
                .hasMessageContaining("another configuration");
    }
}
