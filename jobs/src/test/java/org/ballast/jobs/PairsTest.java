package org.ballast.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.ballast.core.config.RunConfig;
import org.ballast.core.config.Settings;
import org.ballast.core.data.CompletionType;
import org.ballast.core.data.PairMode;
import org.ballast.core.data.PairRule;
import org.ballast.core.longtail.PairSampling;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which pairs training, export and evaluation take, by their settings. */
final class PairsTest {
    private static final Path GOLDENS = Path.of("../lib-core/src/test/resources/goldens/mllm-a")
            .toAbsolutePath()
            .normalize();

    @BeforeAll
    static void asSparkSubmitSetsIt() {
        Call.asSparkSubmitSetsIt();
    }

    @AfterAll
    static void clear() {
        Call.clear();
    }

    @ParameterizedTest
    @CsvSource({"train.dpo", "export", "evaluate"})
    void byDefaultGroundTruthStandsAgainstEachTypeNamed(String section) {
        PairRule rule = Settings.read(
                RunConfig.reference().getConfig(section), section, settings -> PairSettings.read(settings, 17));
        assertThat(rule)
                .isEqualTo(new PairRule(
                        Set.of(CompletionType.GROUND_TRUTH),
                        Set.of(CompletionType.WEAKENED, CompletionType.RETRIEVED),
                        PairMode.BEST,
                        350,
                        0,
                        17));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            textBlock =
                    """
            pairs = some                                | pairs is 'some', not one of all, best, one
            pairs = one, max-per-prompt = 2             | max-per-prompt is 2, but pairs = one gives one pair a prompt
            max-per-prompt = -1                         | max-per-prompt is -1, not in 0 ..
            sampling = balanced                         | sampling is 'balanced', not one of as-they-are, class-balanced, tail-weighted
            sampling = tail-weighted, tail-exponent = -1 | tail-exponent is -1.0, not in 0.0 .. 10.0
            pairs-limit = 1.5                           | pairs-limit is 1.5, not a whole number
            pairs-limit = -3                            | pairs-limit is -3, not in 0 ..
            """)
    void badValuesAreNamed(String wrong, String message) {
        for (String section : List.of("train.dpo", "export")) {
            assertThatThrownBy(() -> Settings.read(
                            ConfigFactory.parseString(wrong)
                                    .withFallback(RunConfig.reference().getConfig(section)),
                            "stages.s",
                            settings -> List.of(PairSettings.read(settings, 17), PairSettings.sampling(settings, 17))))
                    .hasMessageContaining("stages.s." + message);
        }
    }

    @Test
    void namesStandForExponents() {
        assertThat(sampling("sampling = as-they-are")).isEqualTo(new PairSampling(0, 0, 17));
        assertThat(sampling("sampling = class-balanced, pairs-limit = 7")).isEqualTo(new PairSampling(1, 7, 17));
        assertThat(sampling("sampling = tail-weighted")).isEqualTo(new PairSampling(0.5, 0, 17));
        assertThat(sampling("sampling = tail-weighted, tail-exponent = 2")).isEqualTo(new PairSampling(2, 0, 17));
    }

    private static PairSampling sampling(String settings) {
        return Settings.read(
                ConfigFactory.parseString(settings)
                        .withFallback(RunConfig.reference().getConfig("export")),
                "export",
                read -> PairSettings.sampling(read, 17));
    }

    /** A class of 16 prompts, one of 3 and one of 1, with two negatives each. */
    @Test
    void trainingTakesThePairsThatExportWrites(@TempDir Path folder) throws IOException {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            rows.add(Map.of(
                    "id",
                    "row" + i,
                    "prompt",
                    "<image>\nWhat is it?",
                    "image",
                    "square.png",
                    "label",
                    i < 16 ? 0 : i < 19 ? 1 : 2,
                    "completions",
                    List.of(
                            Map.of("score", 1, "type", "gt", "response", "It is red."),
                            Map.of("score", 0, "type", "llm-hal", "response", "It is blue."),
                            Map.of("score", 0, "type", "mllm-hal", "response", "It is " + i + "."))));
        }
        Path annotations = folder.resolve("rows.json");
        new ObjectMapper().writeValue(annotations.toFile(), rows);
        Path configuration = Files.writeString(
                folder.resolve("run.conf"),
                """
                root = "%1$s/out"
                train {
                  objective = dpo
                  inputs { data = data, model = model, reference = scored }
                  lora { enabled = true, rank = 2, alpha = 4 }
                  averaging { batch-size = 1, steps = 1, every = 1 }
                  validation-splits = [train]
                  validation-every = 1
                  dpo { rejected = [llm-hal, mllm-hal] }
                }
                export { inputs.data = data, rejected = [llm-hal, mllm-hal] }
                stages {
                  data { job = shard, format = bpo, images = "%2$s/images", sources = [{ split = train, annotations = "%3$s" }] }
                  model { job = import-model, checkpoint = "%2$s/model", max-length = 96 }
                  scored { job = reference, inputs { data = data, model = model } }
                  dpo-best { job = train }
                  export-best { job = export }
                  dpo-one { job = train, dpo { pairs = one, sampling = class-balanced } }
                  export-one { job = export, pairs = one, sampling = class-balanced }
                  dpo-few { job = train, dpo { sampling = tail-weighted, pairs-limit = 10 } }
                  export-few { job = export, sampling = tail-weighted, pairs-limit = 10 }
                }
                """
                        .formatted(folder, GOLDENS, annotations));
        Call.Outcome outcome = Call.run("pipeline", "--conf", configuration.toString());
        assertThat(outcome.exit()).as(outcome.errors()).isEqualTo(Main.DONE);
        assertThat(taken(outcome, "dpo-best")).isEqualTo(40);
        for (String which : List.of("best", "one", "few")) {
            assertThat(taken(outcome, "export-" + which)).as(which).isEqualTo(taken(outcome, "dpo-" + which));
        }
        // standard deviations are at most 2.2 and 3.2
        assertThat(taken(outcome, "dpo-one")).isBetween(12, 28);
        assertThat(taken(outcome, "dpo-few")).isBetween(2, 20);
    }

    private static int taken(Call.Outcome outcome, String stage) throws IOException {
        return outcome.stage(stage).path("rows").path("out").asInt();
    }
}
