package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.cat;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/**
 * CLIP's vision transformer up to the last feature layer, and LLaVA's projector behind it. The patch convolution is written as the matrix
 * product that it is, for its stride is the kernel's size.
 */
final class VisionTower {
    private final LlavaConfig config;
    private final VisionConfig vision;

    VisionTower(LlavaConfig config) {
        this.config = config;
        this.vision = config.vision();
    }

    /**
     * @param pixels {@code [images, channels, side, side]}, normalised
     * @return {@code [images, 1 + patches, visionFeatureSize]}: the hidden states of the feature layers, one behind the other
     */
    Tensor hidden(Weights weights, Tensor pixels) {
        List<Integer> depths = config.featureDepths();
        Tensor[] features = new Tensor[depths.size()];
        Tensor x = embeddings(weights, pixels); // [n, 1+p, d]
        x = Layers.layerNorm(weights, LlavaTensors.TOWER + "pre_layrnorm", x, vision.layerNormEps());
        for (int depth = 0; depth <= config.usedVisionLayers(); depth++) {
            if (depth > 0) {
                String name = LlavaTensors.visionLayer(depth - 1);
                Tensor in = x; // [n, 1+p, d]
                x = Scoped.result(() -> layer(weights, name, in)); // [n, 1+p, d]
            }
            for (int i = 0; i < features.length; i++) {
                if (depths.get(i) == depth) {
                    features[i] = x;
                }
            }
        }
        return features.length == 1 ? features[0] : cat(new TensorVector(features), -1); // [n, 1+p, n*d]
    }

    /** {@link #selected} of {@link #hidden}. */
    Tensor features(Weights weights, Tensor pixels) {
        return selected(hidden(weights, pixels)); // [n, p, vision feature size]
    }

    /** The features that the projector reads, from {@link #hidden}: {@code [images, imageTokens, visionFeatureSize]}. */
    Tensor selected(Tensor hidden) {
        return config.keepClassToken()
                ? hidden
                : hidden.narrow(1, 1, vision.patches()).contiguous(); // [n, p, d]
    }

    /** {@link #selected} features as the decoder reads them: {@code [images, imageTokens, text hidden]}. */
    Tensor projected(Weights weights, Tensor features) {
        Tensor x = projection(weights, "linear_1", features); // [n, p, d]
        return projection(weights, "linear_2", Activation.apply(config.projectorActivation(), x)); // [n, p, d]
    }

    private Tensor projection(Weights weights, String name, Tensor x) {
        String module = LlavaTensors.PROJECTOR + name;
        return config.projectorBias() ? Layers.affine(weights, module, x) : Layers.product(weights, module, x);
    }

    private Tensor embeddings(Weights weights, Tensor pixels) {
        long n = pixels.size(0);
        long side = vision.patchesPerSide();
        long p = vision.patchSize();
        long c = vision.channels();
        long d = vision.hiddenSize();
        String prefix = LlavaTensors.TOWER + "embeddings.";
        // a rim narrower than a patch is not read
        Tensor patches = pixels.narrow(2, 0, side * p)
                .narrow(3, 0, side * p)
                .reshape(n, c, side, p, side, p)
                .permute(0, 2, 4, 1, 3, 5)
                .reshape(n, side * side, c * p * p); // [n, patches, c*p*p]
        Tensor kernel = weights.tensor(prefix + "patch_embedding.weight").view(d, c * p * p); // [d, c*p*p]
        Tensor cls = weights.tensor(prefix + "class_embedding").view(1, 1, d).expand(n, 1, d); // [n, 1, d]
        Tensor x = cat(new TensorVector(cls, MatrixProduct.of(patches, kernel)), 1); // [n, 1+patches, d]
        return x.add(weights.tensor(prefix + "position_embedding.weight"));
    }

    private Tensor layer(Weights weights, String name, Tensor x) {
        Tensor normed = Layers.layerNorm(weights, name + "layer_norm1", x, vision.layerNormEps());
        x = x.add(attention(weights, name + "self_attn.", normed));
        normed = Layers.layerNorm(weights, name + "layer_norm2", x, vision.layerNormEps());
        Tensor inner = Layers.affine(weights, name + "mlp.fc1", normed); // [n, 1+p, f]
        inner = Activation.apply(vision.activation(), inner); // [n, 1+p, f]
        return x.add(Layers.affine(weights, name + "mlp.fc2", inner));
    }

    private Tensor attention(Weights weights, String name, Tensor x) {
        Tensor q = heads(Layers.affine(weights, name + "q_proj", x)); // [n, h, 1+p, d/h]
        Tensor k = heads(Layers.affine(weights, name + "k_proj", x)); // [n, h, 1+p, d/h]
        Tensor v = heads(Layers.affine(weights, name + "v_proj", x)); // [n, h, 1+p, d/h]
        Tensor out = Attention.of(q, k, v, null, false); // [n, h, 1+p, d/h]
        return Layers.affine(weights, name + "out_proj", out.transpose(1, 2).reshape(x.shape()));
    }

    private Tensor heads(Tensor x) {
        long heads = vision.heads();
        return x.view(x.size(0), x.size(1), heads, vision.hiddenSize() / heads).transpose(1, 2);
    }
}
