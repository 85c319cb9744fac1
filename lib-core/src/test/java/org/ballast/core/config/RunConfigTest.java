package org.ballast.core.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunConfigTest {
    @TempDir
    Path folder;

    private enum Objective {
        SFT,
        DPO
    }

    private File file(String text) throws Exception {
        return Files.writeString(folder.resolve("run.conf"), text).toFile();
    }

    @Test
    void layersStageOverJobOverReference() throws Exception {
        RunConfig run = RunConfig.load(
                file(
                        """
                        train { optimizer { steps = 20 } }
                        stages {
                          b { job = train, inputs { data = [a] }, optimizer { learning-rate = 0.5 } }
                          a { job = shard }
                        }
                        """),
                Map.of("stages.b.objective", "dpo", "seed", "3"));
        assertThat(run.seed()).isEqualTo(3);
        assertThat(run.root()).isEqualTo("out");
        assertThat(run.stages()).extracting(StageConfig::name).containsExactly("a", "b");
        StageConfig b = run.stages().get(1);
        assertThat(b.config().getString("objective")).isEqualTo("dpo");
        assertThat(b.config().getDouble("optimizer.learning-rate")).isEqualTo(0.5);
        assertThat(b.config().getInt("optimizer.steps")).isEqualTo(20);
        assertThat(b.inputs("data")).containsExactly("a");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/data//run#1", "hdfs://node:8020/run", "s3a://bucket/a b", "C:\\run", "\u00fcber/{x}"})
    void takesAnOverridingTextAsItStands(String root) throws Exception {
        assertThat(RunConfig.load(file("stages {}"), Map.of("root", root)).root())
                .isEqualTo(root);
        assertThat(RunConfig.load(file("stages {}"), Map.of("root", "\"quoted\""))
                        .root())
                .isEqualTo("quoted");
    }

    @Test
    void reportsEveryUnknownKeyWithLineAndNearest() throws Exception {
        File file = file(
                """
                sed = 3
                stages {
                  a { job = shard, unit-row = 7 }
                  b { job = train, optimizer { learning_rate = 0.5 }, inputs { data = c } }
                  d { job = trian }
                }
                """);
        assertThatThrownBy(() -> RunConfig.load(file, Map.of()))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("run.conf:1: unknown key sed: did you mean seed?")
                .hasMessageContaining("run.conf:3: unknown key stages.a.unit-row: did you mean stages.a.unit-rows?")
                .hasMessageContaining("run.conf:4: unknown key stages.b.optimizer.learning_rate: did you mean"
                        + " stages.b.optimizer.learning-rate?")
                .hasMessageContaining("stages.b.inputs: there is no stage c")
                .hasMessageContaining("there is no job trian");
    }

    @Test
    void refusesCircles() throws Exception {
        File file = file("stages { a { job = train, inputs { model = b } }, b { job = train, inputs { model = a } } }");
        assertThatThrownBy(() -> RunConfig.load(file, Map.of()))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("circle");
    }

    @Test
    void missingFileAndBrokenSyntaxAreNamed() throws Exception {
        assertThatThrownBy(() -> RunConfig.load(new File("no/such.conf"), Map.of()))
                .hasMessageContaining("no/such.conf");
        File broken = file("stages { a { job = ");
        assertThatThrownBy(() -> RunConfig.load(broken, Map.of()))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("run.conf");
    }

    @Test
    void settingsCollectFaultsOfTypeAndRange() throws Exception {
        RunConfig run = RunConfig.load(
                file(
                        """
                        stages { a {
                          job = train
                          objective = ppo
                          optimizer { learning-rate = fast, steps = 0 }
                        } }
                        """),
                Map.of());
        StageConfig stage = run.stages().get(0);
        assertThatThrownBy(() -> Settings.read(stage.config(), "stages.a", s -> {
                    s.choice("objective", Objective.class);
                    s.section("optimizer").number("learning-rate", 0, 1);
                    s.section("optimizer").integer("steps", 1, 100);
                    return "never";
                }))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("run.conf:3: stages.a.objective is 'ppo', not one of sft, dpo")
                .hasMessageContaining("run.conf:4: stages.a.optimizer.learning-rate is 'fast', not a number")
                .hasMessageContaining("stages.a.optimizer.steps is 0, not in 1 .. 100");
    }
}
