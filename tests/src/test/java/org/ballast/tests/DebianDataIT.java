package org.ballast.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The configurations of data sets that Debian packages, by the command that stands in each; skipped where the package is missing. */
class DebianDataIT {
    @TempDir
    Path root;

    private JsonNode shard(String name, String data, String debian) throws IOException, InterruptedException {
        boolean installed = Files.isDirectory(Path.of(data));
        if (!installed) {
            System.err.println("SKIPPED: " + data + " is missing, nobody has sharded it. apt-get install " + debian);
        }
        assumeTrue(installed, data + " is missing");
        Submit.Outcome outcome = Submit.run(
                "pipeline", "--conf", "conf/" + name + ".conf", "--set", "root=" + root, "--master", "local[2]");
        return outcome.result().path("stages").path("shard");
    }

    /** Samples of each class of a split, as the class table has them. */
    private Map<String, Long> classes(String split) {
        Map<String, Long> classes = new TreeMap<>();
        for (Row row : Stored.table(root, "shard", "class_statistics").collectAsList()) {
            if (row.getAs("split").equals(split)) {
                classes.put(row.getAs("label_name"), row.getAs("samples"));
            }
        }
        return classes;
    }

    @Test
    void fashionMnistIsCutToATail() throws IOException, InterruptedException {
        JsonNode stage = shard("fashion-mnist", "/usr/share/datasets/fashion-mnist", "dataset-fashion-mnist");
        assertThat(stage.path("rows").path("out").asLong()).isEqualTo(70_000);
        assertThat(stage.path("metrics").path("imbalance-ratio.samples.train").asDouble())
                .isEqualTo(100);
        assertThat(classes("test")).hasSize(10).containsEntry("ankle boot", 1_000L);
        assertThat(classes("train").values()).hasSize(10).contains(6_000L, 60L);
    }

    @Test
    void stampsAreSplitByTheirLook() throws IOException, InterruptedException {
        JsonNode stage = shard("tuxpaint", "/usr/share/tuxpaint/stamps", "tuxpaint-stamps-default");
        assertThat(stage.path("rows").path("out").asLong()).isGreaterThan(700);
        assertThat(stage.path("rows").path("quarantined").asLong()).isZero();
        assertThat(classes("train")).hasSizeGreaterThan(100).containsKey("animals/birds");
        assertThat(classes("test")).isNotEmpty();
        // a caption file goes on in other languages behind its first line; a few stamps have no such file
        List<String> captions = Stored.table(root, "shard", "samples").collectAsList().stream()
                .map(row -> row.<String>getAs("caption"))
                .toList();
        assertThat(captions).noneMatch(caption -> caption.contains(".utf8="));
        assertThat(captions).filteredOn(String::isBlank).hasSizeLessThan(captions.size() / 20);
    }
}
