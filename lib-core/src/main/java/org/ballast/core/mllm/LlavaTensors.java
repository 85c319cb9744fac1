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

    static String decoderLayer(int layer) {
        return DECODER + "layers." + layer + ".";
    }

    /** Every tensor of the checkpoint. */
    static List<NamedShape> all(LlavaConfig config) {
        return list(config, config.vision().layers(), true);
    }

    /** The tensors that the forward pass reads: without the tower's layers behind the feature layer and its last norm. */
    static List<NamedShape> used(LlavaConfig config) {
        return list(config, config.usedVisionLayers(), false);
    }

    private static List<NamedShape> list(LlavaConfig config, int visionLayers, boolean postNorm) {
        List<NamedShape> out = new ArrayList<>();
        VisionConfig v = config.vision();
        long d = v.hiddenSize();
        out.add(new NamedShape(TOWER + "embeddings.class_embedding", d));
        out.add(new NamedShape(
                TOWER + "embeddings.patch_embedding.weight", d, v.channels(), v.patchSize(), v.patchSize()));
        out.add(new NamedShape(TOWER + "embeddings.position_embedding.weight", v.patches() + 1L, d));
        affine(out, TOWER + "pre_layrnorm", d);
        for (int i = 0; i < visionLayers; i++) {
            String layer = visionLayer(i);
            affine(out, layer + "layer_norm1", d);
            for (String name : List.of("q_proj", "k_proj", "v_proj", "out_proj")) {
                affine(out, layer + "self_attn." + name, d, d);
            }
            affine(out, layer + "layer_norm2", d);
            affine(out, layer + "mlp.fc1", v.intermediateSize(), d);
            affine(out, layer + "mlp.fc2", d, v.intermediateSize());
        }
        if (postNorm) {
            affine(out, TOWER + "post_layernorm", d);
        }
        decoder(out, config);
        return out;
    }

    private static void decoder(List<NamedShape> out, LlavaConfig config) {
        TextConfig t = config.text();
        long d = t.hiddenSize();
        long f = t.intermediateSize();
        for (int i = 1; i <= 2; i++) {
            String name = PROJECTOR + "linear_" + i;
            out.add(new NamedShape(name + ".weight", d, i == 1 ? config.vision().hiddenSize() : d));
            if (config.projectorBias()) {
                out.add(new NamedShape(name + ".bias", d));
            }
        }
        out.add(new NamedShape(EMBEDDING, t.vocabSize(), d));
        for (int i = 0; i < t.layers(); i++) {
            String layer = decoderLayer(i);
            long q = (long) t.heads() * t.headDim();
            long kv = (long) t.keyValueHeads() * t.headDim();
            out.add(new NamedShape(layer + "input_layernorm.weight", d));
            out.add(new NamedShape(layer + "self_attn.q_proj.weight", q, d));
            out.add(new NamedShape(layer + "self_attn.k_proj.weight", kv, d));
            out.add(new NamedShape(layer + "self_attn.v_proj.weight", kv, d));
            out.add(new NamedShape(layer + "self_attn.o_proj.weight", d, q));
            out.add(new NamedShape(layer + "post_attention_layernorm.weight", d));
            out.add(new NamedShape(layer + "mlp.gate_proj.weight", f, d));
            out.add(new NamedShape(layer + "mlp.up_proj.weight", f, d));
            out.add(new NamedShape(layer + "mlp.down_proj.weight", d, f));
        }
        out.add(new NamedShape(DECODER + "norm.weight", d));
        if (!t.tiedHead()) {
            out.add(new NamedShape(HEAD, t.vocabSize(), d));
        }
    }

    private static void affine(List<NamedShape> out, String name, long... shape) {
        out.add(new NamedShape(name + ".weight", shape));
        out.add(new NamedShape(name + ".bias", shape[0]));
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

    /** The hub name of a tensor that a newer transformers names by its own modules; other names come back as they are. */
    static String hubName(String name) {
        if (name.startsWith("model.language_model.")) {
            return DECODER + name.substring("model.language_model.".length());
        }
        if (name.equals("lm_head.weight")) {
            return HEAD;
        }
        if (name.startsWith("model.vision_tower.") || name.startsWith("model.multi_modal_projector.")) {
            return name.substring("model.".length());
        }
        return name;
    }

    /** The module path of transformers 5, which PEFT matches and names adapters by. */
    static String modulePath(String hubModule) {
        return hubModule.startsWith(DECODER)
                ? "model.language_model." + hubModule.substring(DECODER.length())
                : "model." + hubModule;
    }

    /** Buffers of old checkpoints that hold no weights. */
    static boolean isBuffer(String name) {
        return name.endsWith(".position_ids") || name.endsWith(".rotary_emb.inv_freq");
    }
}
