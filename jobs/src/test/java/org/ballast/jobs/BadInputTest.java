package org.ballast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

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

/** What the command line says of bad input: rows in quarantine, or one clear error and its exit code. */
final class BadInputTest {
    private static final String GOOD =
            "{\"image_id\": \"a\", \"image\": \"a.png\", \"text_input\": \"A.\", \"label\": 0}";

    @TempDir
    private Path folder;

    private Path annotations;
    private Path configuration;

    @BeforeAll
    static void asSparkSubmitSetsIt() {
        Call.asSparkSubmitSetsIt();
    }

    @AfterAll
    static void clear() {
        Call.clear();
    }

    @BeforeEach
    void pictures() throws IOException {
        Path images = Files.createDirectories(folder.resolve("images"));
        BufferedImage red = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
        red.setRGB(1, 1, 0xff0000);
        ImageIO.write(red, "png", images.resolve("a.png").toFile());
        Files.writeString(images.resolve("text.png"), "no picture at all");
        Files.copy(images.resolve("a.png"), folder.resolve("outside.png"));
        annotations = folder.resolve("rows.json");
        configuration = Files.writeString(
                folder.resolve("run.conf"),
                """
                root = "%s"
                stages {
                  pictures {
                    job = shard
                    format = openmmlo
                    images = "%s"
                    sources = [{ split = train, annotations = "%s" }]
                  }
                  model { job = train, inputs { data = pictures }, architecture { tokenizer = "%s" } }
                  wrong { job = negatives, inputs { data = pictures, model = model } }
                }
                """
                        .formatted(folder.resolve("out"), images, annotations, folder.resolve("tokenizer.json")));
    }

    @Test
    void badRowsGoToQuarantineEachForItsReason() throws IOException {
        rows(
                GOOD,
                "{\"image_id\": \"b\", \"text_input\": \"B.\", \"label\": 0}",
                "{\"image_id\": \"c\", \"image\": \"text.png\", \"text_input\": \"C.\", \"label\": 0}",
                "{\"image_id\": \"d\", \"image\": \"../outside.png\", \"text_input\": \"D.\", \"label\": 0}",
                "{\"image_id\": \"e\", \"image\": \"a.png\", \"text_input\": \"E.\", \"label\": \"two\"}",
                GOOD.replace("A.", "Again."),
                "{\"image_id\": \"f\", \"image\": \"none.png\", \"text_input\": \"F.\", \"label\": 0}",
                "17");
        Call.Outcome outcome = shard("--max-failure-rate", "0.9");
        assertThat(outcome.exit()).as(outcome.errors()).isEqualTo(Main.DONE);
        JsonNode rows = outcome.stage("pictures").path("rows");
        assertThat(rows.path("in").asInt()).isEqualTo(8);
        assertThat(rows.path("out").asInt()).isEqualTo(1);
        assertThat(rows.path("quarantined").asInt()).isEqualTo(7);
        for (String reason : List.of(
                "no-image",
                "not-an-image",
                "path-escapes-root",
                "bad-label",
                "duplicate-id",
                "image-missing",
                "not-a-row")) {
            assertThat(outcome.stage("pictures")
                            .path("metrics")
                            .path("quarantined." + reason)
                            .asInt())
                    .as(reason)
                    .isEqualTo(1);
        }
    }

    @Test
    void tooManyBadRowsFailTheStageWithTheReasons() throws IOException {
        rows(GOOD, "{\"image_id\": \"b\", \"text_input\": \"B.\", \"label\": 0}");
        Call.Outcome outcome = shard();
        Call.assertOneError(outcome, Main.FAILED, "pictures", "1 of 2", "max-failure-rate 0.01", "no-image 1");
        assertThat(folder.resolve("out/pictures/manifest.json")).doesNotExist();
    }

    @Test
    void missingFilesAreAllNamed() throws IOException {
        Call.Outcome outcome = shard("--images", "no/such/folder");
        Call.assertOneError(outcome, Main.USAGE, "pictures", annotations.toString(), "no/such/folder");
        assertThat(folder.resolve("out")).as("nothing is written").doesNotExist();

        rows(GOOD);
        Path text = folder.resolve("images/text.png");
        Call.assertOneError(
                shard("--images", "\"" + text + "\""), Main.USAGE, text.toString(), "neither a folder nor a .tar");
    }

    @Test
    void truncatedAnnotationsAreNamedWithTheRow() throws IOException {
        Files.writeString(annotations, "[" + GOOD + ",\n" + GOOD.substring(0, 30));
        Call.assertOneError(shard(), Main.FAILED, "pictures", annotations.toString(), "row 1");
        Files.writeString(annotations, "\"rows\"");
        Call.assertOneError(shard("--force"), Main.FAILED, annotations.toString(), "must be a JSON array");
    }

    @Test
    void anUnfinishedRunOfAnotherConfigurationIsRefused() throws IOException {
        Files.writeString(annotations, "[" + GOOD);
        assertThat(shard().exit()).isEqualTo(Main.FAILED);
        rows(GOOD);
        Call.Outcome refused = shard();
        Call.assertOneError(
                refused, Main.FAILED, folder.resolve("out/pictures").toString(), "another configuration", "--force");
        Call.Outcome forced = shard("--force");
        assertThat(forced.exit()).as(forced.errors()).isEqualTo(Main.DONE);
        assertThat(forced.stage("pictures").path("rows").path("out").asInt()).isEqualTo(1);
    }

    @Test
    void aFolderThatHoldsSomethingElseIsLeftAlone() throws IOException {
        rows(GOOD);
        Path other = Files.createDirectories(folder.resolve("out/pictures")).resolve("thesis.tex");
        Files.writeString(other, "years of work");
        for (String[] options : new String[][] {{}, {"--force"}}) {
            Call.assertOneError(shard(options), Main.FAILED, other.getParent().toString(), "thesis.tex");
            assertThat(other).hasContent("years of work");
        }
    }

    @Test
    void stagesThatHaveNotRunAreNamed() throws IOException {
        rows(GOOD);
        Call.assertOneError(
                Call.run("negatives", "--conf", configuration.toString()),
                Main.FAILED,
                "wrong",
                "not finished",
                "pictures");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            shard --wave-row 3                          | Unknown option | --wave-row
            shard --set stages.pictures.wave-row=3      | unknown key stages.pictures.wave-row | did you mean stages.pictures.wave-rows?
            shard --set stages.pictures.wave-rows=0     | stages.pictures.wave-rows is 0 | not in 1 ..
            shard --set stages.pictures.wave-rows=many  | stages.pictures.wave-rows is 'many' | a whole number
            shard --set stages.pictures.format=coco     | stages.pictures.format is 'coco' | openmmlo
            shard --stage nowhere                       | there is no stage nowhere | pictures
            shard --stage model                         | stage model runs the job train | not shard
            reference                                   | stages.reference.inputs.data | names no stage
            reference --inputs.data pictures            | stages.reference.inputs.model | names no stage
            features --inputs.data [pictures,wrong] --inputs.model [model,wrong] | stages.features.inputs.model | one stage
            negatives --inputs.model nobody             | there is no stage nobody | wrong
            train --objective rlhf                      | stages.model.objective is 'rlhf' | sft, dpo
            export --format peft                        | stages.export.inputs.adapter | names no stage
            evaluate                                    | nothing to evaluate | stages.evaluate
            """)
    void wrongSettingsAreUsageErrors(String call, String first, String second) throws IOException {
        rows(GOOD);
        List<String> words = new ArrayList<>(List.of(call.split(" ")));
        words.addAll(1, List.of("--conf", configuration.toString()));
        Call.assertOneError(Call.run(words.toArray(String[]::new)), Main.USAGE, first, second);
        assertThat(folder.resolve("out")).as("nothing is written").doesNotExist();
    }

    @Test
    void faultsOfAConfigurationFileComeTogetherWithTheirLines() throws IOException {
        String text = Files.readString(configuration);
        Files.writeString(
                configuration, text.replace("format = openmmlo", "fromat = openmmlo\n    max-failure-rate = 0.1"));
        Files.writeString(configuration, Files.readString(configuration).replace("job = negatives", "job = negative"));
        Call.assertOneError(
                Call.run("pipeline", "--conf", configuration.toString()),
                Main.USAGE,
                configuration + ":5: unknown key stages.pictures.fromat: did you mean stages.pictures.format?",
                configuration + ":11",
                "there is no job negative");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            shread                          | shread
            ''                              | which job?
            shard --conf no/such.conf       | no/such.conf
            pipeline                        | pipeline needs a configuration file
            """)
    void wrongCallsAreUsageErrors(String call, String message) {
        Call.assertOneError(Call.run(call.isEmpty() ? new String[0] : call.split(" ")), Main.USAGE, message);
    }

    @Test
    void helpIsNoError() {
        Call.Outcome help = Call.run("train", "--help");
        assertThat(help.exit()).isEqualTo(Main.DONE);
        assertThat(help.output()).contains("--averaging.every", "Steps between two averages, 1 ..", "Default: 10");
        assertThat(Call.run("--help").output()).contains("pipeline", "negatives", "Exit codes");
    }

    private void rows(String... rows) throws IOException {
        Files.writeString(annotations, "[" + String.join(",\n", rows) + "]");
    }

    private Call.Outcome shard(String... more) {
        List<String> call = new ArrayList<>(List.of("shard", "--conf", configuration.toString()));
        call.addAll(List.of(more));
        return Call.run(call.toArray(String[]::new));
    }
}
