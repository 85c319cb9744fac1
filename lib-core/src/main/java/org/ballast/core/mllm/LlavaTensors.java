package org.ballast.core.mllm;

import java.util.ArrayList;
import java.util.List;

/**
 * The tensors of a LLaVA checkpoint under their hub names ({@code vision_tower.vision_model.*}, {@code multi_modal_projector.*},
 * {@code language_model.model.*}, {@code language_model.lm_head.weight}), in the order of the forward pass.
 */
final class LlavaTensors {
    static final String TOWER = "vision_tower.vision_model.";
    static final String PROJECTOR = "multi_modal_projector.";
    static final String DECODER = "language_model.model.";
    static final String HEAD = "language_model.lm_head.weight";
    static final String EMBEDDING = DECODER + "embed_tokens.weight";

    private LlavaTensors() {}

    static String visionLayer(int layer) {
        return TOWER + "encoder.layers." + layer + ".";
    }

    /** The tensor that makes logits: the head's, or the embedding's where they are tied. */
    static String head(TextConfig text) {
        return text.tiedHead() ? EMBEDDING : HEAD;
    }

    /** {@link #head} as a linear, without {@code .weight}. */
    static String headModule(TextConfig text) {
        String tensor = head(text);
        return tensor.substring(0, tensor.length() - ".weight".length());
    }

    static String decoderLayer(int layer) {
        return DECODER + "layers." + layer + ".";
    }

    /** Every tensor of the checkpoint. */
    static List<NamedShape> all(LlavaConfig config) {
        List<NamedShape> out = new ArrayList<>();
        if (config.hasVision()) {
            tower(out, config.vision(), config.vision().layers());
            affine(out, TOWER + "post_layernorm", true, config.vision().hiddenSize());
            projector(out, config);
        }
        decoder(out, config.text());
        return out;
    }

    /** The tensors that the forward pass reads: without the tower's layers behind the last feature layer and its last norm. */
    static List<NamedShape> used(LlavaConfig config) {
        List<NamedShape> out = new ArrayList<>();
        if (config.hasVision()) {
            tower(out, config.vision(), config.usedVisionLayers());
            projector(out, config);
        }
        decoder(out, config.text());
        return out;
    }

    private static void tower(List<NamedShape> out, VisionConfig v, int layers) {
        long d = v.hiddenSize();
        out.add(new NamedShape(TOWER + "embeddings.class_embedding", d));
        out.add(new NamedShape(
                TOWER + "embeddings.patch_embedding.weight", d, v.channels(), v.patchSize(), v.patchSize()));
        out.add(new NamedShape(TOWER + "embeddings.position_embedding.weight", v.patches() + 1L, d));
        affine(out, TOWER + "pre_layrnorm", true, d);
        for (int i = 0; i < layers; i++) {
            String layer = visionLayer(i);
            affine(out, layer + "layer_norm1", true, d);
            for (String name : List.of("q_proj", "k_proj", "v_proj", "out_proj")) {
                affine(out, layer + "self_attn." + name, true, d, d);
            }
            affine(out, layer + "layer_norm2", true, d);
            affine(out, layer + "mlp.fc1", true, v.intermediateSize(), d);
            affine(out, layer + "mlp.fc2", true, d, v.intermediateSize());
        }
    }

    private static void projector(List<NamedShape> out, LlavaConfig config) {
        long d = config.text().hiddenSize();
        affine(out, PROJECTOR + "linear_1", config.projectorBias(), d, config.visionFeatureSize());
        affine(out, PROJECTOR + "linear_2", config.projectorBias(), d, d);
    }

    private static void decoder(List<NamedShape> out, TextConfig t) {
        long d = t.hiddenSize();
        long f = t.intermediateSize();
        long q = (long) t.heads() * t.headDim();
        long kv = (long) t.keyValueHeads() * t.headDim();
        out.add(new NamedShape(EMBEDDING, t.vocabSize(), d));
        for (int i = 0; i < t.layers(); i++) {
            String layer = decoderLayer(i);
            affine(out, layer + "input_layernorm", false, d);
            affine(out, layer + "self_attn.q_proj", t.attentionBias(), q, d);
            affine(out, layer + "self_attn.k_proj", t.attentionBias(), kv, d);
            affine(out, layer + "self_attn.v_proj", t.attentionBias(), kv, d);
            affine(out, layer + "self_attn.o_proj", t.outputBias(), d, q);
            affine(out, layer + "post_attention_layernorm", false, d);
            affine(out, layer + "mlp.gate_proj", t.mlpBias(), f, d);
            affine(out, layer + "mlp.up_proj", t.mlpBias(), f, d);
            affine(out, layer + "mlp.down_proj", t.mlpBias(), d, f);
        }
        out.add(new NamedShape(DECODER + "norm.weight", d));
        if (!t.tiedHead()) {
            out.add(new NamedShape(HEAD, t.vocabSize(), d));
        }
    }

    private static void affine(List<NamedShape> out, String name, boolean bias, long... shape) {
        out.add(new NamedShape(name + ".weight", shape));
        if (bias) {
            out.add(new NamedShape(name + ".bias", shape[0]));
        }
    }

    /** Modules that are matrix products {@code x W^T}: what an adapter may be put on; {@code lm_head} is not one of them. */
    static List<NamedShape> linears(LlavaConfig config) {
        List<NamedShape> out = new ArrayList<>();
        for (NamedShape tensor : all(config)) {
            boolean matrix = tensor.shape().length == 2 && tensor.name().endsWith(".weight");
            if (matrix && !tensor.name().contains("embed") && !tensor.name().equals(HEAD)) {
                String module = tensor.name().substring(0, tensor.name().length() - ".weight".length());
                out.add(new NamedShape(module, tensor.shape()));
            }
        }
        return out;
    }

    /**
     * The name that a stored tensor has here, by the schemes in use: the hub's own; transformers 5's, whose tower has no {@code vision_model}; and the module paths
     * of transformers 5, {@code model.language_model.*}, {@code model.vision_tower.*} and {@code lm_head}. A decoder alone stores {@code model.*} and {@code lm_head}. Other
     * names come back as they are.
     */
    static String hubName(LlavaConfig config, String stored) {
        if (stored.equals("lm_head.weight")) {
            return HEAD;
        }
        if (!config.hasVision()) {
            return stored.startsWith("model.") ? DECODER + stored.substring("model.".length()) : stored;
        }
        boolean inModel = stored.startsWith("model.language_model.")
                || stored.startsWith("model.vision_tower.")
                || stored.startsWith("model.multi_modal_projector.");
        String name = inModel ? stored.substring("model.".length()) : stored;
        if (name.startsWith("vision_tower.") && !name.startsWith(TOWER)) {
            return TOWER + name.substring("vision_tower.".length());
        }
        if (name.startsWith("language_model.") && !name.startsWith(DECODER) && !name.equals(HEAD)) {
            return DECODER + name.substring("language_model.".length());
        }
        return name;
    }

    /** The name that a tensor is stored under: the hub's, or the decoder's own where it stands alone. */
    static String storedName(LlavaConfig config, String name) {
        if (config.hasVision()) {
            return name;
        }
        return name.equals(HEAD) ? "lm_head.weight" : "model." + name.substring(DECODER.length());
    }

    /** Buffers of old checkpoints that hold no weights. */
    static boolean isBuffer(String name) {
        return name.endsWith(".position_ids") || name.endsWith(".rotary_emb.inv_freq");
    }
}
