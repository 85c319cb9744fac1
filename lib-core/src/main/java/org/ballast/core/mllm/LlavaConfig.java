package org.ballast.core.mllm;

import java.io.Serializable;
import java.util.List;

/**
 * Shape of a LLaVA model: vision tower, two-layer projector, decoder; or of a decoder alone, which has no {@code vision}.
 *
 * @param vision null: the model reads text only
 * @param visionFeatureLayers indices into the tower's hidden states, negative from the end, 0 the output of the first layer norm; the features of several
 *     stand one behind the other in the last dimension. Empty without a tower
 * @param keepClassToken feature selection {@code full}; {@code default} drops the class token
 * @param imageTokenId id that stands for one image feature in the token sequence; -1 without a tower
 * @param projectorActivation a name of {@link Activation}
 */
public record LlavaConfig(
        VisionConfig vision,
        TextConfig text,
        List<Integer> visionFeatureLayers,
        boolean keepClassToken,
        int imageTokenId,
        boolean projectorBias,
        String projectorActivation)
        implements Serializable {

    public LlavaConfig {
        visionFeatureLayers = List.copyOf(visionFeatureLayers);
        Activation.require("projector_hidden_act", projectorActivation);
        if (vision == null) {
            if (imageTokenId != -1 || !visionFeatureLayers.isEmpty()) {
                throw new IllegalArgumentException("a model without a tower has image token " + imageTokenId
                        + " and feature layers " + visionFeatureLayers);
            }
        } else {
            requireFeatureLayers(vision, visionFeatureLayers);
            if (imageTokenId < 0) {
                throw new IllegalArgumentException("image_token_index must not be negative, is " + imageTokenId);
            }
        }
    }

    /** One feature layer, and GELU in the projector. */
    public LlavaConfig(
            VisionConfig vision,
            TextConfig text,
            int visionFeatureLayer,
            boolean keepClassToken,
            int imageTokenId,
            boolean projectorBias) {
        this(vision, text, List.of(visionFeatureLayer), keepClassToken, imageTokenId, projectorBias, "gelu");
    }

    /** A decoder without eyes. */
    public static LlavaConfig textOnly(TextConfig text) {
        return new LlavaConfig(null, text, List.of(), false, -1, true, "gelu");
    }

    /** The same with other end tokens. */
    LlavaConfig withEndTokens(List<Integer> ids) {
        return new LlavaConfig(
                vision,
                text.withEndTokens(ids),
                visionFeatureLayers,
                keepClassToken,
                imageTokenId,
                projectorBias,
                projectorActivation);
    }

    private static void requireFeatureLayers(VisionConfig vision, List<Integer> layers) {
        int states = vision.layers() + 1;
        if (layers.isEmpty()) {
            throw new IllegalArgumentException("vision_feature_layer is an empty list");
        }
        Shapes.requireAtMost("the number of vision feature layers", layers.size(), Shapes.MAX_LAYERS);
        Shapes.requireAtMost("vision_config.hidden_size", vision.hiddenSize(), Integer.MAX_VALUE / layers.size());
        for (int layer : layers) {
            if (layer < -states || layer >= states) {
                throw new IllegalArgumentException("vision_feature_layer " + layer + " is outside the " + states
                        + " hidden states of a tower of " + vision.layers() + " layers");
            }
        }
    }

    /** Whether the model reads pictures. */
    public boolean hasVision() {
        return vision != null;
    }

    /** The feature layers counted from the front: how many of the tower's layers stand before each. */
    public List<Integer> featureDepths() {
        return visionFeatureLayers.stream()
                .map(layer -> layer < 0 ? vision.layers() + 1 + layer : layer)
                .toList();
    }

    /** Layers of the vision tower that take part in the forward pass. */
    public int usedVisionLayers() {
        return featureDepths().stream().mapToInt(Integer::intValue).max().orElse(0);
    }

    /** Length of one image feature as the projector reads it: the tower's width, times the number of feature layers. */
    public int visionFeatureSize() {
        return hasVision() ? visionFeatureLayers.size() * vision.hiddenSize() : 0;
    }

    /** Positions that one picture takes in the token sequence; 0 without a tower. */
    public int imageTokens() {
        return hasVision() ? vision.patches() + (keepClassToken ? 1 : 0) : 0;
    }

    /** Length of the pixel array of one picture: channels * height * width; 0 without a tower. */
    public int pixels() {
        return hasVision() ? vision.channels() * vision.imageSize() * vision.imageSize() : 0;
    }
}
