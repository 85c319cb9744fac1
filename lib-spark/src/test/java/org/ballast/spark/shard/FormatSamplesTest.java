package org.ballast.spark.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.ballast.core.data.Completion;
import org.ballast.core.data.CompletionType;
import org.ballast.core.data.Domain;
import org.ballast.core.data.Turn;
import org.ballast.core.image.ImageInspector;
import org.ballast.core.image.ImageLimits;
import org.ballast.spark.shape.ShapeOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The sample file of each format, detected and read to exactly the candidates that it stands for. */
class FormatSamplesTest {
    static final Path SAMPLES = Path.of("src/test/resources/formats");

    private static final Configuration HADOOP = new Configuration();

    static ShardOptions options(ShardInput... inputs) {
        return new ShardOptions(
                List.of(inputs),
                null,
                PictureStorage.EMBED,
                new ImageInspector(new ImageLimits(1 << 20, 1 << 20, 4096), ImageInspector.Check.FULL, 0, false),
                -1,
                ShapeOptions.none(),
                100,
                100,
                0,
                1 << 20,
                0);
    }

    static ShardInput sample(String name) {
        return ShardInput.of(AnnotationLayout.AUTO, SAMPLES.resolve(name).toString(), null, "train", "s");
    }

    private static ShardPlan plan(ShardInput... inputs) {
        return ShardPlanner.plan(HADOOP, options(inputs));
    }

    private static List<Candidate> candidates(ShardPlan plan) throws IOException {
        List<Candidate> candidates = new ArrayList<>();
        for (int i = 0; i < plan.annotations().size(); i++) {
            ShardInput input = plan.options().inputs().get(i);
            org.apache.hadoop.fs.Path place =
                    new org.apache.hadoop.fs.Path(plan.annotations().get(i));
            try (SourceRows rows = SourceRows.open(HADOOP, input, place)) {
                while (rows.advance()) {
                    RowContext context =
                            new RowContext(input, i, plan.rootOfInput().get(i), rows.position(), plan.classes());
                    candidates.addAll(CandidateRows.of(rows.row(), context));
                }
            }
        }
        assertThat(candidates)
                .allSatisfy(candidate ->
                        assertThat(candidate.reason()).as(candidate.message()).isNull());
        return candidates;
    }

    private static List<Candidate> candidates(String sample) throws IOException {
        return candidates(plan(sample(sample)));
    }

    private static SourceCompletion said(
            String response, CompletionType type, double score, String model, int ordinal) {
        return new SourceCompletion(response, type, score, model, ordinal);
    }

    @ParameterizedTest
    @CsvSource({
        "openmmlo.json, OPENMMLO, SAMPLES",
        "openmmlo.jsonl, OPENMMLO, SAMPLES",
        "llava-instruct.json, LLAVA_INSTRUCT, PROMPTS",
        "sharegpt4v.json, LLAVA_INSTRUCT, PROMPTS",
        "bpo.json, BPO, PROMPTS",
        "vlfeedback.jsonl, VLFEEDBACK, PROMPTS",
        "vlfeedback-inside.parquet, VLFEEDBACK, PROMPTS",
        "rlaif-v.parquet, RLAIF_V, PROMPTS",
        "minigpt4/filter_cap.json, MINIGPT4, PROMPTS",
        "image-folder, IMAGE_FOLDER, SAMPLES",
        "image-folder-metadata, IMAGE_FOLDER, PROMPTS",
        "webdataset-000000.tar, WEBDATASET, SAMPLES",
        "webdataset-instruct.tar, WEBDATASET, PROMPTS",
    })
    void isDetected(String sample, AnnotationLayout format, AnnotationLayout.Gives gives) {
        ShardInput planned = plan(sample(sample)).options().inputs().get(0);
        assertThat(planned.format()).isEqualTo(format);
        assertThat(planned.gives()).isEqualTo(gives);
    }

    @Test
    void popeIsDetectedAndNeedsItsKind(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(
                folder.resolve("pope.json"),
                "{\"question_id\": 1, \"image\": \"a.png\", \"text\": \"Is there a cat?\", \"label\": \"yes\"}\n");
        ShardInput input = ShardInput.of(AnnotationLayout.AUTO, file.toString(), null, "val", "s");
        assertThat(plan(input.withKind("random", null))
                        .options()
                        .inputs()
                        .get(0)
                        .format())
                .isEqualTo(AnnotationLayout.POPE);
        assertThatThrownBy(() -> plan(input)).hasMessageContaining("kind").hasMessageContaining("pope.json");
    }

    @Test
    void whatNoFormatFitsIsRefusedWithWhatWasLookedFor(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("x.json"), "[{\"name\": 1, \"text\": \"t\"}]");
        assertThatThrownBy(() -> plan(ShardInput.of(AnnotationLayout.AUTO, file.toString(), null, "train", "s")))
                .isInstanceOf(ShardInputException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("[name, text]")
                .hasMessageContaining("rlaif-v (question, chosen, rejected)")
                .hasMessageContaining("'format'");
    }

    @Test
    void openMmlo() throws IOException {
        for (String sample : List.of("openmmlo.json", "openmmlo.jsonl")) {
            List<Candidate> rows = candidates(sample);
            assertThat(rows).extracting(Candidate::id).containsExactly("r", "g");
            assertThat(rows).extracting(Candidate::image).containsExactly("pictures/red.png", "pictures/green.png");
            assertThat(rows).extracting(Candidate::caption).containsExactly("a [mask] area", "a lawn, “cut”");
            assertThat(rows).extracting(Candidate::label).containsExactly(0, 1);
            assertThat(rows).extracting(Candidate::position).containsExactly(0L, 1L);
        }
    }

    @Test
    void llavaInstruct() throws IOException {
        List<Candidate> rows = candidates("llava-instruct.json");
        assertThat(rows)
                .extracting(row -> row.id() + "/" + row.turn())
                .containsExactly("000001/0", "000001/1", "000002/0");
        assertThat(rows).extracting(Candidate::image).containsExactly("pictures/red.png", "pictures/red.png", null);
        assertThat(rows.get(1).prompt()).isEqualTo("And its shape?");
        assertThat(rows.get(1).history()).containsExactly(new Turn("<image>\nWhat colour is it?", "Red."));
        assertThat(rows.get(1).completions()).isEqualTo(SourceCompletion.groundTruth("A rectangle."));
        assertThat(rows.get(2).root()).isEqualTo(-1);
    }

    @Test
    void shareGpt4V() throws IOException {
        Candidate row = candidates(plan(sample("sharegpt4v.json").withFormat(AnnotationLayout.SHAREGPT4V)))
                .get(0);
        assertThat(row.prompt()).isEqualTo("Describe this image in detail.\n<image>");
        assertThat(row.completions()).isEqualTo(SourceCompletion.groundTruth("The whole image is an even blue."));
    }

    @Test
    void bpo() throws IOException {
        List<Candidate> rows = candidates("bpo.json");
        assertThat(rows).extracting(row -> row.id() + "/" + row.turn()).containsExactly("b1/0", "b2/0");
        assertThat(rows.get(0).completions())
                .containsExactly(
                        said("A red area.", CompletionType.GROUND_TRUTH, 1, "source", 1),
                        said("A blue area.", CompletionType.WEAKENED, 0, "source", 0),
                        said("A red area with a dog.", CompletionType.INJECTED, 0, "source", 2));
        assertThat(rows.get(1).prompt()).isEqualTo("<image>\nWhich colour?");
    }

    @Test
    void vlFeedback() throws IOException {
        List<Candidate> lines = candidates("vlfeedback.jsonl");
        List<Candidate> inside = candidates("vlfeedback-inside.parquet");
        for (List<Candidate> rows : List.of(lines, inside)) {
            assertThat(rows).extracting(Candidate::id).containsExactly("red", "green");
            assertThat(rows).extracting(Candidate::prompt).containsOnly("<image>\nWhat is shown?");
            assertThat(rows.get(0).completions())
                    .containsExactly(
                            said("A red area.", CompletionType.GROUND_TRUTH, 14 / 3.0, "llava", 1),
                            said("A dog.", CompletionType.SCORED, 8 / 3.0, "qwen_vl", 0));
            // the mean of two ratings, for N/A is none, ties with that of three: the first stays the best
            assertThat(rows.get(1).completions())
                    .containsExactly(
                            said("A green area.", CompletionType.GROUND_TRUTH, 4.5, "llava", 0),
                            said("Green.", CompletionType.SCORED, 4.5, "gpt4v", 1));
        }
        assertThat(lines).extracting(Candidate::image).containsExactly("pictures/red.png", "pictures/green.png");
        assertThat(inside).extracting(Candidate::image).containsExactly("0/red.png", "1/green.png");
    }

    @Test
    void rlaifV() throws IOException {
        List<Candidate> rows = candidates("rlaif-v.parquet");
        assertThat(rows).extracting(Candidate::id).containsExactly("0", "1");
        assertThat(rows).extracting(Candidate::image).containsExactly("0/red.jpg", "1/blue.jpg");
        assertThat(rows.get(1).prompt()).isEqualTo("<image>\nWhat colour is it?");
        assertThat(rows.get(1).completions())
                .containsExactly(
                        said("It is blue.", CompletionType.GROUND_TRUTH, 1, "LLaVA-NeXT", 0),
                        said("It is black.", CompletionType.SCORED, 0, "LLaVA-NeXT", 1));
        assertThat(rows.get(0).raw())
                .contains("\"image_path\":\"areas/red.jpg\"")
                .doesNotContain("JFIF");
    }

    @Test
    void miniGpt4() throws IOException {
        ShardPlan plan = plan(sample("minigpt4/filter_cap.json"));
        List<Candidate> rows = candidates(plan);
        assertThat(plan.roots()).extracting(ImageRoot::uri).allMatch(uri -> uri.endsWith("/minigpt4/image"));
        assertThat(rows).extracting(Candidate::image).containsExactly("2.jpg", "3.jpg");
        assertThat(rows).extracting(Candidate::kind).containsOnly("describe");
        assertThat(rows.get(0).prompt()).isEqualTo("<image>\nDescribe this image in detail.");
        assertThat(rows.get(0).completions())
                .isEqualTo(SourceCompletion.groundTruth("The picture is blue from edge to edge."));
    }

    @Test
    void imageFolder() throws IOException {
        ShardPlan plan = plan(sample("image-folder"));
        assertThat(plan.classes().inDistribution()).containsExactly("blue", "red");
        List<Candidate> rows = candidates(plan);
        assertThat(rows).extracting(Candidate::id).containsExactly("blue/sky.png", "red/brick.jpg", "red/plain.png");
        assertThat(rows).extracting(Candidate::label).containsExactly(0, 1, 1);
        assertThat(rows).extracting(Candidate::caption).containsExactly("the sky\nel cielo", "a brick", "");
        List<Candidate> first = candidates(plan(sample("image-folder").withCaptions(null, true)));
        assertThat(first).extracting(Candidate::caption).containsExactly("the sky", "a brick", "");
    }

    @Test
    void imageFolderWhoseFirstFoldersAreSplits() throws IOException {
        ShardInput input = ShardInput.of(AnnotationLayout.IMAGE_FOLDER, SAMPLES.toString(), null, null, "s");
        List<Candidate> rows = new ArrayList<>();
        ShardPlan plan = plan(input.withGives(AnnotationLayout.Gives.SAMPLES));
        try (SourceRows source = SourceRows.open(
                HADOOP,
                plan.options().inputs().get(0),
                new org.apache.hadoop.fs.Path(plan.annotations().get(0)))) {
            while (source.advance()) {
                rows.addAll(CandidateRows.of(
                        source.row(),
                        new RowContext(plan.options().inputs().get(0), 0, 0, source.position(), plan.classes())));
            }
        }
        rows.removeIf(row -> row.reason() != null);
        assertThat(rows).filteredOn(row -> row.split().equals("image-folder")).hasSize(3);
        assertThat(plan.classes().inDistribution()).contains("blue", "red").doesNotContain("image-folder");
    }

    @Test
    void imageFolderWithMetadata() throws IOException {
        List<Candidate> rows = candidates("image-folder-metadata");
        assertThat(rows).extracting(Candidate::image).containsExactly("one.png", "two.png");
        assertThat(rows.get(1).completions()).isEqualTo(SourceCompletion.groundTruth("An even grey."));
        assertThat(rows.get(1).sample()).isFalse();
    }

    @Test
    void webDataset() throws IOException {
        List<Candidate> rows = candidates(plan(sample("webdataset-000000.tar").withIdPrefix("{file}/")));
        assertThat(rows)
                .extracting(Candidate::id)
                .containsExactly("webdataset-000000/a/0001", "webdataset-000000/a/0002");
        assertThat(rows).extracting(Candidate::image).containsExactly("a/0001.jpg", "a/0002.png");
        assertThat(rows).extracting(Candidate::caption).containsExactly("a red area", "a blue area");
        assertThat(rows).extracting(Candidate::label).containsExactly(0, 1);
    }

    @Test
    void webDatasetOfInstructions() throws IOException {
        List<Candidate> rows = candidates("webdataset-instruct.tar");
        assertThat(rows).extracting(row -> row.id() + "/" + row.turn()).containsExactly("0001/0", "0001/1", "0002/0");
        assertThat(rows.get(1).history()).containsExactly(new Turn("<image>\nWhich colour?", "Green."));
        assertThat(rows.get(2).completions()).isEqualTo(SourceCompletion.groundTruth("An even grey."));
    }

    @Test
    void idxFilesGiveTheirPicturesAndLabels() throws IOException {
        ShardPlan plan = plan(sample("idx/areas-images-idx3-ubyte"));
        assertThat(plan.options().inputs().get(0).format()).isEqualTo(AnnotationLayout.IDX);
        List<Candidate> rows = candidates(plan);
        assertThat(rows).extracting(Candidate::id).containsExactly("areas/0", "areas/1", "areas/2");
        assertThat(rows).extracting(Candidate::label).containsExactly(2, 0, 9);
        assertThat(rows).extracting(Candidate::image).containsExactly("0.png", "1.png", "2.png");
    }

    @Test
    void patternsAndFoldersOfFilesBecomeOneInputAFile(@TempDir Path folder) throws IOException {
        for (int i = 0; i < 3; i++) {
            Files.writeString(
                    folder.resolve("part-%d.jsonl".formatted(i)),
                    "{\"image_id\": %d, \"image\": \"a.png\", \"text_input\": \"t\", \"label\": 0}\n".formatted(i));
        }
        ShardInput pattern =
                ShardInput.of(AnnotationLayout.OPENMMLO, folder + "/part-*.jsonl", folder.toString(), "train", "s");
        ShardPlan plan = plan(pattern);
        assertThat(plan.annotations()).hasSize(3).isSorted();
        assertThat(plan.rootOfInput()).containsExactly(0, 0, 0);
        assertThat(candidates(plan)).extracting(Candidate::id).containsExactly("0", "1", "2");
        ShardInput whole = ShardInput.of(AnnotationLayout.AUTO, folder.toString(), folder.toString(), "train", "s");
        assertThat(plan(whole).annotations()).isEqualTo(plan.annotations());
        assertThat(candidates(plan(pattern.withIdPrefix("{file}:"))))
                .extracting(Candidate::id)
                .containsExactly("part-0:0", "part-1:1", "part-2:2");
        assertThatThrownBy(() -> plan(ShardInput.of(
                        AnnotationLayout.OPENMMLO, folder + "/nothing-*.jsonl", folder.toString(), "train", "s")))
                .hasMessageContaining("nothing-*.jsonl does not exist");
    }

    @Test
    void theOrderOfTheSourcesChangesNothing() {
        ShardInput[] inputs = {
            sample("openmmlo.json"),
            sample("bpo.json"),
            sample("image-folder"),
            sample("openmmlo.jsonl").withDomain(Domain.OUT_OF_DISTRIBUTION)
        };
        ShardInput[] turned = {inputs[3], inputs[1], inputs[0], inputs[2]};
        ShardPlan plan = plan(inputs);
        assertThat(plan(turned)).isEqualTo(plan);
        assertThat(plan.roots()).extracting(ImageRoot::uri).isSorted();
    }

    @Test
    void completionsKeepWhoWroteThem() {
        Completion stored =
                said("A dog.", CompletionType.SCORED, 2.5, "qwen_vl", 3).of("p/0");
        assertThat(stored.completionId()).isEqualTo(Completion.id("p/0", Completion.SOURCE, 0, 3));
        assertThat(List.of(stored.model(), stored.policy())).containsExactly("qwen_vl", "source");
        assertThat(SourceCompletion.groundTruth("A.").get(0).of("p")).isEqualTo(Completion.groundTruth("p", "A."));
    }
}
