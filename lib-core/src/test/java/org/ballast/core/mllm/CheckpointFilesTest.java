package org.ballast.core.mllm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What may and what may not stand in a checkpoint directory. */
class CheckpointFilesTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path dir;

    /** Copies a checkpoint, its tensors changed on the way. */
    private void rewrite(Path from, Consumer<Map<String, Tensor>> change) throws IOException {
        Files.copy(from.resolve("config.json"), dir.resolve("config.json"), StandardCopyOption.REPLACE_EXISTING);
        try (PointerScope scope = new PointerScope();
                SafeTensors stored = SafeTensors.open(from.resolve("model.safetensors"))) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            stored.names().forEach(name -> tensors.put(name, stored.tensor(name)));
            change.accept(tensors);
            SafeTensorsWriter.write(dir.resolve("model.safetensors"), tensors);
        }
    }

    @Test
    void aTiedTableMayBeStoredUnderEitherNameOrTwiceTheSame() throws IOException {
        String table = "model.embed_tokens.weight";
        String head = "lm_head.weight";
        Path tied = FamiliesTest.family("llama-linear");
        try (PointerScope scope = new PointerScope();
                LlavaModel model = LlavaModel.open(tied)) {
            float[] expected = Golden.floats(model.weights().tensor(LlavaTensors.EMBEDDING));
            rewrite(tied, t -> t.put(head, t.get(table)));
            try (LlavaModel again = LlavaModel.open(dir)) {
                assertThat(Golden.floats(again.weights().tensor(LlavaTensors.EMBEDDING)))
                        .containsExactly(expected);
                assertThat(again.tensors()).noneMatch(t -> t.name().equals(LlavaTensors.HEAD));
            }
            rewrite(tied, t -> t.put(head, t.remove(table)));
            try (LlavaModel again = LlavaModel.open(dir)) {
                assertThat(Golden.floats(again.weights().tensor(LlavaTensors.EMBEDDING)))
                        .containsExactly(expected);
            }
            rewrite(tied, t -> t.put(head, t.get(table).add(new Scalar(1))));
            assertThatThrownBy(() -> LlavaModel.open(dir))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining(dir.resolve("model.safetensors").toString())
                    .hasMessageContaining("lm_head.weight is surplus")
                    .hasMessageContaining("tie_word_embeddings");
            rewrite(tied, t -> t.remove(table));
            assertThatThrownBy(() -> LlavaModel.open(dir)).hasMessageContaining("embed_tokens.weight is missing");
        }
        rewrite(FamiliesTest.family("qwen2"), t -> t.remove(head));
        assertThatThrownBy(() -> LlavaModel.open(dir)).hasMessageContaining("lm_head.weight is missing");
    }

    @Test
    void everySchemeOfNamesIsTheSameModel() {
        LlavaConfig llava = LlavaConfigFile.read(Golden.path("model/config.json"));
        Map<String, String> names = Map.of(
                "language_model.model.layers.1.mlp.up_proj.weight", "language_model.model.layers.1.mlp.up_proj.weight",
                "model.language_model.layers.1.mlp.up_proj.weight", "language_model.model.layers.1.mlp.up_proj.weight",
                "language_model.lm_head.weight", LlavaTensors.HEAD,
                "lm_head.weight", LlavaTensors.HEAD,
                "vision_tower.vision_model.pre_layrnorm.bias", "vision_tower.vision_model.pre_layrnorm.bias",
                "vision_tower.pre_layrnorm.bias", "vision_tower.vision_model.pre_layrnorm.bias",
                "model.vision_tower.pre_layrnorm.bias", "vision_tower.vision_model.pre_layrnorm.bias",
                "model.vision_tower.vision_model.pre_layrnorm.bias", "vision_tower.vision_model.pre_layrnorm.bias",
                "multi_modal_projector.linear_1.bias", "multi_modal_projector.linear_1.bias",
                "model.multi_modal_projector.linear_1.bias", "multi_modal_projector.linear_1.bias");
        names.forEach((stored, name) ->
                assertThat(LlavaTensors.hubName(llava, stored)).as(stored).isEqualTo(name));
        LlavaConfig alone = LlavaConfig.textOnly(llava.text());
        assertThat(LlavaTensors.hubName(alone, "model.norm.weight")).isEqualTo("language_model.model.norm.weight");
        LlavaTensors.all(alone)
                .forEach(t -> assertThat(LlavaTensors.hubName(alone, LlavaTensors.storedName(alone, t.name())))
                        .isEqualTo(t.name()));
    }

    @Test
    void whatTheForwardPassDoesNotReadMayBeMissingAndBuffersMayBeThere() throws IOException {
        rewrite(Golden.path("model"), t -> {
            t.keySet().removeIf(n -> n.contains("post_layernorm") || n.contains("vision_model.encoder.layers.3."));
            t.put("language_model.model.layers.0.self_attn.rotary_emb.inv_freq", Tensor.create(1f, 2f));
            t.put("vision_tower.vision_model.embeddings.position_ids", Tensor.create(1f));
        });
        try (LlavaModel whole = LlavaModel.open(Golden.path("model"));
                LlavaModel model = LlavaModel.open(dir)) {
            float[] expected = CheckpointTest.logits(whole, null)[0];
            assertThat(CheckpointTest.logits(model, null)[0]).containsExactly(expected);
            Path saved = dir.resolve("saved");
            model.save(saved);
            try (LlavaModel again = LlavaModel.open(saved)) {
                assertThat(CheckpointTest.logits(again, null)[0]).containsExactly(expected);
            }
        }
    }

    @Test
    void twoNamesOfOneTensorAndAnIndexThatPromisesTooMuchAreRefused() throws IOException {
        rewrite(Golden.path("model"), t -> t.put("lm_head.weight", t.get("language_model.lm_head.weight")));
        assertThatThrownBy(() -> LlavaModel.open(dir)).hasMessageContaining("stands twice");
        Path sharded = FamiliesTest.family("llava-llama3-biases");
        try (Stream<Path> files = Files.list(sharded)) {
            for (Path file : files.toList()) {
                Files.copy(file, dir.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        Files.delete(dir.resolve("model.safetensors"));
        try (LlavaModel model = LlavaModel.open(dir)) {
            assertThat(model.config().text().mlpBias()).isTrue();
        }
        Path index = dir.resolve("model.safetensors.index.json");
        ObjectNode root = (ObjectNode) JSON.readTree(index.toFile());
        root.withObject("/weight_map").put("more.weight", "model-00001-of-00003.safetensors");
        Files.writeString(index, root.toString());
        assertThatThrownBy(() -> LlavaModel.open(dir))
                .hasMessageContaining("model-00001-of-00003.safetensors: tensor more.weight is missing");
        root.putObject("weight_map").put("a", "pytorch_model-1.bin");
        Files.writeString(index, root.toString());
        assertThatThrownBy(() -> LlavaModel.open(dir)).hasMessageContaining("pytorch_model-1.bin");
    }

    @Test
    void otherFormatsAreRefusedByName() throws IOException {
        assertThatThrownBy(() -> LlavaModel.open(dir.resolve("model.gguf")))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("no checkpoint directory; weights are read from model.safetensors");
        Files.copy(Golden.path("model/config.json"), dir.resolve("config.json"));
        for (String name : List.of("pytorch_model.bin", "consolidated.00.pth", "model.gguf", "weights.pt")) {
            Path file = Files.write(dir.resolve(name), new byte[10]);
            assertThatThrownBy(() -> LlavaModel.open(dir))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining(name)
                    .hasMessageContaining("weights are read from model.safetensors");
            Files.delete(file);
        }
    }

    @Test
    void integersAreNoWeights() throws IOException {
        String header =
                "{\"language_model.model.norm.weight\":{\"dtype\":\"I32\",\"shape\":[64],\"data_offsets\":[0,256]}}";
        ByteBuffer bytes = ByteBuffer.allocate(8 + header.length() + 256).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(header.length()).put(header.getBytes(StandardCharsets.UTF_8));
        Files.write(dir.resolve("model.safetensors"), bytes.array());
        Files.copy(Golden.path("model/config.json"), dir.resolve("config.json"));
        assertThatThrownBy(() -> LlavaModel.open(dir)).hasMessageContaining("norm.weight is Int; weights are F32");
    }

    /** Where stored and computed type agree, a weight lies inside the mapped file; a file of 300 MB then takes no memory of its own. */
    @Test
    void weightsOfTheStoredTypeAreTheMappedFile() throws IOException {
        try (LlavaModel model = LlavaModel.open(Golden.path("model"))) {
            for (NamedShape t : model.tensors()) {
                Tensor weight = model.weights().tensor(t.name());
                assertThat(mappedFile(weight.data_ptr().address())).as(t.name()).endsWith("model.safetensors");
            }
        }
        try (Device cpu = new Device(DeviceType.CPU);
                LlavaModel half = LlavaModel.open(Golden.path("model"), Precision.BF16, cpu);
                LlavaModel mapped = LlavaModel.open(FamiliesTest.family("mistral"), Precision.BF16, cpu)) {
            assertThat(mappedFile(
                            half.weights().tensor(LlavaTensors.HEAD).data_ptr().address()))
                    .doesNotContain("model.safetensors");
            assertThat(mappedFile(mapped.weights()
                            .tensor(LlavaTensors.HEAD)
                            .data_ptr()
                            .address()))
                    .endsWith("model.safetensors");
        }
    }

    @Test
    void openingTakesNoMemoryOfTheFilesSize() throws IOException {
        int vocabulary = 1 << 20;
        TextConfig text = new TextConfig(vocabulary, 64, 64, 1, 1, 1, 64, 16, 1e-6, 1e4, true, 1, 2, 0);
        LlavaConfig config = LlavaConfig.textOnly(text);
        LlavaConfigFile.write(config, ScalarType.Float, dir.resolve("config.json"));
        try (PointerScope scope = new PointerScope()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            LlavaTensors.all(config)
                    .forEach(t -> tensors.put(LlavaTensors.storedName(config, t.name()), torch.zeros(t.shape())));
            SafeTensorsWriter.write(dir.resolve("model.safetensors"), tensors);
        }
        long before = ModelVariantsTest.residentBytes();
        try (LlavaModel model = LlavaModel.open(dir)) {
            assertThat(model.parameters().size()).isGreaterThan(64L * vocabulary);
            assertThat(Files.size(dir.resolve("model.safetensors"))).isGreaterThan(256L << 20);
            assertThat(ModelVariantsTest.residentBytes() - before).isLessThan(50L << 20);
        }
    }

    /** The file that the address is mapped from, by {@code /proc/self/maps}. */
    private static String mappedFile(long address) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/maps"))) {
            String[] range = line.substring(0, line.indexOf(' ')).split("-");
            if (Long.compareUnsigned(Long.parseUnsignedLong(range[0], 16), address) <= 0
                    && Long.compareUnsigned(address, Long.parseUnsignedLong(range[1], 16)) < 0) {
                return line;
            }
        }
        return "";
    }
}
