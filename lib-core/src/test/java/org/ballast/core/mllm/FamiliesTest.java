package org.ballast.core.mllm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.ballast.core.mllm.generate.Generation;
import org.ballast.core.mllm.generate.GenerationOptions;
import org.ballast.core.mllm.generate.GenerationRequest;
import org.ballast.core.mllm.generate.Generator;
import org.ballast.core.mllm.generate.Vocabulary;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Checkpoints of every family, naming scheme, stored type and dialect against transformers; {@code goldens/families} says how they were made. A name is the
 * checkpoint and the length of the sequence.
 */
class FamiliesTest {
    @TempDir
    Path dir;

    private static int[] ints(Tensor t) {
        float[] values = Golden.floats(t);
        int[] out = new int[values.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (int) values[i];
        }
        return out;
    }

    static Path family(String name) {
        return Golden.path("../families/" + name).normalize();
    }

    /** Logits of the tokens at every position: {@code [tokens, vocab]}, float32. */
    static Tensor logits(LlavaModel model, SafeTensors expected, String length) {
        int[] tokens = ints(expected.tensor("ids." + length));
        boolean hasVision = model.config().hasVision();
        List<ImageInput> images =
                hasVision ? List.of(ImageInput.ofPixels(Golden.floats(expected.tensor("pixels")))) : List.of();
        int image = images.size() - 1;
        PackedBatch batch = new PackedBatch(
                model.config(),
                List.of(new PackedBatch.Group("r", image, tokens, tokens.length, List.of(), tokens.length)),
                images);
        try (ImageFeatures features = new ImageFeatures(model, model.weights(), images)) {
            Tensor projected =
                    features.projected(model.weights(), hasVision ? List.of(0) : List.of()); // [1, image tokens, d]
            Tensor x = batch.embeddings(model.weights(), projected); // [tokens, d]
            PackedDecoder decoder = model.packedDecoder();
            Tensor hidden = decoder.new Pass(model.weights(), batch, null).hidden(x); // [tokens, d]
            return decoder.block().logits(model.weights(), hidden).to(ScalarType.Float);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llava-mistral/8",
                "llava-mistral/30",
                "llava-qwen2-tied/8",
                "llava-qwen2-tied/30",
                "llava-llama3-biases/12",
                "llava-llama3-biases/60",
                "llava-feature-layers/20",
                "llava-rim/14",
                "llama-linear/40",
                "llama-dynamic/10",
                "llama-dynamic/23",
                "llama-dynamic/48",
                "mistral/30",
                "qwen2/30"
            })
    void logitsAgreeWithTransformers(String name) throws IOException {
        Path folder = family(name).getParent();
        String length = name.replaceAll(".*/", "");
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard();
                Device cpu = new Device(DeviceType.CPU);
                SafeTensors expected = SafeTensors.open(folder.resolve("expected.safetensors"));
                LlavaModel model = LlavaModel.open(folder);
                LlavaModel half = LlavaModel.open(folder, Precision.BF16, cpu)) {
            Tensor reference = expected.tensor("logits." + length); // [length, vocab]
            Tensor logits = logits(model, expected, length); // [length, vocab]
            assertThat(Golden.largestDifference(logits, reference)).isLessThan(1e-4);
            assertThat(half.weights().type()).isEqualTo(ScalarType.BFloat16);
            Tensor halfReference = expected.tensor("logits_bf16." + length); // [length, vocab]
            Tensor halfLogits = logits(half, expected, length); // [length, vocab]
            // bfloat16 strays from float32 as far as transformers' own does (0.02 to 0.05, the logits' deviation being
            // 1.5)
            double bound = 1.25 * rootMeanSquare(halfReference.sub(reference));
            assertThat(rootMeanSquare(halfLogits.sub(reference))).isLessThan(bound);
            assertThat(rootMeanSquare(halfLogits.sub(halfReference))).isLessThan(bound);
            model.save(dir);
            try (LlavaModel again = LlavaModel.open(dir)) {
                assertThat(again.config()).isEqualTo(model.config());
                assertThat(Golden.floats(logits(again, expected, length))).containsExactly(Golden.floats(logits));
            }
            half.save(dir);
            try (LlavaModel again = LlavaModel.open(dir, Precision.BF16, cpu);
                    SafeTensors stored = SafeTensors.open(dir.resolve("model.safetensors"))) {
                assertThat(stored.names()).allMatch(n -> stored.entry(n).type() == ScalarType.BFloat16);
                assertThat(Golden.floats(logits(again, expected, length))).containsExactly(Golden.floats(halfLogits));
            }
        }
    }

    /** Through the cache: windows move on, dynamic positions outgrow the original ones on the way. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "llava-mistral",
                "llava-qwen2-tied",
                "llava-llama3-biases",
                "llava-feature-layers",
                "llava-rim",
                "llama-linear",
                "llama-dynamic",
                "mistral",
                "qwen2"
            })
    void greedyTokensAreThoseOfTransformers(String name) {
        try (PointerScope scope = new PointerScope();
                SafeTensors expected = SafeTensors.open(family(name).resolve("expected.safetensors"));
                LlavaModel model = LlavaModel.open(family(name));
                Generator generator = new Generator(model, null, Vocabulary.ofEndTokens(), 2)) {
            float[] pixels = model.config().hasVision() ? Golden.floats(expected.tensor("pixels")) : null;
            List<String> lengths = expected.names().stream()
                    .filter(n -> n.startsWith("greedy."))
                    .map(n -> n.substring("greedy.".length()))
                    .toList();
            assertThat(lengths).isNotEmpty();
            List<GenerationRequest> requests = lengths.stream()
                    .map(n -> new GenerationRequest(n, ints(expected.tensor("ids." + n)), pixels, null))
                    .toList();
            List<Generation> answers = generator.generate(requests, GenerationOptions.greedy(12));
            for (int i = 0; i < lengths.size(); i++) {
                assertThat(answers.get(i).tokens())
                        .as(lengths.get(i))
                        .containsExactly(ints(expected.tensor("greedy." + lengths.get(i))));
            }
        }
    }

    private static double rootMeanSquare(Tensor t) {
        return Math.sqrt(t.square().mean().item_double());
    }

    @Test
    void endTokensAreTheGenerationConfigurationsOnes() {
        try (LlavaModel model = LlavaModel.open(family("llava-qwen2-tied"))) {
            assertThat(model.config().text().endTokenIds()).containsExactly(5, 6);
            assertThat(model.config().text().eosTokenId()).isEqualTo(5);
        }
    }

    @Test
    void aDecoderAloneHasNoEyes() {
        try (LlavaModel model = LlavaModel.open(family("qwen2"))) {
            assertThat(model.config().hasVision()).isFalse();
            assertThat(model.config().imageTokens()).isZero();
            assertThat(model.config().imageTokenId()).isEqualTo(-1);
            assertThat(model.parameters().tensors()).noneMatch(t -> t.name().contains("vision"));
            assertThat(LlavaTensors.linears(model.config()).stream().map(NamedShape::name))
                    .hasSize(14)
                    .allMatch(n -> ModuleNaming.DECODER.path(n).startsWith("model.layers."));
        }
    }

    @Test
    void biasesAreParametersAndNormalInitialisationLeavesThemZero() {
        LlavaConfig config = LlavaConfigFile.read(family("llava-llama3-biases").resolve("config.json"));
        try (LlavaModel model = LlavaModel.initialise(config, 1)) {
            for (String module : List.of("self_attn.q_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.down_proj")) {
                String name = LlavaTensors.decoderLayer(1) + module + ".bias";
                assertThat(model.parameters().contains(name)).isTrue();
                assertThat(Golden.floats(model.weights().tensor(name))).containsOnly(0f);
            }
        }
    }
}
