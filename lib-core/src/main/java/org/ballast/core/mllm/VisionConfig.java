package org.ballast.core.mllm;

import java.io.Serializable;

/**
 * Shape of a CLIP vision tower.
 *
 * @param imageSize side of the square input, pixels
 * @param patchSize side of a patch, pixels; divides {@code imageSize}
 * @param activation {@code quick_gelu} or {@code gelu}
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
        Shapes.requirePositive("vision_config.num_attention_heads", heads);
        Shapes.requireDivisible("vision_config.image_size", imageSize, "patch_size", patchSize);
        Shapes.requireDivisible("vision_config.hidden_size", hiddenSize, "num_attention_heads", heads);
        if (!activation.equals("quick_gelu") && !activation.equals("gelu")) {
            throw new IllegalArgumentException(
                    "vision_config.hidden_act is \"" + activation + "\"; supported: quick_gelu, gelu");
        }
        Shapes.requirePositive("vision_config.layer_norm_eps", layerNormEps);
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
