package org.ballast.core.mllm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Configurations against what transformers resolves them to; {@code goldens/configs} says how that was made. */
class ConfigFileTest {
    @TempDir
    Path dir;

    private static LlavaConfig parse(String json) {
        return LlavaConfigFile.parse(json.getBytes(StandardCharsets.UTF_8), "c.json");
    }

    @Test
    void whatIsLeftOutHasTheDefaultOfItsClass() {
        int cases = 0;
        for (JsonNode golden : Golden.json("../configs/configs.json")) {
            LlavaConfig config = parse(golden.path("config").toString());
            JsonNode expected = golden.path("resolved");
            boolean llava = expected.path("model_type").asText().equals("llava");
            assertThat(config.hasVision()).as(golden.toString()).isEqualTo(llava);
            assertText(config.text(), llava ? expected.path("text_config") : expected, expected, golden.toString());
            if (llava) {
                assertLlava(config, expected, golden.toString());
            }
            cases++;
        }
        assertThat(cases).isEqualTo(31);
    }

    private static void assertLlava(LlavaConfig c, JsonNode e, String as) {
        VisionConfig v = c.vision();
        JsonNode tower = e.path("vision_config");
        assertThat(List.of(
                        v.imageSize(),
                        v.patchSize(),
                        v.channels(),
                        v.hiddenSize(),
                        v.intermediateSize(),
                        v.layers(),
                        v.heads(),
                        v.projectionSize()))
                .as(as)
                .isEqualTo(ints(
                        tower,
                        "image_size",
                        "patch_size",
                        "num_channels",
                        "hidden_size",
                        "intermediate_size",
                        "num_hidden_layers",
                        "num_attention_heads",
                        "projection_dim"));
        assertThat(v.activation()).isEqualTo(tower.path("hidden_act").asText());
        assertThat(v.layerNormEps()).isEqualTo(tower.path("layer_norm_eps").asDouble());
        assertThat(c.imageTokenId())
                .as(as)
                .isEqualTo(e.path("image_token_index").asInt());
        assertThat(c.visionFeatureLayers()).as(as).isEqualTo(list(e.path("vision_feature_layer")));
        assertThat(c.keepClassToken())
                .isEqualTo(e.path("vision_feature_select_strategy").asText().equals("full"));
        assertThat(c.projectorBias())
                .isEqualTo(e.path("multimodal_projector_bias").asBoolean());
        assertThat(c.projectorActivation())
                .isEqualTo(e.path("projector_hidden_act").asText());
    }

    private static void assertText(TextConfig c, JsonNode e, JsonNode root, String as) {
        assertThat(c.family().modelType()).isEqualTo(e.path("model_type").asText());
        assertThat(List.of(
                        c.vocabSize(),
                        c.hiddenSize(),
                        c.intermediateSize(),
                        c.layers(),
                        c.heads(),
                        c.keyValueHeads(),
                        c.maxPositions()))
                .as(as)
                .isEqualTo(ints(
                        e,
                        "vocab_size",
                        "hidden_size",
                        "intermediate_size",
                        "num_hidden_layers",
                        "num_attention_heads",
                        "num_key_value_heads",
                        "max_position_embeddings"));
        int headDim =
                e.path("hidden_size").asInt() / e.path("num_attention_heads").asInt();
        assertThat(c.headDim()).as(as).isEqualTo(e.path("head_dim").asInt(headDim));
        assertThat(c.rmsNormEps()).isEqualTo(e.path("rms_norm_eps").asDouble());
        assertThat(c.ropeTheta())
                .as(as)
                .isEqualTo(e.path("rope_parameters").path("rope_theta").asDouble());
        boolean llama = c.family() == TextConfig.Family.LLAMA;
        boolean bias = llama && e.path("attention_bias").asBoolean();
        assertThat(c.attentionBias()).isEqualTo(bias || c.family() == TextConfig.Family.QWEN2);
        assertThat(c.outputBias()).isEqualTo(bias);
        assertThat(c.mlpBias()).isEqualTo(llama && e.path("mlp_bias").asBoolean());
        assertThat(c.tiedHead())
                .as(as)
                .isEqualTo(root.path("tie_word_embeddings").asBoolean());
        assertThat(c.bosTokenId()).as(as).isEqualTo(id(e.path("bos_token_id")));
        JsonNode end = root.hasNonNull("eos_token_id") ? root.path("eos_token_id") : e.path("eos_token_id");
        assertThat(c.endTokenIds()).as(as).isEqualTo(list(end));
        assertThat(c.padTokenId())
                .as(as)
                .isEqualTo(id(root.hasNonNull("pad_token_id") ? root.path("pad_token_id") : e.path("pad_token_id")));
        for (int i = 0; i < c.layers(); i++) {
            boolean windowed = e.hasNonNull("sliding_window")
                    && e.path("layer_types").path(i).asText("sliding_attention").startsWith("sliding");
            assertThat(c.window(i))
                    .as(as)
                    .isEqualTo(windowed ? e.path("sliding_window").asInt() : Integer.MAX_VALUE);
        }
    }

    private static Integer id(JsonNode node) {
        return node.isInt() ? node.intValue() : null;
    }

    private static List<Integer> list(JsonNode node) {
        List<Integer> out = new ArrayList<>();
        if (node.isInt()) {
            out.add(node.intValue());
        }
        node.forEach(n -> out.add(n.intValue()));
        return out;
    }

    private static List<Integer> ints(JsonNode node, String... keys) {
        List<Integer> out = new ArrayList<>();
        for (String key : keys) {
            out.add(node.path(key).intValue());
        }
        return out;
    }

    @Test
    void rotaryTablesAreThoseOfTransformers() {
        int tables = 0;
        try (PointerScope scope = new PointerScope();
                Device cpu = new Device(DeviceType.CPU)) {
            for (JsonNode golden : Golden.json("../configs/configs.json")) {
                for (JsonNode e : golden.path("rotary")) {
                    String as = golden.path("config") + " at " + e.path("length");
                    RotaryEmbedding rotary = new RotaryEmbedding(
                            parse(golden.path("config").toString()).text());
                    long length = e.path("length").asLong();
                    float[] frequencies = rotary.inverseFrequencies(length);
                    assertThat(frequencies).hasSize(8);
                    for (int i = 0; i < 8; i++) {
                        float expected = e.path("frequencies").path(i).floatValue();
                        assertThat(frequencies[i]).as(as).isCloseTo(expected, within(2 * Math.ulp(expected)));
                    }
                    int[] positions = Golden.ids(e.path("positions"));
                    RotaryEmbedding.Tables at = rotary.tables(Tensor.create(positions, positions.length), length, cpu);
                    assertTable(at.cos(), e.path("cos"), as);
                    assertTable(at.sin(), e.path("sin"), as);
                    tables++;
                }
            }
        }
        assertThat(tables).isEqualTo(33);
    }

    private static void assertTable(Tensor actual, JsonNode expected, String as) {
        assertThat(actual.shape()).containsExactly(4, 16);
        float[] values = Golden.floats(actual);
        for (int i = 0; i < values.length; i++) {
            assertThat((double) values[i])
                    .as(as)
                    .isCloseTo(expected.path(i / 16).path(i % 16).asDouble(), within(3e-3));
        }
    }

    /** Two pairs, theta 100: the second turns a tenth as fast; linear scaling by 4 slows both. */
    @Test
    void rotaryAnglesByHand() {
        String json =
                "{\"model_type\": \"llama\", \"hidden_size\": 8, \"num_attention_heads\": 2, \"rope_theta\": 100.0%s}";
        try (PointerScope scope = new PointerScope();
                Device cpu = new Device(DeviceType.CPU)) {
            Tensor position = Tensor.create(3L);
            RotaryEmbedding plain =
                    new RotaryEmbedding(parse(json.formatted("")).text());
            assertThat(Golden.floats(plain.tables(position, 4, cpu).sin()))
                    .containsExactly(
                            new float[] {
                                (float) Math.sin(3), (float) Math.sin(0.3), (float) Math.sin(3), (float) Math.sin(0.3)
                            },
                            within(1e-6f));
            String linear = json.formatted(", \"rope_scaling\": {\"type\": \"linear\", \"factor\": 4}");
            assertThat(new RotaryEmbedding(parse(linear).text()).inverseFrequencies(9))
                    .containsExactly(new float[] {0.25f, 0.025f}, within(1e-8f));
        }
    }

    @Test
    void linearAndDynamicScalingStretchThePositions() {
        String json =
                "{\"model_type\": \"llama\", \"max_position_embeddings\": 100, \"rope_scaling\": {\"type\": \"%s\", \"factor\": 2.5}}";
        assertThat(parse(json.formatted("linear")).text().positionLimit()).isEqualTo(250);
        assertThat(parse(json.formatted("dynamic")).text().positionLimit()).isEqualTo(250);
        assertThat(parse("{\"model_type\": \"llama\", \"max_position_embeddings\": 100}")
                        .text()
                        .positionLimit())
                .isEqualTo(100);
    }

    @Test
    void aWrittenConfigurationReadsAsItWas() throws IOException {
        Path file = dir.resolve("config.json");
        for (JsonNode golden : Golden.json("../configs/configs.json")) {
            LlavaConfig config = parse(golden.path("config").toString());
            LlavaConfigFile.write(config, ScalarType.BFloat16, file);
            assertThat(LlavaConfigFile.read(file)).as(golden.toString()).isEqualTo(config);
            assertThat(Files.readString(file)).contains("\"torch_dtype\" : \"bfloat16\"");
        }
    }

    @Test
    void whatCannotBeUsedIsNamedWithItsKey() {
        Map<String, String> faults = Map.ofEntries(
                Map.entry("{\"model_type\": \"mamba\"}", "model_type is \"mamba\""),
                Map.entry("{}", "model_type is missing"),
                Map.entry("[]", "no JSON object"),
                Map.entry("{\"model_type\": \"llama\"} x", "JSON"),
                Map.entry("{\"model_type\": \"llama\", \"model_type\": \"llama\"}", "Duplicate"),
                Map.entry("[".repeat(100), "depth"),
                Map.entry(llama("\"architectures\": [\"LlamaForSequenceClassification\"]"), "architectures"),
                Map.entry(llama("\"quantization_config\": {\"bits\": 4}"), "quantization_config"),
                Map.entry(llama("\"hidden_act\": \"gelu\""), "hidden_act is \"gelu\""),
                Map.entry(llama("\"num_hidden_layers\": 2000000000"), "num_hidden_layers must be at most 10000"),
                Map.entry(llama("\"num_hidden_layers\": null"), "num_hidden_layers must be an integer, is null"),
                Map.entry(llama("\"vocab_size\": 1e5"), "vocab_size must be an integer"),
                Map.entry(llama("\"vocab_size\": 99999999999"), "vocab_size must be an integer"),
                Map.entry(llama("\"rms_norm_eps\": 1e999"), "rms_norm_eps must be positive, is Infinity"),
                Map.entry(llama("\"hidden_size\": 65"), "hidden_size 65 is not a multiple"),
                Map.entry(llama("\"num_attention_heads\": 0"), "num_attention_heads must be positive"),
                Map.entry(llama("\"num_key_value_heads\": 5"), "num_key_value_heads 5"),
                Map.entry(llama("\"head_dim\": 7"), "head_dim 7"),
                Map.entry(llama("\"rope_scaling\": {\"type\": \"yarn\", \"factor\": 2}"), "type is \"yarn\""),
                Map.entry(llama("\"rope_scaling\": {\"type\": \"linear\"}"), "rope_scaling.factor is missing"),
                Map.entry(llama("\"rope_scaling\": 3"), "rope_scaling must be an object"),
                Map.entry(llama("\"rope_parameters\": {\"full_attention\": {}}"), "rope_parameters"),
                Map.entry(llama("\"partial_rotary_factor\": 0.5"), "partial_rotary_factor is 0.5"),
                Map.entry(
                        "{\"model_type\": \"qwen2\", \"num_hidden_layers\": 1, \"layer_types\": [\"sliding_attention\"]}",
                        "layer_types"),
                Map.entry(llava("\"vision_config\": {\"model_type\": \"siglip_vision_model\"}"), "siglip_vision_model"),
                Map.entry(llava("\"vision_config\": {\"hidden_act\": \"xielu\"}"), "hidden_act is \"xielu\""),
                Map.entry(llava("\"vision_config\": {\"image_size\": [8, 8]}"), "vision_config.image_size must be"),
                Map.entry(llava("\"vision_config\": {\"image_size\": 2000000}"), "image_size 2000000"),
                Map.entry(llava("\"vision_config\": {\"patch_size\": 300}"), "patch_size 300 is larger"),
                Map.entry(llava("\"text_config\": {\"model_type\": \"gemma\"}"), "text_config.model_type is \"gemma\""),
                Map.entry(llava("\"text_config\": {\"quantization_config\": {}}"), "quantization_config"),
                Map.entry(llava("\"projector_hidden_act\": \"prelu\""), "projector_hidden_act is \"prelu\""),
                Map.entry(llava("\"vision_feature_layer\": []"), "vision_feature_layer is an empty list"),
                Map.entry(llava("\"vision_feature_layer\": [1, 25]"), "vision_feature_layer 25 is outside"),
                Map.entry(llava("\"vision_feature_select_strategy\": \"cls\""), "\"cls\""),
                Map.entry(llava("\"image_token_index\": null"), "image_token_index must be an integer, is null"));
        faults.forEach((json, message) -> assertThatThrownBy(() -> parse(json))
                .as(json)
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith("c.json: ")
                .hasMessageContaining(message));
    }

    private static String llama(String field) {
        return "{\"model_type\": \"llama\", " + field + "}";
    }

    private static String llava(String field) {
        return "{\"model_type\": \"llava\", " + field + "}";
    }

    /** Every byte of a good file changed in turn, and every shorter file: a message or a configuration, never another exception. */
    @Test
    void damagedFilesAreRefusedInOneWay() throws IOException {
        byte[] good = Files.readAllBytes(FamiliesTest.family("llava-qwen2-tied").resolve("config.json"));
        int refused = 0;
        for (int i = 0; i < good.length; i++) {
            for (int change : new int[] {0x01, 0x10, 0x80}) {
                byte[] damaged = good.clone();
                damaged[i] ^= (byte) change;
                refused += isRefused(damaged) ? 1 : 0;
            }
            assertThat(isRefused(Arrays.copyOf(good, i))).isTrue();
        }
        assertThat(refused).isGreaterThan(good.length);
    }

    private static boolean isRefused(byte[] json) {
        try {
            LlavaConfigFile.parse(json, "c.json");
            return false;
        } catch (CheckpointException e) {
            assertThat(e).hasMessageStartingWith("c.json: ");
            return true;
        }
    }

    @Test
    void precisionIsChosenByNameOrByTheProcessor() throws IOException {
        try (Device cpu = new Device(DeviceType.CPU)) {
            assertThat(Precision.resolve("float32", cpu)).isEqualTo(Precision.FLOAT32);
            assertThat(Precision.resolve("bf16", cpu)).isEqualTo(Precision.BF16);
            assertThat(Precision.resolve("bfloat16", cpu)).isEqualTo(Precision.BF16);
            boolean bf16 = Files.readString(Path.of("/proc/cpuinfo")).matches("(?s).* (amx|avx512)_bf16 .*");
            assertThat(Precision.resolve("auto", cpu)).isEqualTo(bf16 ? Precision.BF16 : Precision.FLOAT32);
            assertThatThrownBy(() -> Precision.resolve("fp8", cpu)).hasMessageContaining("fp8");
        }
    }
}
