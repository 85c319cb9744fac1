package org.ballast.core.mllm;

import java.io.Serializable;

/**
 * Shape of a LLaVA model: vision tower, two-layer projector, decoder.
 *
 * @param visionFeatureLayer index into the tower's hidden states, negative from the end; 0 is the output of the first layer norm
 * @param keepClassToken feature selection {@code full}; {@code default} drops the class token
 * @param imageTokenId id that stands for one image feature in the token sequence
 */
public record LlavaConfig(
        VisionConfig vision,
        TextConfig text,
        int visionFeatureLayer,
        boolean keepClassToken,
        int imageTokenId,
        boolean projectorBias)
        implements Serializable {

    public LlavaConfig {
        int states = vision.layers() + 1;
        if (visionFeatureLayer < -states || visionFeatureLayer >= states) {
            throw new IllegalArgumentException("vision_feature_layer " + visionFeatureLayer + " is outside the "
                    + states + " hidden states of a tower of " + vision.layers() + " layers");
        }
        if (imageTokenId < 0) {
            throw new IllegalArgumentException("image_token_index must not be negative, is " + imageTokenId);
        }
    }

    /** Layers of the vision tower that take part in the forward pass. */
    public int usedVisionLayers() {
        return visionFeatureLayer < 0 ? vision.layers() + 1 + visionFeatureLayer : visionFeatureLayer;
    }

    /** Positions that one picture takes in the token sequence. */
    public int imageTokens() {
        return vision.patches() + (keepClassToken ? 1 : 0);
    }

    /** Length of the pixel array of one picture: channels * height * width. */
    public int pixels() {
        return vision.channels() * vision.imageSize() * vision.imageSize();
    }
}
