package org.ballast.core.mllm;

import java.io.Serializable;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Shape of a decoder of the LLaMA family: RMSNorm, rotary positions, grouped-query attention, SwiGLU.
 *
 * @param keyValueHeads divides {@code heads}; equal to it without grouping
 * @param maxPositions {@code max_position_embeddings}; {@link #positionLimit} is how long a sequence may be
 * @param attentionBias whether {@code q_proj}, {@code k_proj} and {@code v_proj} have a bias
 * @param outputBias whether {@code o_proj} has one
 * @param mlpBias whether {@code gate_proj}, {@code up_proj} and {@code down_proj} have one
 * @param slidingWindow tokens that a token sees in a windowed layer, itself included; null: no layer is windowed
 * @param windowedLayers the layers whose attention is windowed, rising; empty where {@code slidingWindow} is null
 * @param tiedHead whether the output projection is the embedding table
 * @param endTokenIds ids that end a response, the first the one to write; may be empty
 */
public record TextConfig(
        Family family,
        int vocabSize,
        int hiddenSize,
        int intermediateSize,
        int layers,
        int heads,
        int keyValueHeads,
        int headDim,
        int maxPositions,
        double rmsNormEps,
        double ropeTheta,
        RopeScaling rope,
        boolean attentionBias,
        boolean outputBias,
        boolean mlpBias,
        Integer slidingWindow,
        List<Integer> windowedLayers,
        boolean tiedHead,
        Integer bosTokenId,
        List<Integer> endTokenIds,
        Integer padTokenId)
        implements Serializable {

    /** Whose defaults, and whose name in {@code model_type}. */
    public enum Family {
        LLAMA("llama", "LlamaForCausalLM"),
        MISTRAL("mistral", "MistralForCausalLM"),
        QWEN2("qwen2", "Qwen2ForCausalLM");

        private final String modelType;
        private final String architecture;

        Family(String modelType, String architecture) {
            this.modelType = modelType;
            this.architecture = architecture;
        }

        public String modelType() {
            return modelType;
        }

        /** Class of the decoder alone. */
        public String architecture() {
            return architecture;
        }
    }

    public TextConfig {
        Shapes.requirePositive("text_config.vocab_size", vocabSize);
        Shapes.requirePositive("text_config.hidden_size", hiddenSize);
        Shapes.requirePositive("text_config.intermediate_size", intermediateSize);
        Shapes.requirePositive("text_config.num_hidden_layers", layers);
        Shapes.requireAtMost("text_config.num_hidden_layers", layers, Shapes.MAX_LAYERS);
        Shapes.requirePositive("text_config.num_attention_heads", heads);
        Shapes.requirePositive("text_config.num_key_value_heads", keyValueHeads);
        Shapes.requirePositive("text_config.head_dim", headDim);
        Shapes.requirePositive("text_config.max_position_embeddings", maxPositions);
        Shapes.requireDivisible("text_config.num_attention_heads", heads, "num_key_value_heads", keyValueHeads);
        Shapes.requireDivisible("text_config.head_dim", headDim, "2 (rotary halves)", 2);
        Shapes.requirePositive("text_config.rms_norm_eps", rmsNormEps);
        Shapes.requirePositive("text_config.rope_theta", ropeTheta);
        if (rope instanceof RopeScaling.Dynamic && headDim <= 2) {
            throw new IllegalArgumentException("text_config.head_dim " + headDim + " is too small for dynamic scaling");
        }
        requireBiasesOf(family, attentionBias, outputBias, mlpBias);
        windowedLayers = List.copyOf(windowedLayers);
        endTokenIds = List.copyOf(endTokenIds);
        if (slidingWindow != null) {
            Shapes.requirePositive("text_config.sliding_window", slidingWindow);
        } else if (!windowedLayers.isEmpty()) {
            throw new IllegalArgumentException("layers " + windowedLayers + " are windowed without a sliding_window");
        }
        for (int layer : windowedLayers) {
            if (layer < 0 || layer >= layers) {
                throw new IllegalArgumentException("windowed layer " + layer + " is none of " + layers);
            }
        }
    }

    private static void requireBiasesOf(Family family, boolean attention, boolean output, boolean mlp) {
        boolean possible =
                switch (family) {
                    case LLAMA -> attention == output;
                    case MISTRAL -> !attention && !output && !mlp;
                    case QWEN2 -> attention && !output && !mlp;
                };
        if (!possible) {
            throw new IllegalArgumentException(family.modelType() + " has no decoder with the biases attention "
                    + attention + ", output " + output + ", mlp " + mlp);
        }
    }

    /** A plain LLaMA decoder: no bias, no scaling, no window, one end token. */
    public TextConfig(
            int vocabSize,
            int hiddenSize,
            int intermediateSize,
            int layers,
            int heads,
            int keyValueHeads,
            int headDim,
            int maxPositions,
            double rmsNormEps,
            double ropeTheta,
            boolean tiedHead,
            Integer bosTokenId,
            Integer eosTokenId,
            Integer padTokenId) {
        this(
                Family.LLAMA,
                vocabSize,
                hiddenSize,
                intermediateSize,
                layers,
                heads,
                keyValueHeads,
                headDim,
                maxPositions,
                rmsNormEps,
                ropeTheta,
                new RopeScaling.None(),
                false,
                false,
                false,
                null,
                List.of(),
                tiedHead,
                bosTokenId,
                eosTokenId == null ? List.of() : List.of(eosTokenId),
                padTokenId);
    }

    /** The end token to write behind a response; null: the model has none. */
    public Integer eosTokenId() {
        return endTokenIds.isEmpty() ? null : endTokenIds.get(0);
    }

    /** Tokens that a token sees in this layer, itself included; {@code Integer.MAX_VALUE} without a window. */
    public int window(int layer) {
        return windowedLayers.contains(layer) ? slidingWindow : Integer.MAX_VALUE;
    }

    /**
     * Longest sequence in tokens: {@code maxPositions}, times the factor where linear or dynamic scaling stretches them (transformers leaves
     * {@code max_position_embeddings} at the original length there, and stretches itself without asking).
     */
    public int positionLimit() {
        double factor = 1;
        if (rope instanceof RopeScaling.Linear linear) {
            factor = linear.factor();
        } else if (rope instanceof RopeScaling.Dynamic dynamic) {
            factor = dynamic.factor();
        }
        return (int) Math.min(Integer.MAX_VALUE, Math.max(1, factor) * maxPositions);
    }

    /** The same with other end tokens. */
    TextConfig withEndTokens(List<Integer> ids) {
        return new TextConfig(
                family,
                vocabSize,
                hiddenSize,
                intermediateSize,
                layers,
                heads,
                keyValueHeads,
                headDim,
                maxPositions,
                rmsNormEps,
                ropeTheta,
                rope,
                attentionBias,
                outputBias,
                mlpBias,
                slidingWindow,
                windowedLayers,
                tiedHead,
                bosTokenId,
                ids,
                padTokenId);
    }

    /** Layers {@code from} to the last, as {@link #windowedLayers} lists them. */
    static List<Integer> layersFrom(int from, int layers) {
        return IntStream.range(Math.max(0, Math.min(from, layers)), layers)
                .boxed()
                .toList();
    }
}
