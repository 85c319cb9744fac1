package org.ballast.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.ModelResponse;
import org.ballast.core.data.Quarantined;
import org.ballast.spark.rows.QuarantinedRows;
import org.ballast.spark.rows.ResponseRows;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code respond} end to end on the golden checkpoint, against what transformers made of the same rows. */
final class RespondTest {
    private static final Path GOLDENS = Path.of("../lib-core/src/test/resources/goldens/mllm-a")
            .toAbsolutePath()
            .normalize();
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Map<String, String> PICTURES =
            Map.of("prompt0", "photo_61x97.png", "prompt1", "square.png", "prompt2", "gray_90x120.png");

    @TempDir
    private Path folder;

    @BeforeAll
    static void asSparkSubmitSetsIt() {
        Call.asSparkSubmitSetsIt();
    }

    @AfterAll
    static void clear() {
        Call.clear();
    }

    @Test
    void greedyAnswersOfJsonLinesEqualTransformers() throws IOException {
        Path input = jsonLines("rows.jsonl", prompts());
        Call.Outcome outcome = respond(input, "--template", "none", "--max-tokens", "24");
        assertThat(outcome.exit()).as(outcome.errors()).isEqualTo(Main.DONE);
        assertThat(outcome.stage("respond").path("rows").path("out").asInt()).isEqualTo(4);
        Map<String, ModelResponse> answers = answers();
        for (JsonNode golden : json("greedy.json").path("greedy")) {
            ModelResponse answer = answers.get(golden.path("prompt").asText());
            assertThat(answer.tokenIds())
                    .as(answer.id())
                    .containsExactly(JSON.convertValue(golden.path("tokens"), int[].class));
            assertThat(answer.logProbs())
                    .containsExactly(JSON.convertValue(golden.path("log_probs"), float[].class), within(1e-4f));
            assertThat(answer.finishReason())
                    .isEqualTo(golden.path("finish_reason").asText());
            assertThat(answer.response()).isEqualTo(golden.path("text").asText());
        }
        assertThat(Files.list(folder.resolve("out"))
                        .map(file -> file.getFileName().toString()))
                .allMatch(name -> name.startsWith("part-") || name.startsWith(".") || name.startsWith("_"));

        assertThat(respond(input, "--template", "none", "--max-tokens", "24")
                        .stage("respond")
                        .path("state")
                        .asText())
                .isEqualTo("up-to-date");
        Call.assertOneError(
                respond(input, "--template", "none", "--max-tokens", "23"),
                Main.FAILED,
                "out",
                "another configuration",
                "--force");
        assertThat(respond(input, "--template", "none", "--max-tokens", "3", "--force")
                        .exit())
                .isEqualTo(Main.DONE);
        assertThat(answers().values()).allMatch(answer -> answer.tokenIds().length == 3);
    }

    @Test
    void penalisedAnswersOfParquetEqualTransformers() throws IOException {
        Call.Outcome outcome =
                respond(parquet(prompts()), "--template", "none", "--max-tokens", "24", "--repetition-penalty", "1.2");
        assertThat(outcome.exit()).as(outcome.errors()).isEqualTo(Main.DONE);
        Map<String, ModelResponse> answers = answers();
        assertThat(answers).hasSize(4);
        for (JsonNode golden : json("greedy.json").path("repetition_penalty_1.2")) {
            ModelResponse answer = answers.get(golden.path("prompt").asText());
            assertThat(answer.tokenIds())
                    .as(answer.id())
                    .containsExactly(JSON.convertValue(golden.path("tokens"), int[].class));
        }
    }

    @Test
    void givenResponsesAreScored() throws IOException {
        List<ObjectNode> rows = new ArrayList<>();
        Map<String, ObjectNode> prompts = new LinkedHashMap<>();
        prompts().forEach(prompt -> prompts.put(prompt.path("id").asText(), prompt));
        for (JsonNode golden : json("response_log_probs.json")) {
            rows.add(prompts.get(golden.path("prompt").asText())
                    .deepCopy()
                    .put("id", golden.path("name").asText())
                    .put("response", golden.path("response").asText()));
        }
        for (Path input : List.of(jsonLines("scored.jsonl", rows), parquet(rows))) {
            Call.Outcome outcome = respond(input, "--template", "none", "--force");
            assertThat(outcome.exit()).as(outcome.errors()).isEqualTo(Main.DONE);
            Map<String, ModelResponse> scores = answers();
            for (JsonNode golden : json("response_log_probs.json")) {
                ModelResponse score = scores.get(golden.path("name").asText());
                assertThat(score.tokenIds())
                        .containsExactly(JSON.convertValue(golden.path("response_ids"), int[].class));
                assertThat(score.logProbs())
                        .as(score.id())
                        .containsExactly(JSON.convertValue(golden.path("log_probs"), float[].class), within(1e-4f));
                assertThat(score.response()).isEqualTo(golden.path("response").asText());
                assertThat(score.finishReason()).isEqualTo("eos");
            }
        }
    }

    @Test
    void anAdapterChangesTheScoresAsPeftSays() throws IOException {
        JsonNode dpo = json("dpo.json");
        Map<String, String> prompts = new LinkedHashMap<>();
        prompts()
                .forEach(prompt -> prompts.put(
                        prompt.path("id").asText(), prompt.path("prompt").asText()));
        List<ObjectNode> rows = new ArrayList<>();
        Map<String, Double> expected = new LinkedHashMap<>();
        for (int i = 0; i < dpo.path("pairs").size(); i++) {
            JsonNode pair = dpo.path("pairs").path(i);
            String prompt = pair.path("prompt").asText();
            for (String side : new String[] {"chosen", "rejected"}) {
                String id = prompt + "/" + side;
                rows.add(JSON.createObjectNode()
                        .put("id", id)
                        .put("image", picture(prompt))
                        .put("prompt", prompts.get(prompt))
                        .put("response", pair.path(side).asText()));
                expected.put(id, dpo.path("policy." + side).path(i).asDouble());
            }
        }
        Call.Outcome outcome = respond(
                jsonLines("pairs.jsonl", rows),
                "--template",
                "none",
                "--adapter",
                GOLDENS.resolve("adapter").toString());
        assertThat(outcome.exit()).as(outcome.errors()).isEqualTo(Main.DONE);
        Map<String, ModelResponse> scores = answers();
        assertThat(scores).hasSize(4);
        expected.forEach((id, logProb) -> {
            double sum = 0;
            for (float token : scores.get(id).logProbs()) {
                sum += token;
            }
            assertThat(sum).as(id).isCloseTo(logProb, within(3e-4));
        });
    }

    @Test
    void badRowsGoToQuarantineEachForItsReason() throws IOException {
        Path text = Files.writeString(folder.resolve("text.png"), "no picture at all");
        Path input = Files.writeString(
                folder.resolve("bad.jsonl"),
                """
                {"id": "good", "prompt": "Which animal?"}
                {"id": 7, "prompt": "A number is an id too."}
                {"id": "good", "prompt": "Again."}
                {"id": "none", "image": "none.png", "prompt": "<image>What?"}
                {"id": "text", "image": "%s", "prompt": "<image>What?"}
                {"id": "place", "image": "%s", "prompt": "What?"}
                {"id": "two", "image": ["a.png", "b.png"], "prompt": "<image>What?"}
                {"id": "prompt"}
                {"prompt": "Who am I?"}

                {"id": "long", "image": "%s", "prompt": "<image>%s", "response": "No."}
                17
                {"id": "half
                """
                        .formatted(text, picture("prompt0"), picture("prompt0"), "word ".repeat(40)));
        Call.Outcome outcome = respond(input, "--max-tokens", "2", "--max-length", "17", "--max-failure-rate", "1");
        assertThat(outcome.exit()).as(outcome.errors()).isEqualTo(Main.DONE);
        assertThat(answers().keySet()).containsExactlyInAnyOrder("good", "7");
        Map<Long, Quarantined> bad = new LinkedHashMap<>();
        read(folder.resolve("out/__ballast/quarantine"), QuarantinedRows::fromRow)
                .forEach(row -> bad.put(row.position(), row));
        assertThat(bad.values().stream()
                        .map(row -> row.position() + " " + row.reason().code()))
                .containsExactlyInAnyOrder(
                        "2 duplicate-id",
                        "3 image-missing",
                        "4 not-an-image",
                        "5 prompt-without-image-token",
                        "6 many-images",
                        "7 missing-field",
                        "8 missing-field",
                        "10 too-long",
                        "11 not-a-row",
                        "12 not-a-row");
        assertThat(bad.get(10L).message()).contains("16 of them image tokens", "fit 17");
        assertThat(bad.get(2L).id()).isEqualTo("good");
        assertThat(bad.get(12L).raw()).isEqualTo("{\"id\": \"half");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            respond --input rows.jsonl                                    | stages.respond.model is missing | checkpoint
            respond --model m                                             | stages.respond.input is missing | Parquet
            respond --model m --input rows.jsonl --template chatml        | template is 'chatml' | auto, llava-1.5, none
            respond --model m --input rows.jsonl --precision int8         | precision is 'int8' | auto, float32, bf16
            respond --model m --input rows.jsonl --image.alpha blue       | image.alpha is 'blue' | white, drop
            respond --model m --input rows.jsonl --image.orientation left | image.orientation is 'left' | apply, ignore
            respond --model m --input rows.jsonl --contrast.step 1000     | contrast.step is 1000 | 0 .. 999
            respond --model m --input rows.jsonl --set respond.modle=x    | unknown key respond.modle | respond.model
            """)
    void wrongSettingsAreUsageErrors(String call, String first, String second) {
        Call.assertOneError(Call.run(call.split(" +")), Main.USAGE, first, second);
    }

    @Test
    void whatIsNotThereOrCannotBeUsedIsNamed() throws IOException {
        Path none = folder.resolve("none.jsonl");
        Call.assertOneError(respond(none), Main.FAILED, none.toString(), "there is no input");
        Path input = jsonLines("rows.jsonl", prompts());
        Path empty = Files.createDirectories(folder.resolve("empty"));
        Call.assertOneError(respond(input, "--adapter", empty + "/no"), Main.FAILED, "adapter", empty + "/no");
        Call.assertOneError(
                respond(input, "--set", "respond.model=" + empty), Main.FAILED, empty.toString(), "config.json");
        Path broken = Files.createDirectories(folder.resolve("broken"));
        try (Stream<Path> files = Files.list(GOLDENS.resolve("model"))) {
            for (Path file : files.toList()) {
                Files.copy(file, broken.resolve(file.getFileName()));
            }
        }
        Files.writeString(broken.resolve("preprocessor_config.json"), "{\"resample\": 1}");
        Call.assertOneError(
                respond(input, "--set", "respond.model=" + broken, "--force"),
                Main.FAILED,
                "preprocessor_config.json",
                "resample = 1");
        Path mixed = Files.createDirectories(folder.resolve("mixed"));
        Files.copy(input, mixed.resolve("a.jsonl"));
        Files.writeString(mixed.resolve("b.parquet"), "PAR1");
        Call.assertOneError(respond(mixed), Main.FAILED, "mixes JSON lines and Parquet");
        Call.assertOneError(
                respond(input, "--set", "respond.output=" + mixed), Main.FAILED, mixed.toString(), "a.jsonl");
    }

    private List<ObjectNode> prompts() throws IOException {
        List<ObjectNode> rows = new ArrayList<>();
        json("forward.json").path("prompts").forEach(prompt -> {
            ObjectNode row = JSON.createObjectNode()
                    .put("id", prompt.path("name").asText())
                    .put("prompt", prompt.path("text").asText());
            if (PICTURES.containsKey(prompt.path("name").asText())) {
                row.put("image", picture(prompt.path("name").asText()));
            }
            rows.add(row);
        });
        assertThat(rows).hasSize(4);
        return rows;
    }

    private static String picture(String prompt) {
        return GOLDENS.resolve("images").resolve(PICTURES.get(prompt)).toString();
    }

    private static JsonNode json(String name) throws IOException {
        return JSON.readTree(GOLDENS.resolve(name).toFile());
    }

    private Path jsonLines(String name, List<ObjectNode> rows) throws IOException {
        return Files.write(
                folder.resolve(name), rows.stream().map(ObjectNode::toString).toList());
    }

    /** The same rows with their pictures inside. */
    private Path parquet(List<ObjectNode> rows) throws IOException {
        StructType image = new StructType().add("bytes", DataTypes.BinaryType).add("path", DataTypes.StringType);
        StructType schema = new StructType()
                .add("id", DataTypes.StringType)
                .add("image", image)
                .add("prompt", DataTypes.StringType)
                .add("response", DataTypes.StringType);
        List<Row> stored = new ArrayList<>();
        for (ObjectNode row : rows) {
            Row picture = row.has("image")
                    ? RowFactory.create(
                            Files.readAllBytes(Path.of(row.path("image").asText())), "name.png")
                    : null;
            stored.add(RowFactory.create(
                    row.path("id").asText(),
                    picture,
                    row.path("prompt").asText(),
                    row.has("response") ? row.path("response").asText() : null));
        }
        Path file = folder.resolve("rows.parquet");
        try (SparkSession spark = SparkSession.builder().getOrCreate()) {
            spark.createDataFrame(stored, schema)
                    .repartition(2)
                    .write()
                    .mode("overwrite")
                    .parquet(file.toString());
        }
        return file;
    }

    private Call.Outcome respond(Path input, String... more) {
        List<String> call = new ArrayList<>(List.of(
                "respond",
                "--set",
                "respond.model=" + GOLDENS.resolve("model"),
                "--set",
                "respond.input=" + input,
                "--set",
                "respond.output=" + folder.resolve("out")));
        call.addAll(List.of(more));
        return Call.run(call.toArray(String[]::new));
    }

    private Map<String, ModelResponse> answers() {
        Map<String, ModelResponse> byId = new LinkedHashMap<>();
        read(folder.resolve("out"), ResponseRows::fromRow).forEach(row -> byId.put(row.id(), row));
        return byId;
    }

    private static <T> Stream<T> read(Path parquet, Function<Row, T> codec) {
        try (SparkSession spark = SparkSession.builder().getOrCreate()) {
            return spark.read().parquet(parquet.toString()).collectAsList().stream()
                    .map(codec);
        }
    }
}
