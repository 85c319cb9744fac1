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
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoraAdapterTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static LlavaModel model;

    @TempDir
    Path dir;

    private PointerScope scope;
    private NoGradGuard noGrad;

    @BeforeAll
    static void open() {
        model = LlavaModel.open(Golden.path("model"));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    @BeforeEach
    void enter() {
        scope = new PointerScope();
        noGrad = new NoGradGuard();
    }

    @AfterEach
    void leave() {
        noGrad.close();
        scope.close();
    }

    private static Path peft(String name) {
        return Golden.path("../peft/" + name);
    }

    /** Logits at the last position of prompt0: {@code [vocab]}. */
    private static Tensor logits(LlavaModel of, LoraAdapter adapter) {
        int[] prompt = Golden.prompt("prompt0");
        float[] pixels =
                Golden.pixels(Golden.json("forward.json").path("prompts").get(0).path("pixel_values"));
        return logits(of, adapter, new Decoder.Prompt("p", pixels, prompt));
    }

    private static Tensor expected(String adapter) {
        try (SafeTensors logits = SafeTensors.open(peft("logits.safetensors"))) {
            return logits.tensor(adapter);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"projector", "first-linear", "rslora", "tower", "patterns", "transformers-4", "half", "bfloat16"
            })
    void whatPeftWroteGivesItsLogitsReadMergedAndWrittenAgain(String name) throws IOException {
        LoraAdapter adapter = LoraAdapter.read(peft(name), model.config());
        assertThat(Golden.largestDifference(logits(model, adapter), expected(name)))
                .isLessThan(1e-4);
        assertThat(Golden.largestDifference(logits(model, null), expected(name)))
                .isGreaterThan(1e-2);
        try (LlavaModel merged = adapter.merge(model)) {
            assertThat(Golden.largestDifference(logits(merged, null), expected(name)))
                    .isLessThan(1e-4);
        }
        adapter.write(dir, "model");
        LoraAdapter again = LoraAdapter.read(dir, model.config());
        assertThat(again.config()).isEqualTo(adapter.config());
        assertThat(again.layout().tensors()).isEqualTo(adapter.layout().tensors());
        assertThat(Arrays.equals(again.theta(), adapter.theta())).isTrue();
    }

    @Test
    void anAdapterOfABareDecoderGivesItsLogitsAndKeepsItsNames() throws IOException {
        try (LlavaModel qwen = LlavaModel.open(peft("qwen2/model"))) {
            LoraAdapter adapter = LoraAdapter.read(peft("qwen2/adapter"), qwen.config());
            Decoder.Prompt prompt = new Decoder.Prompt("p", null, new int[] {1, 17, 5, 80, 33, 2, 9, 41});
            assertThat(Golden.largestDifference(
                            logits(qwen, null, prompt),
                            expected("qwen2.base").narrow(0, 7, 1).view(-1)))
                    .isLessThan(1e-4);
            assertThat(Golden.largestDifference(
                            logits(qwen, adapter, prompt),
                            expected("qwen2/adapter").narrow(0, 7, 1).view(-1)))
                    .isLessThan(1e-4);
            adapter.write(dir, "model");
            try (SafeTensors written = SafeTensors.open(dir.resolve("adapter_model.safetensors"));
                    SafeTensors original = SafeTensors.open(peft("qwen2/adapter/adapter_model.safetensors"))) {
                assertThat(written.names()).containsExactlyInAnyOrderElementsOf(original.names());
            }
            assertThat(LoraAdapter.read(dir, qwen.config()).theta()).containsExactly(adapter.theta());
        }
    }

    private static Tensor logits(LlavaModel of, LoraAdapter adapter, Decoder.Prompt prompt) {
        float[] row = Golden.nextLogits(of, adapter, prompt);
        return Tensor.create(row, row.length);
    }

    @Test
    void theGoldenAdapterGivesItsLogits() {
        try (SafeTensors golden = Golden.tensors("adapter.safetensors")) {
            LoraAdapter adapter = LoraAdapter.read(Golden.path("adapter"), model.config());
            assertThat(adapter.config().scale()).isEqualTo(2);
            Tensor last = golden.tensor("prompt0.logits").narrow(0, 28, 1).view(-1); // [vocab]
            assertThat(Golden.largestDifference(logits(model, adapter), last)).isLessThan(1e-4);
        }
    }

    @Test
    void theLayoutHoldsEachModulesMatricesAndThenWhatIsTrainedInFull() {
        LoraAdapter adapter = LoraAdapter.read(peft("projector"), model.config());
        List<String> names =
                adapter.layout().tensors().stream().map(NamedShape::name).toList();
        assertThat(names)
                .hasSize(2 * 2 * 3 + 4)
                .startsWith(
                        "base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_A.weight",
                        "base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_B.weight",
                        "base_model.model.model.language_model.layers.0.self_attn.v_proj.lora_A.weight")
                .endsWith(
                        "multi_modal_projector.linear_1.weight",
                        "multi_modal_projector.linear_1.bias",
                        "multi_modal_projector.linear_2.weight",
                        "multi_modal_projector.linear_2.bias");
        assertThat(adapter.config().dropout()).isEqualTo(0.1);
    }

    @Test
    void onlyTargetsInTheTowerTrainIt() {
        LoraConfig decoder = LoraConfig.allLinear(2, 4).withProjector();
        assertThat(decoder.trainsTower(model.config())).isFalse();
        LoraConfig tower = LoraConfig.on(2, 4, ModuleSelection.matching(".*vision_tower.*q_proj"));
        assertThat(tower.trainsTower(model.config())).isTrue();
    }

    @Test
    void ranksAndScalesFollowTheFirstPatternThatMatches() {
        LoraConfig config = LoraAdapter.read(peft("patterns"), model.config()).config();
        String layer = LlavaTensors.decoderLayer(1);
        assertThat(config.scale(layer + "self_attn.k_proj")).isEqualTo(9.0 / 3);
        assertThat(config.scale(LlavaTensors.visionLayer(2) + "self_attn.k_proj"))
                .isEqualTo(4.0 / 3);
        assertThat(config.scale(layer + "mlp.up_proj")).isEqualTo(4);
        assertThat(config.scale(LlavaTensors.decoderLayer(2) + "mlp.up_proj")).isEqualTo(2);
        ModuleSelection query = ModuleSelection.named(List.of("q_proj"));
        assertThat(LoraConfig.on(16, 8, query).scale()).isEqualTo(0.5);
        assertThat(LoraConfig.on(16, 8, query).withRslora(true).scale()).isEqualTo(2);
    }

    @Test
    void aFreshAdapterChangesNothingAndIsTheSameForTheSameSeed() {
        LoraConfig config = LoraConfig.allLinear(4, 8).withProjector();
        LoraAdapter fresh = LoraAdapter.initialise(config, model, 3);
        assertThat(Golden.largestDifference(logits(model, fresh), logits(model, null)))
                .isZero();
        assertThat(fresh.theta())
                .containsExactly(LoraAdapter.initialise(config, model, 3).theta())
                .isNotEqualTo(LoraAdapter.initialise(config, model, 4).theta());
        long plain = LoraConfig.allLinear(4, 8).layout(model.config()).size();
        assertThat(fresh.layout().size()).isEqualTo(plain + 48 * 64 + 64 + 64 * 64 + 64);
    }

    @Test
    void unmergingGivesTheBaseWithinItsRounding() {
        LoraAdapter adapter = LoraAdapter.read(peft("tower"), model.config());
        try (LlavaModel merged = adapter.merge(model);
                LlavaModel back = adapter.unmerge(merged)) {
            for (NamedShape tensor : LlavaTensors.all(model.config())) {
                Tensor base = model.weights().tensor(tensor.name());
                Tensor moved = merged.weights().tensor(tensor.name());
                Tensor error = back.weights().tensor(tensor.name()).sub(base).abs();
                Tensor bound = base.abs().add(moved.sub(base).abs()).mul(new Scalar(0x1p-23)); // shape of the tensor
                assertThat(error.le(bound).all().item_bool()).as(tensor.name()).isTrue();
            }
            assertThat(Golden.largestDifference(logits(merged, null), logits(back, null)))
                    .isGreaterThan(1e-2);
        }
    }

    @Test
    void mergingIntoBfloat16RoundsTheSumOnce() {
        LoraAdapter adapter = LoraAdapter.read(Golden.path("adapter"), model.config());
        String module = LlavaTensors.decoderLayer(1) + "mlp.down_proj";
        try (LlavaModel half = model.to(ScalarType.BFloat16);
                LlavaModel wide = half.to(ScalarType.Float);
                LlavaModel merged = adapter.merge(half);
                LlavaModel exact = adapter.merge(wide)) {
            Tensor found = merged.weights().tensor(module + ".weight"); // [out, in]
            Tensor sum = exact.weights().tensor(module + ".weight"); // [out, in]
            assertThat(found.scalar_type().intern()).isEqualTo(ScalarType.BFloat16);
            assertThat(Golden.largestDifference(
                            found.to(ScalarType.Float),
                            sum.to(ScalarType.BFloat16).to(ScalarType.Float)))
                    .isZero();
        }
    }

    @Test
    void whatCannotBeUnmergedIsRefused() {
        LoraAdapter projector = LoraAdapter.read(peft("projector"), model.config());
        assertThatThrownBy(() -> projector.unmerge(model))
                .hasMessageContaining("multi_modal_projector")
                .hasMessageContaining("keep the base");
        LoraAdapter plain = LoraAdapter.read(peft("tower"), model.config());
        try (LlavaModel half = model.to(ScalarType.BFloat16)) {
            assertThatThrownBy(() -> plain.unmerge(half)).hasMessageContaining("BFloat16");
        }
    }

    @Test
    void mergingSharesWhatItDoesNotTouch() {
        LoraAdapter adapter = LoraAdapter.read(Golden.path("adapter"), model.config());
        try (LlavaModel merged = adapter.merge(model)) {
            String tower = LlavaTensors.visionLayer(0) + "mlp.fc1.weight";
            assertThat(merged.weights().tensor(tower).data_ptr().address())
                    .isEqualTo(model.weights().tensor(tower).data_ptr().address());
        }
    }

    @Test
    void whatPlainLoraDoesNotHaveIsRefused() throws IOException {
        Files.copy(Golden.path("adapter/adapter_model.safetensors"), dir.resolve("adapter_model.safetensors"));
        Map<String, Consumer<ObjectNode>> faults = new LinkedHashMap<>();
        faults.put("use_dora is true", n -> n.put("use_dora", true));
        faults.put("bias is \"all\"", n -> n.put("bias", "all"));
        faults.put("peft_type is \"IA3\"", n -> n.put("peft_type", "IA3"));
        faults.put("init_lora_weights is \"pissa_niter_4\"", n -> n.put("init_lora_weights", "pissa_niter_4"));
        faults.put("init_lora_weights is \"olora\"", n -> n.put("init_lora_weights", "olora"));
        faults.put("modules_to_save lm_head", n -> n.putArray("modules_to_save").add("lm_head"));
        faults.put("trainable_token_indices is [3]", n -> n.putArray("trainable_token_indices")
                .add(3));
        faults.put("lora dropout must lie in [0, 1)", n -> n.put("lora_dropout", 1.5));
        faults.put("r must be an integer", n -> n.put("r", "four"));
        faults.put("no regular expression", n -> n.put("target_modules", "(q_proj"));
        faults.put("no linear of the model is a LoRA target", n -> n.putArray("target_modules")
                .add("c_attn"));
        faults.put("lora_A.weight is Float [4, 64]", n -> n.put("r", 8));
        faults.put(
                "linear_1.weight is missing", n -> n.putArray("modules_to_save").add("multi_modal_projector"));
        faults.put("is surplus", n -> n.putArray("target_modules").add("q_proj"));
        for (Map.Entry<String, Consumer<ObjectNode>> fault : faults.entrySet()) {
            ObjectNode root = (ObjectNode)
                    JSON.readTree(Golden.path("adapter/adapter_config.json").toFile());
            fault.getValue().accept(root);
            Files.writeString(dir.resolve("adapter_config.json"), root.toString());
            assertThatThrownBy(() -> LoraAdapter.read(dir, model.config()))
                    .as(fault.getKey())
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining(dir.toString())
                    .hasMessageContaining(fault.getKey());
        }
    }

    @Test
    void aMissingMatrixIsNamedAndAMissingTowerIsNot() throws IOException {
        ObjectNode root = (ObjectNode)
                JSON.readTree(Golden.path("adapter/adapter_config.json").toFile());
        root.putNull("exclude_modules");
        Files.writeString(dir.resolve("adapter_config.json"), root.toString());
        Path file = dir.resolve("adapter_model.safetensors");
        Files.copy(Golden.path("adapter/adapter_model.safetensors"), file);
        LoraAdapter whole = LoraAdapter.read(Golden.path("adapter"), model.config());
        assertThat(LoraAdapter.read(dir, model.config()).layout().tensors())
                .isEqualTo(whole.layout().tensors());
        for (String end : List.of("layers.1.mlp.up_proj.lora_B.weight", "layers.2.self_attn.q_proj.lora_A.weight")) {
            try (SafeTensors all = SafeTensors.open(Golden.path("adapter/adapter_model.safetensors"))) {
                Map<String, Tensor> kept = new LinkedHashMap<>();
                all.names().stream().filter(n -> !n.endsWith(end)).forEach(n -> kept.put(n, all.tensor(n)));
                SafeTensorsWriter.write(file, kept);
            }
            assertThatThrownBy(() -> LoraAdapter.read(dir, model.config()))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining(file.toString())
                    .hasMessageContaining(end + " is missing");
        }
    }
}
