package org.ballast.core.mllm;

import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.ballast.core.data.ItemRandom;

/**
 * Random first weights. Norms are one, biases zero, all else is normal: the decoder, the embedding and the projector with transformers' {@code initializer_range},
 * the tower with CLIP's own: class embedding d^-1/2, attention inputs d^-1/2 (2L)^-1/2, attention output d^-1/2, fc1 (2d)^-1/2, fc2 d^-1/2 (2L)^-1/2.
 *
 * <p>Each tensor has a generator of its own, seeded by (seed, stream "init", tensor name), so that no weight depends on the order or number of the others.
 *
 * <p>Source: {@code _init_weights} of transformers' modeling_clip.py and modeling_llama.py.
 */
final class Initialisation {
    private Initialisation() {}

    static float[] of(LlavaConfig config, NamedShape tensor, long seed, double range) {
        float[] values = new float[Math.toIntExact(tensor.elements())];
        double deviation = deviation(config.vision(), tensor, range);
        if (Double.isNaN(deviation)) {
            Arrays.fill(values, 1);
        } else if (deviation > 0) {
            RandomGenerator random = ItemRandom.of(seed, "init", tensor.name(), 0);
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (deviation * random.nextGaussian());
            }
        }
        return values;
    }

    /** NaN stands for a norm's weight. */
    private static double deviation(VisionConfig v, NamedShape tensor, double range) {
        String name = tensor.name();
        if (name.endsWith(".bias")) {
            return 0;
        }
        if (name.contains("norm") || name.contains("layrnorm")) {
            return Double.NaN;
        }
        if (!name.startsWith(LlavaTensors.TOWER)) {
            return range;
        }
        double width = 1 / Math.sqrt(v.hiddenSize());
        double depth = 1 / Math.sqrt(2.0 * v.layers());
        if (name.endsWith("class_embedding")) {
            return width;
        } else if (name.contains(".embeddings.")) {
            return range;
        } else if (name.contains("out_proj")) {
            return width;
        } else if (name.contains("self_attn")) {
            return width * depth;
        } else if (name.contains("fc1")) {
            return width / Math.sqrt(2);
        }
        return width * depth;
    }
}
