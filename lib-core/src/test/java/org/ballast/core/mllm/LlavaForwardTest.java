package org.ballast.core.mllm;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LlavaForwardTest {
    private static LlavaModel model;
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

    @Test
    void readsTheConfigurationWithTheDocumentedDefaults() {
        LlavaConfig config = model.config();
        assertThat(config.vision().activation()).isEqualTo("quick_gelu");
        assertThat(config.vision().layerNormEps()).isEqualTo(1e-5);
        assertThat(config.text().rmsNormEps()).isEqualTo(1e-5);
        assertThat(config.text().ropeTheta()).isEqualTo(10000);
        assertThat(config.text().keyValueHeads()).isEqualTo(4);
        assertThat(config.text().tiedHead()).isFalse();
        assertThat(config.imageTokens()).isEqualTo(16);
        assertThat(config.usedVisionLayers()).isEqualTo(3);
    }

    @Test
    void visionTowerAgreesWithTheReferenceAfterEveryLayer() {
        try (SafeTensors golden = Golden.tensors("vision.safetensors");
                SafeTensors pictures = Golden.tensors("preprocessing.safetensors")) {
            String[] names = {"photo_61x97.crop", "square.crop"};
            for (int image = 0; image < 2; image++) {
                Tensor pixels = pictures.tensor(names[image]).unsqueeze(0); // [1, 3, 56, 56]
                for (int layer = 0; layer <= 4; layer++) {
                    LlavaConfig c = model.config();
                    LlavaConfig at = new LlavaConfig(c.vision(), c.text(), layer, false, c.imageTokenId(), true);
                    Tensor hidden =
                            new VisionTower(at).hidden(model.weights(), pixels).squeeze(0);
                    assertThat(Golden.largestDifference(hidden, golden.tensor("image" + image + ".hidden." + layer)))
                            .isLessThan(1e-4);
                }
                VisionTower tower = model.tower();
                Tensor selected =
                        tower.selected(tower.hidden(model.weights(), pixels)).squeeze(0);
                assertThat(Golden.largestDifference(selected, golden.tensor("image" + image + ".selected")))
                        .isLessThan(1e-4);
                Tensor projected = tower.projected(
                                model.weights(), tower.selected(tower.hidden(model.weights(), pixels)))
                        .squeeze(0);
                assertThat(Golden.largestDifference(projected, golden.tensor("image" + image + ".projected")))
                        .isLessThan(1e-4);
            }
        }
    }

    @Test
    void logitsAgreeWithTheReferenceAtEveryPosition() {
        try (SafeTensors golden = Golden.tensors("forward.safetensors")) {
            for (JsonNode prompt : Golden.json("forward.json").path("prompts")) {
                String name = prompt.path("name").asText();
                Tensor logits = logits(batch(List.of(prompt)));
                assertThat(Golden.largestDifference(logits, golden.tensor(name + ".logits")))
                        .isLessThan(1e-4);
            }
        }
    }

    @Test
    void paddedRowsOfOneBatchGiveTheSameLogits() {
        try (SafeTensors golden = Golden.tensors("forward.safetensors")) {
            List<JsonNode> prompts = new ArrayList<>();
            Golden.json("forward.json").path("prompts").forEach(prompts::add);
            Tensor logits = logits(batch(prompts));
            long at = 0;
            for (JsonNode prompt : prompts) {
                Tensor expected = golden.tensor(prompt.path("name").asText() + ".logits");
                assertThat(Golden.largestDifference(logits.narrow(0, at, expected.size(0)), expected))
                        .isLessThan(1e-4);
                at += expected.size(0);
            }
            assertThat(at).isEqualTo(logits.size(0));
        }
    }

    @Test
    void hiddenStatesAgreeWithTheReferenceAfterEveryLayer() {
        try (SafeTensors golden = Golden.tensors("forward.safetensors")) {
            Batch batch =
                    batch(List.of(Golden.json("forward.json").path("prompts").get(0)));
            Tensor x = batch.embeddings(); // [29, 64]
            assertThat(Golden.largestDifference(x, golden.tensor("prompt0.embeddings")))
                    .isLessThan(1e-4);
            for (int layers = 1; layers <= 3; layers++) {
                LlavaConfig c = model.config();
                TextConfig t = c.text();
                TextConfig shallow = new TextConfig(
                        t.vocabSize(),
                        t.hiddenSize(),
                        t.intermediateSize(),
                        layers,
                        t.heads(),
                        t.keyValueHeads(),
                        t.headDim(),
                        t.maxPositions(),
                        t.rmsNormEps(),
                        t.ropeTheta(),
                        t.tiedHead(),
                        1,
                        2,
                        605);
                PackedDecoder decoder = new PackedDecoder(new LlavaConfig(
                        c.vision(),
                        shallow,
                        c.visionFeatureLayers().get(0),
                        c.keepClassToken(),
                        c.imageTokenId(),
                        true));
                Tensor hidden = decoder.new Pass(model.weights(), batch.tokens(), null).hidden(x);
                assertThat(Golden.largestDifference(hidden, golden.tensor("prompt0.layer." + (layers - 1))))
                        .isLessThan(1e-4);
            }
        }
    }

    private record Batch(PackedBatch tokens, List<ImageInput> images) {
        Tensor embeddings() {
            try (ImageFeatures features = new ImageFeatures(model, model.weights(), images)) {
                List<Integer> all = IntStream.range(0, images.size()).boxed().toList();
                return tokens.embeddings(model.weights(), features.projected(model.weights(), all));
            }
        }
    }

    private static Tensor logits(Batch batch) {
        PackedDecoder decoder = model.packedDecoder();
        Tensor hidden = decoder.new Pass(model.weights(), batch.tokens(), null).hidden(batch.embeddings());
        return decoder.block().logits(model.weights(), hidden); // [tokens, vocab]
    }

    /** All positions asked. */
    private static Batch batch(List<JsonNode> prompts) {
        List<ImageInput> images = new ArrayList<>();
        List<PackedBatch.Group> groups = new ArrayList<>();
        for (JsonNode prompt : prompts) {
            String name = prompt.path("name").asText();
            ImageInput picture = ImageInput.ofPixels(Golden.pixels(prompt.path("pixel_values")));
            int[] ids = Golden.prompt(name);
            int index = picture == null ? -1 : images.size();
            groups.add(new PackedBatch.Group(name, index, ids, ids.length, List.of(), ids.length));
            if (picture != null) {
                images.add(picture);
            }
        }
        return new Batch(new PackedBatch(model.config(), groups, images), images);
    }
}
