package org.ballast.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The whole pipeline at the size of a test, on {@code local[2]}: what it leaves, and what a second call does. */
final class PipelineIT {
    private static final List<String> STAGES = List.of(
            "shard-openmmlo",
            "shard-instruct",
            "shard-pope",
            "sft",
            "negatives",
            "reference",
            "dpo",
            "continued-sft",
            "features",
            "train-adapter",
            "evaluate",
            "export-trl",
            "export-peft");

    private static TinyRun run;

    @BeforeAll
    static void tinyRun() throws IOException, InterruptedException {
        run = TinyRun.get();
    }

    @Test
    void everyStageIsDoneAndItsBooksBalance() throws IOException {
        JsonNode result = run.outcome().result();
        assertThat(result.path("root").asText()).isEqualTo(run.root().toString());
        assertThat(result.path("stages").fieldNames()).toIterable().containsExactlyInAnyOrderElementsOf(STAGES);
        for (String stage : STAGES) {
            assertThat(run.outcome().state(stage)).as(stage).isEqualTo("done");
            JsonNode rows = Stored.manifest(run.root(), stage).path("rows");
            assertThat(rows.path("out").asLong() + rows.path("quarantined").asLong())
                    .as("rows of %s", stage)
                    .isEqualTo(rows.path("in").asLong());
            assertThat(run.root().resolve(stage).resolve("_work")).doesNotExist();
            assertThat(run.root().resolve(stage).resolve("README.md")).isNotEmptyFile();
        }
    }

    @Test
    void storedRowsAreThoseThatTheManifestsCount() throws IOException {
        assertThat(count("shard-openmmlo", "samples")).isEqualTo(Sample.TRAIN + 3L * Sample.HELD_OUT);
        assertThat(count("shard-instruct", "prompts")).isEqualTo(Sample.TRAIN + 2L * Sample.HELD_OUT);
        assertThat(count("shard-instruct", "completions")).isEqualTo(count("shard-instruct", "prompts"));
        assertThat(count("shard-pope", "prompts")).isEqualTo(3L * 2 * Sample.HELD_OUT);
        for (Map.Entry<String, String> stage : Map.of(
                        "negatives", "completions",
                        "reference", "reference_log_probs",
                        "export-trl", "pairs")
                .entrySet()) {
            assertThat(count(stage.getKey(), stage.getValue()))
                    .as(stage.getKey())
                    .isPositive()
                    .isEqualTo(Stored.manifest(run.root(), stage.getKey())
                            .path("rows")
                            .path("out")
                            .asLong());
        }
    }

    @Test
    void aRowWithoutItsPictureIsInQuarantine() {
        List<Row> quarantined =
                Stored.table(run.root(), "shard-instruct", "quarantine").collectAsList();
        assertThat(quarantined).hasSize(1);
        Row row = quarantined.get(0);
        assertThat(row.<String>getAs("id"))
                .as("of the conversation's first turn")
                .isEqualTo(Sample.BROKEN_ROW + "/0");
        assertThat(row.<String>getAs("reason")).isEqualTo("image-missing");
        assertThat(row.<Long>getAs("position")).isEqualTo(Sample.TRAIN);
        assertThat(row.<String>getAs("source_file")).endsWith("instruct-train.json");
        assertThat(row.<String>getAs("message")).contains("images/no-such-picture.png");
    }

    @Test
    void metricsHoldEveryModelAndHead() throws IOException {
        JsonNode metrics = Stored.json(run.root().resolve("evaluate/metrics.json"));
        assertThat(metrics.path("models").fieldNames())
                .toIterable()
                .containsExactlyInAnyOrder("base", "continued-sft", "bpo");
        for (JsonNode model : metrics.path("models")) {
            for (String split : List.of("test", "compositional")) {
                JsonNode picture = model.path("splits").path(split).path("picture");
                assertThat(picture.path("logProbTrue").asDouble())
                        .as("%s: %s", split, model)
                        .isNegative();
                assertThat(picture.path("logProbOther").asDouble()).isNegative();
                assertThat(model.path("splits").path(split).path("pope").fieldNames())
                        .toIterable()
                        .containsExactlyInAnyOrder("random", "popular", "adversarial");
            }
        }
        assertThat(metrics.path("adapter").path("heads").fieldNames())
                .toIterable()
                .containsExactlyInAnyOrder("tsp", "linear");
    }

    @Test
    void negativesGiveAccountOfThemselves() throws IOException {
        JsonNode metrics = Stored.json(run.root().resolve("negatives/metrics.json"));
        JsonNode figures = Stored.manifest(run.root(), "negatives").path("metrics");
        assertThat(metrics.path("types").fieldNames()).toIterable().containsExactly("mllm-hal", "retrieved-hal");
        long accepted = 0;
        for (String type : List.of("mllm-hal", "retrieved-hal")) {
            JsonNode its = metrics.path("types").path(type);
            accepted += its.path("accepted").asLong();
            assertThat(its.path("examples")).hasSize(8);
            assertThat(figures.path("bag-of-words." + type).asDouble())
                    .isEqualTo(its.path("bagOfWords").path("accuracy").asDouble())
                    .isBetween(0.01, 1.0);
        }
        assertThat(figures.path("bag-of-words.all").asDouble())
                .isEqualTo(metrics.path("bagOfWords").path("accuracy").asDouble());
        assertThat(accepted)
                .isEqualTo(Stored.table(run.root(), "negatives", "completions").count());
    }

    @Test
    void reportNeedsNothingBesideItself() throws IOException {
        String html = Files.readString(run.root().resolve("evaluate/report/index.html"));
        // not assertThat(html): a failure would print megabytes of pictures
        assertThat(html.startsWith("<!DOCTYPE html>")).isTrue();
        assertThat(html.contains("<h1>A tiny run</h1>")).isTrue();
        assertThat(Pattern.compile("<img src=\"data:image/png;base64,")
                        .matcher(html)
                        .results())
                .as("ten plots, two pictures an example; a plot and eight pictures for each type of negatives")
                .hasSize(10 + 2 * 3 + 2 * (1 + 8));
        assertThat(html.contains("<h2>Negatives</h2>")).isTrue();
        // links in the text may lead elsewhere; what the page loads may not
        assertThat(Pattern.compile("(?i)<(link|script)\\b[^>]*\\b(src|href)=|@import|url\\(\\s*['\"]?(?!data:|#)")
                        .matcher(html)
                        .results()
                        .map(match -> match.group()))
                .isEmpty();
        assertThat(Pattern.compile("(?i)\\b(src|srcset|poster|data)\\s*=\\s*['\"](?!data:)[^'\"]{0,80}")
                        .matcher(html)
                        .results()
                        .map(match -> match.group()))
                .isEmpty();
    }

    @Test
    void checkpointHasHuggingFaceLayout() throws IOException {
        Path checkpoint = run.root().resolve("sft/checkpoint");
        assertThat(Stored.json(checkpoint.resolve("config.json"))
                        .path("model_type")
                        .asText())
                .isEqualTo("llava");
        assertThat(checkpoint.resolve("tokenizer.json")).isNotEmptyFile();
        assertThat(Stored.json(checkpoint.resolve("preprocessor_config.json"))
                        .path("image_processor_type")
                        .asText())
                .startsWith("CLIPImageProcessor");
        JsonNode tensors = safetensorsHeader(checkpoint.resolve("model.safetensors"));
        assertThat(tensors.path("__metadata__").path("format").asText()).isEqualTo("pt");
        assertThat(tensors.size()).isGreaterThan(20);
    }

    @Test
    void adapterIsExportedForPeft() throws IOException {
        Path adapter = run.root().resolve("export-peft/adapter");
        JsonNode config = Stored.json(adapter.resolve("adapter_config.json"));
        assertThat(config.path("peft_type").asText()).isEqualTo("LORA");
        assertThat(config.path("r").asInt()).isEqualTo(4);
        JsonNode tensors = safetensorsHeader(adapter.resolve("adapter_model.safetensors"));
        tensors.fieldNames().forEachRemaining(name -> assertThat(name)
                .matches("__metadata__|base_model\\.model\\..*\\.lora_[AB]\\.weight"));
        // q, k, v, o, gate, up, down of one layer
        assertThat(tensors.fieldNames())
                .toIterable()
                .filteredOn(name -> name.endsWith("weight"))
                .hasSize(14);
        assertThat(adapter.resolve("adapter_model.safetensors"))
                .hasSameBinaryContentAs(run.root().resolve("dpo/adapter/adapter_model.safetensors"));
    }

    @Test
    void pairsAreExportedForTrl() {
        List<Row> pairs = Stored.table(run.root(), "export-trl", "pairs").collectAsList();
        for (Row pair : pairs) {
            assertThat(pair.getList(pair.fieldIndex("images"))).hasSize(1);
            Row picture = pair.<Row>getList(pair.fieldIndex("images")).get(0);
            assertThat((byte[]) picture.getAs("bytes")).startsWith(0x89, 'P', 'N', 'G');
            assertThat(text(pair, "prompt", "user")).isNotEmpty();
            assertThat(text(pair, "chosen", "assistant")).isNotEqualTo(text(pair, "rejected", "assistant"));
        }
        assertThat(pairs).extracting(pair -> pair.<String>getAs("split")).contains("train", "test", "compositional");
    }

    @Test
    void aSecondRunChangesNoFile() throws Exception {
        Map<String, String> before = files(run.root());
        Submit.Outcome second = TinyRun.pipeline(run.configuration(), run.root(), "local[2]");
        assertThat(second.exit()).as(second.errors()).isZero();
        for (String stage : STAGES) {
            assertThat(second.state(stage)).as(stage).isEqualTo("up-to-date");
        }
        assertThat(files(run.root())).isEqualTo(before);
    }

    @Test
    void aChangedSettingRunsItsStageAndWhatReadsIt() throws Exception {
        Path root = run.rootWith("changed", STAGES.toArray(String[]::new));
        Submit.Outcome changed = TinyRun.pipeline(
                run.configuration(), root, "local[2]", "--set", "stages.dpo.dpo.beta=0.2", "--set", "sft.execution=1");
        assertThat(changed.exit()).isEqualTo(2);
        assertThat(changed.errors()).contains("unknown key sft").doesNotContain("\tat ");

        changed = TinyRun.pipeline(
                run.configuration(),
                root,
                "local[2]",
                "--set",
                "stages.dpo.dpo.beta=0.2",
                "--set",
                "stages.sft.execution.broadcast-rows=50");
        assertThat(changed.exit()).as(changed.errors()).isZero();
        for (String stage : STAGES) {
            boolean reads = List.of("dpo", "evaluate", "export-peft").contains(stage);
            assertThat(changed.state(stage)).as(stage).isEqualTo(reads ? "done" : "up-to-date");
        }
        assertThat(Files.mismatch(
                        root.resolve("export-peft/adapter/adapter_model.safetensors"),
                        run.root().resolve("export-peft/adapter/adapter_model.safetensors")))
                .as("another beta gives another adapter")
                .isNotEqualTo(-1);
    }

    private static long count(String stage, String table) {
        return Stored.table(run.root(), stage, table).count();
    }

    private static String text(Row pair, String column, String role) {
        List<Row> messages = pair.getList(pair.fieldIndex(column));
        assertThat(messages).hasSize(1);
        assertThat(messages.get(0).<String>getAs("role")).isEqualTo(role);
        return messages.get(0).getAs("content");
    }

    private static JsonNode safetensorsHeader(Path file) throws IOException {
        try (DataInputStream in = new DataInputStream(Files.newInputStream(file))) {
            long length = Long.reverseBytes(in.readLong());
            assertThat(length).isBetween(1L, Files.size(file));
            return new ObjectMapper().readTree(in.readNBytes((int) length));
        }
    }

    /** Time and digest of every file. */
    private static Map<String, String> files(Path root) throws Exception {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(root)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
                files.put(
                        root.relativize(file).toString(),
                        Files.getLastModifiedTime(file) + " " + HexFormat.of().formatHex(digest));
            }
        }
        return files;
    }
}
