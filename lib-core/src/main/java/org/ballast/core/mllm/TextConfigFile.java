package org.ballast.core.mllm;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.ballast.core.mllm.TextConfig.Family;

/**
 * The decoder's part of {@code config.json}. What is left out has the default of LlamaConfig, MistralConfig or Qwen2Config.
 *
 * <p>Source: transformers' configuration_llama.py, configuration_mistral.py, configuration_qwen2.py and modeling_rope_utils.py.
 */
final class TextConfigFile {
    private static final String SLIDING = "sliding_attention";
    private static final String FULL = "full_attention";

    private TextConfigFile() {}

    /** @param around the object that {@code node} stands in, or itself where the decoder is the whole model */
    static TextConfig read(ConfigNode node, ConfigNode around) {
        Family family = family(node);
        node.requireOneOf("hidden_act", "silu", List.of("silu", "swish"));
        boolean llama = family == Family.LLAMA;
        boolean qwen = family == Family.QWEN2;
        int hidden = node.integer("hidden_size", 4096);
        int layers = node.integer("num_hidden_layers", 32);
        Shapes.requireAtMost("text_config.num_hidden_layers", layers, Shapes.MAX_LAYERS);
        int heads = node.integer("num_attention_heads", 32);
        Integer keyValueHeads = node.optionalInteger("num_key_value_heads", defaultKeyValueHeads(family));
        int maxPositions = node.integer("max_position_embeddings", defaultPositions(family));
        boolean attentionBias = llama && node.bool("attention_bias", false);
        Integer window = window(node, family);
        return new TextConfig(
                family,
                node.integer("vocab_size", qwen ? 151936 : 32000),
                hidden,
                node.integer("intermediate_size", defaultIntermediate(family)),
                layers,
                heads,
                keyValueHeads == null ? heads : keyValueHeads,
                node.has("head_dim") ? node.integer("head_dim", 0) : defaultHeadDim(hidden, heads),
                maxPositions,
                node.number("rms_norm_eps", 1e-6),
                rope(node).number("rope_theta", node.number("rope_theta", 10000)),
                scaling(rope(node), node, maxPositions),
                attentionBias || qwen,
                attentionBias,
                llama && node.bool("mlp_bias", false),
                window,
                windowedLayers(node, family, window, layers),
                around.bool("tie_word_embeddings", false) || node.bool("tie_word_embeddings", false),
                node.optionalInteger("bos_token_id", qwen ? null : (Integer) 1),
                endTokens(node, around, qwen ? List.of() : List.of(2)),
                around.has("pad_token_id")
                        ? around.optionalInteger("pad_token_id", null)
                        : node.optionalInteger("pad_token_id", null));
    }

    private static Family family(ConfigNode node) {
        String type = node.text("model_type", Family.LLAMA.modelType());
        return Arrays.stream(Family.values())
                .filter(f -> f.modelType().equals(type))
                .findFirst()
                .orElseThrow(() -> node.refused("model_type", "llama, mistral, qwen2"));
    }

    private static Integer defaultKeyValueHeads(Family family) {
        return switch (family) {
            case LLAMA -> null;
            case MISTRAL -> 8;
            case QWEN2 -> 32;
        };
    }

    private static int defaultIntermediate(Family family) {
        return switch (family) {
            case LLAMA -> 11008;
            case MISTRAL -> 14336;
            case QWEN2 -> 22016;
        };
    }

    private static int defaultPositions(Family family) {
        return switch (family) {
            case LLAMA -> 2048;
            case MISTRAL -> 131072;
            case QWEN2 -> 32768;
        };
    }

    private static int defaultHeadDim(int hidden, int heads) {
        Shapes.requirePositive("text_config.num_attention_heads", heads);
        Shapes.requireDivisible("text_config.hidden_size", hidden, "num_attention_heads", heads);
        return hidden / heads;
    }

    private static List<Integer> endTokens(ConfigNode node, ConfigNode around, List<Integer> defaultValue) {
        return around.has("eos_token_id")
                ? around.integers("eos_token_id", defaultValue)
                : node.integers("eos_token_id", defaultValue);
    }

    private static Integer window(ConfigNode node, Family family) {
        return switch (family) {
            case LLAMA -> null;
            case MISTRAL -> node.optionalInteger("sliding_window", 4096);
            case QWEN2 -> node.bool("use_sliding_window", false) ? node.optionalInteger("sliding_window", 4096) : null;
        };
    }

    private static List<Integer> windowedLayers(ConfigNode node, Family family, Integer window, int layers) {
        if (family == Family.QWEN2 && node.has("layer_types")) {
            return namedLayers(node, window, layers);
        }
        if (window == null) {
            return List.of();
        }
        int from = family == Family.QWEN2 ? node.integer("max_window_layers", 28) : 0;
        return TextConfig.layersFrom(from, layers);
    }

    private static List<Integer> namedLayers(ConfigNode node, Integer window, int layers) {
        List<String> types = node.strings("layer_types");
        boolean known = types.stream().allMatch(t -> t.equals(FULL) || t.equals(SLIDING) && window != null);
        if (types.size() != layers || !known) {
            throw node.refused(
                    "layer_types",
                    "one of " + FULL + " and, with use_sliding_window and sliding_window, " + SLIDING + " for each of "
                            + layers + " layers");
        }
        return IntStream.range(0, layers)
                .filter(i -> types.get(i).equals(SLIDING))
                .boxed()
                .toList();
    }

    /** Where rotary parameters stand: transformers 4's {@code rope_scaling} goes before 5's {@code rope_parameters}. */
    private static ConfigNode rope(ConfigNode node) {
        ConfigNode scaling = node.object("rope_scaling");
        return scaling.isEmpty() ? node.object("rope_parameters") : scaling;
    }

    private static RopeScaling scaling(ConfigNode rope, ConfigNode node, int maxPositions) {
        if (rope.holdsObjects()) {
            throw node.refused("rope_parameters", "one set for all layers");
        }
        for (ConfigNode at : List.of(rope, node)) {
            if (at.has("partial_rotary_factor") && at.number("partial_rotary_factor") != 1) {
                throw at.refused("partial_rotary_factor", "1");
            }
        }
        String key = rope.has("rope_type") ? "rope_type" : "type";
        return switch (rope.text(key, "default")) {
            case "default" -> new RopeScaling.None();
            case "linear" -> new RopeScaling.Linear(rope.number("factor"));
            case "dynamic" -> new RopeScaling.Dynamic(rope.number("factor"), maxPositions);
            case "llama3" -> new RopeScaling.Llama3(
                    rope.number("factor"),
                    rope.number("low_freq_factor"),
                    rope.number("high_freq_factor"),
                    node.has("original_max_position_embeddings")
                            ? node.integer("original_max_position_embeddings", maxPositions)
                            : rope.integer("original_max_position_embeddings", maxPositions));
            default -> throw rope.refused(key, "default, linear, dynamic, llama3");
        };
    }

    /** Writes every value, where transformers 4 and 5 spell it differently in both ways. */
    static void write(TextConfig c, ObjectNode node) {
        node.putArray("architectures").add(c.family().architecture());
        node.put("model_type", c.family().modelType());
        node.put("vocab_size", c.vocabSize());
        node.put("hidden_size", c.hiddenSize());
        node.put("intermediate_size", c.intermediateSize());
        node.put("num_hidden_layers", c.layers());
        node.put("num_attention_heads", c.heads());
        node.put("num_key_value_heads", c.keyValueHeads());
        node.put("head_dim", c.headDim());
        node.put("max_position_embeddings", c.maxPositions());
        node.put("rms_norm_eps", c.rmsNormEps());
        node.put("rope_theta", c.ropeTheta());
        node.set("rope_parameters", rope(c, node.objectNode()).put("rope_theta", c.ropeTheta()));
        if (!(c.rope() instanceof RopeScaling.None)) {
            node.set("rope_scaling", rope(c, node.objectNode()).put("rope_theta", c.ropeTheta()));
        }
        node.put("hidden_act", "silu");
        if (c.family() == Family.LLAMA) {
            node.put("attention_bias", c.attentionBias());
            node.put("mlp_bias", c.mlpBias());
        } else {
            node.put("sliding_window", c.slidingWindow());
        }
        if (c.family() == Family.QWEN2) {
            node.put("use_sliding_window", c.slidingWindow() != null);
            node.put("max_window_layers", c.layers() - c.windowedLayers().size());
            for (int i = 0; i < c.layers(); i++) {
                node.withArray("layer_types").add(c.windowedLayers().contains(i) ? SLIDING : FULL);
            }
        }
        node.put("tie_word_embeddings", c.tiedHead());
        node.put("bos_token_id", c.bosTokenId());
        writeEndTokens(c, node);
        node.put("pad_token_id", c.padTokenId());
    }

    /** One id as a number, several as a list. */
    static void writeEndTokens(TextConfig c, ObjectNode node) {
        if (c.endTokenIds().size() < 2) {
            node.put("eos_token_id", c.eosTokenId());
        } else {
            c.endTokenIds().forEach(id -> node.withArray("eos_token_id").add(id));
        }
    }

    private static ObjectNode rope(TextConfig c, ObjectNode node) {
        if (c.rope() instanceof RopeScaling.Linear r) {
            return node.put("rope_type", "linear").put("factor", r.factor());
        }
        if (c.rope() instanceof RopeScaling.Dynamic r) {
            return node.put("rope_type", "dynamic").put("factor", r.factor());
        }
        if (c.rope() instanceof RopeScaling.Llama3 r) {
            return node.put("rope_type", "llama3")
                    .put("factor", r.factor())
                    .put("low_freq_factor", r.lowFrequencyFactor())
                    .put("high_freq_factor", r.highFrequencyFactor())
                    .put("original_max_position_embeddings", r.originalMaxPositions());
        }
        return node.put("rope_type", "default");
    }
}
