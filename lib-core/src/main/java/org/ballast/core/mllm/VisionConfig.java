package org.ballast.core.mllm;

import java.io.Serializable;

/**
 * Shape of a CLIP vision tower.
 *
 * @param imageSize side of the square input, pixels
 * @param patchSize side of a patch, pixels; a rim of the picture that is narrower is not read
 * @param activation a name of {@link Activation}
 */
public record VisionConfig(
        int imageSize,
        int patchSize,
        int channels,
        int hiddenSize,
        int intermediateSize,
        int layers,
        int heads,
        int projectionSize,
        String activation,
        double layerNormEps)
        implements Serializable {

    public VisionConfig {
        Shapes.requirePositive("vision_config.image_size", imageSize);
        Shapes.requirePositive("vision_config.patch_size", patchSize);
        Shapes.requirePositive("vision_config.num_channels", channels);
        Shapes.requirePositive("vision_config.hidden_size", hiddenSize);
        Shapes.requirePositive("vision_config.intermediate_size", intermediateSize);
        Shapes.requirePositive("vision_config.num_hidden_layers", layers);
        Shapes.requireAtMost("vision_config.num_hidden_layers", layers, Shapes.MAX_LAYERS);
        Shapes.requirePositive("vision_config.num_attention_heads", heads);
        if (patchSize > imageSize) {
            throw new IllegalArgumentException(
                    "vision_config.patch_size " + patchSize + " is larger than image_size " + imageSize);
        }
        if ((double) channels * imageSize * imageSize > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("vision_config.image_size " + imageSize + " with num_channels "
                    + channels + " takes more pixel values than an array holds");
        }
        Shapes.requireDivisible("vision_config.hidden_size", hiddenSize, "num_attention_heads", heads);
        Activation.require("vision_config.hidden_act", activation);
        Shapes.requirePositive("vision_config.layer_norm_eps", layerNormEps);
    }

    /** The tower of LLaVA-1.5, ViT-L/14-336: LLaVA's default where a configuration has no tower at all. */
    static VisionConfig llava15() {
        return new VisionConfig(336, 14, 3, 1024, 4096, 24, 16, 768, "quick_gelu", 1e-5);
    }

    /** Patches on one side of the picture. */
    public int patchesPerSide() {
        return imageSize / patchSize;
    }

    /** Patches of a picture, the class token not counted. */
    public int patches() {
        return patchesPerSide() * patchesPerSide();
    }
}
