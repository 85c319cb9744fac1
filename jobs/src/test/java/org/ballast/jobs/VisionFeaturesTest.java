package org.ballast.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.data.VisionFeature;
import org.ballast.core.mllm.LlavaModel;
import org.ballast.core.mllm.LoraAdapter;
import org.ballast.spark.rows.ReferenceLogProbRows;
import org.ballast.spark.rows.VisionFeatureRows;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The golden checkpoint from pictures and from their stored features: the same log-probs, the same adapters. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class VisionFeaturesTest {
    private static final Path GOLDENS = Path.of("../lib-core/src/test/resources/goldens/mllm-a")
            .toAbsolutePath()
            .normalize();
    private static final List<String> PICTURES =
            List.of("photo_61x97.png", "square.png", "rgba_80x64.png", "exif6_120x80.jpg");

    private Path folder;
    private Path configuration;

    @BeforeAll
    void pipeline(@TempDir Path temporary) throws IOException {
        folder = temporary;
        Call.asSparkSubmitSetsIt();
        annotations("all.json", 6);
        annotations("some.json", 1);
        configuration = Files.writeString(
                folder.resolve("run.conf"),
                """
                root = "%1$s/out"
                shard { format = llava-instruct, images = "%2$s/images", kind-pattern = ".*/(\\\\w+)" }
                train {
                  inputs { data = data, model = model, completions = wrong }
                  lora { enabled = true, rank = 4, alpha = 8, projector = true }
                  optimizer { learning-rate = 1e-3 }
                  averaging { batch-size = 2, steps = 2, every = 1 }
                  validation-splits = [train]
                  validation-every = 2
                }
                reference { inputs { data = data, completions = wrong, model = model } }
                stages {
                  data { job = shard, sources = [{ split = train, annotations = "%1$s/all.json" }] }
                  some { job = shard, sources = [{ split = train, annotations = "%1$s/some.json" }] }
                  model { job = import-model, checkpoint = "%2$s/model", max-length = 96 }
                  wrong {
                    job = negatives
                    inputs { data = data, model = model }
                    weaken.enabled = false
                    max-failure-rate = 1.0
                  }
                  vision { job = features, kind = tokens, inputs { data = data, model = model }, unit-rows = 2, wave-units = 1 }
                  few { job = features, kind = tokens, inputs { data = some, model = model } }
                  scored { job = reference }
                  scored-cached { job = reference, inputs.vision-features = vision }
                  dpo { job = train, objective = dpo, inputs.reference = scored }
                  dpo-cached { job = train, objective = dpo, inputs { reference = scored, vision-features = vision } }
                  sft { job = train }
                  sft-cached { job = train, inputs.vision-features = vision, execution.broadcast-rows = 0 }
                }
                """
                        .formatted(folder, GOLDENS));
        Call.Outcome outcome = Call.run("pipeline", "--conf", configuration.toString());
        assertThat(outcome.exit()).as(outcome.errors()).isEqualTo(Main.DONE);
    }

    @AfterAll
    static void clear() {
        Call.clear();
    }

    @Test
    void everyPictureStandsInTheTableOnce() throws IOException {
        List<VisionFeature> features = rows("vision", "vision_features").stream()
                .map(VisionFeatureRows::fromRow)
                .toList();
        assertThat(features)
                .extracting(VisionFeature::imageId)
                .hasSize(PICTURES.size())
                .doesNotHaveDuplicates();
        try (LlavaModel model = LlavaModel.open(GOLDENS.resolve("model"))) {
            assertThat(features).allSatisfy(feature -> {
                assertThat(feature.tokens()).isEqualTo(model.config().imageTokens());
                assertThat(feature.size()).isEqualTo(model.config().visionFeatureSize());
                assertThat(feature.model()).matches("[0-9a-f]{64} float32 white apply");
            });
        }
    }

    @Test
    void logProbsEqualThoseFromPictures() {
        Map<String, Double> pictures = logProbs("scored");
        Map<String, Double> cached = logProbs("scored-cached");
        assertThat(cached.keySet()).hasSizeGreaterThan(6).isEqualTo(pictures.keySet());
        pictures.forEach((id, logProb) -> assertThat(cached.get(id)).as(id).isCloseTo(logProb, within(1e-5)));
    }

    @Test
    void adaptersEqualThoseFromPictures() {
        for (String stage : List.of("dpo", "sft")) {
            float[] pictures = adapter(stage);
            assertThat(adapter(stage + "-cached")).as(stage).containsExactly(pictures, within(1e-5f));
        }
    }

    @Test
    void featuresOfAnotherReadingOfPicturesAreRefused() {
        Call.assertOneError(
                other("turned", "reference", "image.orientation = ignore, inputs.vision-features = vision"),
                Main.FAILED,
                "stage vision holds the vision features of another model",
                "float32 white apply",
                "float32 white ignore");
    }

    @Test
    void missingPicturesAreNamed() {
        String known = rows("few", "vision_features").get(0).getAs("image_id");
        String first = rows("data", "images").stream()
                .map(row -> row.<String>getAs("image_id"))
                .filter(id -> !id.equals(known))
                .sorted()
                .findFirst()
                .orElseThrow();
        Call.assertOneError(
                other("late", "reference", "inputs.vision-features = few"),
                Main.FAILED,
                "stage few lacks the vision features of 3 of the pictures, one is " + first);
        Call.assertOneError(
                other("later", "train", "inputs.vision-features = few"), Main.FAILED, "stage few lacks", first);
    }

    @Test
    void whatTrainsTheTowerOrHasNoTableIsRefused() {
        Call.assertOneError(
                other("whole", "train", "lora.enabled = false, inputs.vision-features = vision"),
                Main.USAGE,
                "stages.whole.inputs.vision-features",
                "the vision tower is trained");
        Call.assertOneError(
                other("shifted", "train", "augment-shift = 2, inputs.vision-features = vision"),
                Main.USAGE,
                "stages.shifted.augment-shift",
                "no pixels to shift");
        Call.assertOneError(
                other("tower", "train", "lora.targets = \".*vision_tower.*q_proj\", inputs.vision-features = vision"),
                Main.FAILED,
                "lora.targets",
                "vision tower");
        Call.assertOneError(
                other("astray", "reference", "inputs.vision-features = data"),
                Main.FAILED,
                "stage data holds no table vision_features",
                "kind = tokens");
    }

    /** Runs a stage that stands beside those of the pipeline. */
    private Call.Outcome other(String name, String job, String settings) {
        try {
            Path more = Files.writeString(
                    folder.resolve(name + ".conf"),
                    "include \"run.conf\"\nstages." + name + " { job = " + job + ", " + settings + " }\n");
            return Call.run(job, "--conf", more.toString(), "--stage", name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Rows that show the first pictures, and one without. */
    private void annotations(String name, int rows) throws IOException {
        List<Map<String, Object>> all = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
            Map<String, Object> row = new TreeMap<>();
            row.put("id", "row" + i + "/what");
            row.put(
                    "conversations",
                    List.of(
                            Map.of("from", "human", "value", "What is picture " + i + "?"),
                            Map.of("from", "gpt", "value", "It is the " + "red ".repeat(i) + "one.")));
            if (i < 5) {
                row.put("image", PICTURES.get(i % PICTURES.size()));
            }
            all.add(row);
        }
        new ObjectMapper().writeValue(folder.resolve(name).toFile(), all);
    }

    private float[] adapter(String stage) {
        try (LlavaModel model = LlavaModel.open(GOLDENS.resolve("model"))) {
            return LoraAdapter.read(folder.resolve("out").resolve(stage).resolve("adapter"), model.config())
                    .theta();
        }
    }

    /** Mean over the tokens of each completion: the sum over a response of 89 nats is rounded to 8e-6. */
    private Map<String, Double> logProbs(String stage) {
        return rows(stage, "reference_log_probs").stream()
                .map(ReferenceLogProbRows::fromRow)
                .collect(Collectors.toMap(row -> row.completionId(), row -> row.logProb() / row.tokens()));
    }

    private List<Row> rows(String stage, String table) {
        String path = folder.resolve("out").resolve(stage).resolve(table).toString();
        try (SparkSession spark = SparkSession.builder().getOrCreate()) {
            return spark.read().parquet(path).collectAsList();
        }
    }
}
