package org.ballast.core.mllm;

import java.io.Serializable;

/**
 * Shape of a LLaMA decoder: RMSNorm, rotary positions, grouped-query attention, SwiGLU.
 *
 * @param keyValueHeads divides {@code heads}; equal to it without grouping
 * @param tiedHead whether the output projection is the embedding table
 */
public record TextConfig(
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
        Integer padTokenId)
        implements Serializable {

    public TextConfig {
        Shapes.requirePositive("text_config.vocab_size", vocabSize);
        Shapes.requirePositive("text_config.hidden_size", hiddenSize);
        Shapes.requirePositive("text_config.intermediate_size", intermediateSize);
        Shapes.requirePositive("text_config.num_hidden_layers", layers);
        Shapes.requirePositive("text_config.num_attention_heads", heads);
        Shapes.requirePositive("text_config.num_key_value_heads", keyValueHeads);
        Shapes.requirePositive("text_config.head_dim", headDim);
        Shapes.requirePositive("text_config.max_position_embeddings", maxPositions);
        Shapes.requireDivisible("text_config.num_attention_heads", heads, "num_key_value_heads", keyValueHeads);
        Shapes.requireDivisible("text_config.head_dim", headDim, "2 (rotary halves)", 2);
        Shapes.requirePositive("text_config.rms_norm_eps", rmsNormEps);
        Shapes.requirePositive("text_config.rope_theta", ropeTheta);
    }
}
