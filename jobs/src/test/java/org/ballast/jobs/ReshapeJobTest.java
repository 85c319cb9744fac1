package org.ballast.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The job {@code reshape} from its command line, on what {@code shard} wrote. */
class ReshapeJobTest {
    @TempDir
    Path folder;

    private Path configuration;

    @BeforeAll
    static void submitted() {
        Call.asSparkSubmitSetsIt();
    }

    @AfterAll
    static void over() {
        Call.clear();
    }

    /** 40 pictures in two classes, 30 to 10. */
    @BeforeEach
    void pictures() throws IOException {
        Path images = Files.createDirectories(folder.resolve("images"));
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
            image.setRGB(i % 8, i / 8, 0xff00ff);
            ImageIO.write(image, "png", images.resolve(i + ".png").toFile());
            rows.add("{\"image_id\": \"r%d\", \"image\": \"%d.png\", \"text_input\": \"A dot.\", \"label\": %d}"
                    .formatted(i, i, i < 30 ? 0 : 1));
        }
        Path annotations = Files.writeString(folder.resolve("rows.json"), "[" + String.join(",\n", rows) + "]");
        configuration = Files.writeString(
                folder.resolve("run.conf"),
                """
                root = "%s"
                stages {
                  dots {
                    job = shard
                    format = openmmlo
                    images = "%s"
                    sources = [{ split = all, annotations = "%s" }]
                  }
                  dealt {
                    job = reshape
                    inputs.data = dots
                    splits {
                      mode = stratified
                      shares = [{ split = train, share = 0.8 }, { split = test, share = 0.2 }]
                    }
                    long-tail { profile = exponential, imbalance-ratio = 4, left-out = spare }
                  }
                }
                """
                        .formatted(folder.resolve("out"), images, annotations));
    }

    @Test
    void dealsAndCutsWhatShardWrote() throws IOException {
        Call.Outcome outcome = Call.run("pipeline", "--conf", configuration.toString());
        assertThat(outcome.exit()).as(outcome.errors()).isEqualTo(Main.DONE);
        JsonNode metrics = outcome.stage("dealt").path("metrics");
        // 24 and 8 to train; a quarter of 24 is 6, so that 2 are over
        assertThat(metrics.path("rows.samples").asInt()).isEqualTo(40);
        assertThat(metrics.path("rows.samples.test").asInt()).isEqualTo(8);
        assertThat(metrics.path("rows.samples.train").asInt()).isEqualTo(30);
        assertThat(metrics.path("rows.samples.spare").asInt()).isEqualTo(2);
        assertThat(metrics.path("imbalance-ratio.samples.train").asDouble()).isCloseTo(4, within(1e-12));
        assertThat(metrics.path("long-tail.left-out.samples").asInt()).isEqualTo(2);
        assertThat(folder.resolve("out/dealt/samples/split=spare")).isDirectory();
        assertThat(folder.resolve("out/dealt/images")).doesNotExist();
        Call.Outcome again = Call.run("pipeline", "--conf", configuration.toString());
        assertThat(again.stage("dealt").path("state").asText())
                .as(again.errors())
                .isEqualTo("up-to-date");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            --set stages.dealt.inputs.data=[]                       | stages.dealt.inputs.data | names no stage
            --splits.mode random                                    | stages.dealt.splits.mode is 'random' | source, hash, stratified
            --splits.shares [{split=train,share=0.5}]               | stages.dealt.splits.shares | add up to 1
            --splits.shares [{split=train,part=1}]                  | unknown key stages.dealt.splits.shares[0].part | share
            --splits.shares [{split=a/b,share=1}]                   | shares[0].split | cannot be the name of a split
            --splits.shares [{split=train,share=0}]                 | stages.dealt.splits.shares[0].share | is 0
            --splits.group-by [colour]                              | names 'colour' | near-duplicate
            --splits.group-by [pattern]                             | stages.dealt.splits.pattern | is missing
            --splits.leaks drop                                     | stages.dealt.splits.leaks is 'drop' | keep, quarantine
            --long-tail.profile zipf                                | stages.dealt.long-tail.profile is 'zipf' | pareto
            --long-tail.imbalance-ratio 0.5                         | stages.dealt.long-tail.imbalance-ratio is 0.5 | not in 1
            --long-tail.left-out train                              | stages.dealt.long-tail.left-out | need another
            --sampling.beta 1                                       | stages.dealt.sampling.beta is 1.0 | not in 0
            --train-split ../x                                      | stages.dealt.train-split | cannot be the name
            """)
    void wrongSettingsAreUsageErrors(String call, String first, String second) {
        List<String> words = new ArrayList<>(List.of("reshape", "--conf", configuration.toString()));
        words.addAll(List.of(call.split(" +")));
        Call.assertOneError(Call.run(words.toArray(String[]::new)), Main.USAGE, first, second);
        assertThat(folder.resolve("out")).as("nothing is written").doesNotExist();
    }
}
