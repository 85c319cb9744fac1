package org.ballast.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The way to a preference-trained adapter on a real standalone cluster, held against the same run on {@code local[2]}. */
final class ClusterIT {
    @Test
    void twoWorkersWriteWhatLocalThreadsWrite() throws Exception {
        TinyRun local = TinyRun.get();
        Path root = Repository.emptyFolder("cluster");
        try (Cluster cluster = new Cluster(Repository.emptyFolder("cluster-processes"), 2)) {
            Submit.Outcome outcome = TinyRun.pipeline(local.preference(), root, cluster.url());
            assertThat(outcome.exit()).as(outcome.errors()).isZero();
            for (String stage : List.of("shard-instruct", "sft", "negatives", "reference", "dpo")) {
                assertThat(outcome.state(stage)).as(stage).isEqualTo("done");
            }
            assertThat(cluster.finishedTasks(0)).as("tasks of the first worker").isGreaterThan(20);
            assertThat(cluster.finishedTasks(1))
                    .as("tasks of the second worker")
                    .isGreaterThan(20);
        }
        for (Map.Entry<String, List<String>> stage : Map.of(
                        "shard-instruct", List.of("images", "prompts", "completions", "quarantine"),
                        "negatives", List.of("completions", "quarantine"),
                        "reference", List.of("reference_log_probs"))
                .entrySet()) {
            for (String table : stage.getValue()) {
                assertThat(Stored.rows(root, stage.getKey(), table))
                        .as("%s/%s", stage.getKey(), table)
                        .isNotEmpty()
                        .isEqualTo(Stored.rows(local.root(), stage.getKey(), table));
            }
        }
        for (String weights : List.of("sft/checkpoint/model.safetensors", "dpo/adapter/adapter_model.safetensors")) {
            assertThat(root.resolve(weights))
                    .hasSameBinaryContentAs(local.root().resolve(weights));
        }
        JsonNode dpo = Stored.manifest(root, "dpo").path("metrics");
        assertThat(dpo.path("rounds").asInt()).isEqualTo(2);
        assertThat(dpo.path("held-out.compositional.loss").asDouble())
                .isFinite()
                .isPositive();
    }
}
