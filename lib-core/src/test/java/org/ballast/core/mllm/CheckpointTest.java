package org.ballast.core.mllm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path dir;

    static float[][] logits(LlavaModel model, LoraAdapter adapter) {
        int[] prompt = Golden.prompt("prompt0");
        float[] pixels =
                Golden.pixels(Golden.json("forward.json").path("prompts").get(0).path("pixel_values"));
        return new float[][] {Golden.nextLogits(model, adapter, new Decoder.Prompt("p", pixels, prompt))};
    }

    @Test
    void aWrittenCheckpointOpensWithTheSameLogits() throws IOException {
        try (LlavaModel model = LlavaModel.open(Golden.path("model"))) {
            model.save(dir);
            try (LlavaModel again = LlavaModel.open(dir)) {
                assertThat(again.config()).isEqualTo(model.config());
                assertThat(logits(again, null)[0]).containsExactly(logits(model, null)[0]);
            }
        }
        assertThat(dir.resolve("config.json")).exists();
        assertThat(dir.resolve("generation_config.json")).exists();
        assertThat(dir.resolve("processor_config.json")).exists();
        assertThat(dir.resolve("tokenizer_config.json")).exists();
        assertThat(dir.resolve("model.safetensors.partial")).doesNotExist();
    }

    @Test
    void aTrainedVectorIsWhatTheCheckpointHolds() throws IOException {
        try (SftObjective sft = SftObjective.full(LlavaModel.open(Golden.path("model")))) {
            float[] theta = new float[(int) sft.parameterCount()];
            sft.initialTheta(theta);
            for (int i = 0; i < theta.length; i++) {
                theta[i] = i % 1000 / 1000f;
            }
            sft.model().save(dir, theta);
            try (SftObjective again = SftObjective.full(LlavaModel.open(dir))) {
                float[] read = new float[theta.length];
                again.initialTheta(read);
                assertThat(Arrays.equals(read, theta)).isTrue();
            }
            assertThatThrownBy(() -> sft.model().save(dir, new float[2])).hasMessageContaining("2 elements");
        }
    }

    @Test
    void shardsAndHalfPrecisionAndNewerNamesAreRead() throws IOException {
        try (LlavaModel model = LlavaModel.open(Golden.path("model"))) {
            Map<String, Tensor> first = new LinkedHashMap<>();
            Map<String, Tensor> second = new LinkedHashMap<>();
            ObjectNode index = JSON.createObjectNode();
            for (NamedShape t : LlavaTensors.all(model.config())) {
                boolean head = t.name().equals(LlavaTensors.HEAD);
                String name = head ? "lm_head.weight" : ModuleNaming.LLAVA_5.path(t.name());
                (name.contains("vision") ? first : second)
                        .put(name, model.weights().tensor(t.name()));
                index.withObject("/weight_map").put(name, name.contains("vision") ? "a.safetensors" : "b.safetensors");
            }
            SafeTensorsWriter.write(dir.resolve("a.safetensors"), first);
            SafeTensorsWriter.write(dir.resolve("b.safetensors"), second);
            Files.writeString(dir.resolve("model.safetensors.index.json"), index.toString());
            Files.copy(Golden.path("model/config.json"), dir.resolve("config.json"));
            try (LlavaModel again = LlavaModel.open(dir)) {
                assertThat(logits(again, null)[0]).containsExactly(logits(model, null)[0]);
            }
            Files.writeString(
                    dir.resolve("model.safetensors.index.json"), "{\"weight_map\": {\"x\": \"../a.safetensors\"}}");
            assertThatThrownBy(() -> LlavaModel.open(dir)).hasMessageContaining("../a.safetensors");
        }
    }

    @Test
    void initialisationIsReproducibleAndScaled() {
        LlavaConfig config = SftStepBenchmark.demoSize();
        try (PointerScope scope = new PointerScope();
                LlavaModel a = LlavaModel.initialise(config, 5);
                LlavaModel b = LlavaModel.initialise(config, 5);
                LlavaModel c = LlavaModel.initialise(config, 6)) {
            String down = LlavaTensors.decoderLayer(1) + "mlp.down_proj.weight";
            float[] values = Golden.floats(a.weights().tensor(down));
            assertThat(values).containsExactly(Golden.floats(b.weights().tensor(down)));
            assertThat(values).isNotEqualTo(Golden.floats(c.weights().tensor(down)));
            assertThat(a.weights().tensor(down).std().item_double()).isBetween(0.0195, 0.0205);
            assertThat(Golden.floats(a.weights().tensor(LlavaTensors.DECODER + "norm.weight")))
                    .containsOnly(1f);
            assertThat(Golden.floats(a.weights().tensor(LlavaTensors.PROJECTOR + "linear_1.bias")))
                    .containsOnly(0f);
            String query = LlavaTensors.visionLayer(0) + "self_attn.q_proj.weight";
            double expected = 1 / Math.sqrt(128) / Math.sqrt(6);
            assertThat(a.weights().tensor(query).std().item_double()).isBetween(0.97 * expected, 1.03 * expected);
            assertThat(LlavaTensors.all(config).stream()
                            .mapToLong(NamedShape::elements)
                            .sum())
                    .isGreaterThan(a.parameters().size());
        }
    }

    @Test
    void configurationDialectsAreReadAndWhatIsNotSupportedIsNamed() throws IOException {
        Path file = dir.resolve("config.json");
        String five =
                """
                {"model_type": "llava", "image_token_id": 7, "vision_feature_layer": -1, "vision_feature_select_strategy": "full",
                 "tie_word_embeddings": true,
                 "text_config": {"model_type": "llama", "hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2,
                  "rope_parameters": {"rope_type": "default", "rope_theta": 500000.0}, "eos_token_id": [5, 6]},
                 "vision_config": {"model_type": "clip_vision_model", "hidden_act": "gelu"}}
                """;
        Files.writeString(file, five);
        LlavaConfig config = LlavaConfigFile.read(file);
        assertThat(config.imageTokenId()).isEqualTo(7);
        assertThat(config.text().ropeTheta()).isEqualTo(500000);
        assertThat(config.text().rmsNormEps()).isEqualTo(1e-6);
        assertThat(config.text().headDim()).isEqualTo(16);
        assertThat(config.text().keyValueHeads()).isEqualTo(2);
        assertThat(config.text().tiedHead()).isTrue();
        assertThat(config.text().eosTokenId()).isEqualTo(5);
        assertThat(config.vision().hiddenSize()).isEqualTo(768);
        assertThat(config.vision().patchSize()).isEqualTo(32);
        assertThat(config.usedVisionLayers()).isEqualTo(12);
        assertThat(config.imageTokens()).isEqualTo(50);
        LlavaConfigFile.write(config, ScalarType.Float, file);
        assertThat(LlavaConfigFile.read(file)).isEqualTo(config);
        Map<String, String> faults = Map.of(
                "\"model_type\": \"llama\"", "\"model_type\": \"mamba\"",
                "\"rope_type\": \"default\"", "\"rope_type\": \"yarn\"",
                "\"hidden_act\": \"gelu\"", "\"hidden_act\": \"prelu\"",
                "\"vision_feature_layer\": -1", "\"vision_feature_layer\": [-1, -20.5]",
                "\"hidden_size\": 64", "\"hidden_size\": \"many\"",
                "\"image_token_id\": 7", "\"image_token_id\": -7");
        for (Map.Entry<String, String> fault : faults.entrySet()) {
            Files.writeString(file, five.replace(fault.getKey(), fault.getValue()));
            String value = fault.getValue().replaceAll(".*: ", "").replace("\"", "");
            assertThatThrownBy(() -> LlavaConfigFile.read(file))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining(file.toString())
                    .satisfies(
                            e -> assertThat(e.getMessage().replace(", ", ",")).contains(value.replace(", ", ",")));
        }
    }

    @Test
    void missingSurplusAndMisshapenTensorsAreNamed() throws IOException {
        Files.copy(Golden.path("model/config.json"), dir.resolve("config.json"));
        Path file = dir.resolve("model.safetensors");
        assertThatThrownBy(() -> LlavaModel.open(dir)).hasMessageContaining("neither");
        try (PointerScope scope = new PointerScope();
                LlavaModel model = LlavaModel.open(Golden.path("model"))) {
            Map<String, Tensor> all = new LinkedHashMap<>();
            LlavaTensors.all(model.config())
                    .forEach(t -> all.put(t.name(), model.weights().tensor(t.name())));
            String norm = LlavaTensors.DECODER + "norm.weight";
            Map<String, Tensor> missing = new LinkedHashMap<>(all);
            missing.remove(norm);
            SafeTensorsWriter.write(file, missing);
            assertThatThrownBy(() -> LlavaModel.open(dir))
                    .hasMessageContaining(file.toString())
                    .hasMessageContaining(norm + " is missing");
            Map<String, Tensor> surplus = new LinkedHashMap<>(all);
            surplus.put("extra.weight", all.get(norm));
            SafeTensorsWriter.write(file, surplus);
            assertThatThrownBy(() -> LlavaModel.open(dir)).hasMessageContaining("extra.weight is surplus");
            Map<String, Tensor> wrong = new LinkedHashMap<>(all);
            wrong.put(norm, all.get(norm).view(8, 8));
            SafeTensorsWriter.write(file, wrong);
            assertThatThrownBy(() -> LlavaModel.open(dir))
                    .hasMessageContaining(norm)
                    .hasMessageContaining("[8, 8]")
                    .hasMessageContaining("[64]");
        }
    }
}
