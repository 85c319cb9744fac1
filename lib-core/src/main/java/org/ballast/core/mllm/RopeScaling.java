package org.ballast.core.mllm;

import java.io.Serializable;

/**
 * How rotary positions are stretched beyond the length that a decoder was trained at; {@link RotaryEmbedding} has the formulas.
 *
 * <p>Source: {@code ROPE_INIT_FUNCTIONS} of transformers' modeling_rope_utils.py.
 */
public sealed interface RopeScaling extends Serializable {
    /** Positions as they are: {@code rope_type} "default". */
    record None() implements RopeScaling {}

    /** All frequencies divided by the factor. */
    record Linear(double factor) implements RopeScaling {
        public Linear {
            Shapes.requirePositive("rope_parameters.factor", factor);
        }
    }

    /**
     * The base grows with the sequence once that is longer than the original positions (NTK-aware).
     *
     * @param originalMaxPositions {@code max_position_embeddings}
     */
    record Dynamic(double factor, int originalMaxPositions) implements RopeScaling {
        public Dynamic {
            Shapes.requirePositive("rope_parameters.factor", factor);
            Shapes.requirePositive("max_position_embeddings", originalMaxPositions);
        }
    }

    /** Long waves divided by the factor, short ones left alone, those between interpolated (LLaMA 3.1). */
    record Llama3(double factor, double lowFrequencyFactor, double highFrequencyFactor, int originalMaxPositions)
            implements RopeScaling {
        public Llama3 {
            Shapes.requirePositive("rope_parameters.factor", factor);
            Shapes.requirePositive("rope_parameters.low_freq_factor", lowFrequencyFactor);
            Shapes.requirePositive("rope_parameters.high_freq_factor", highFrequencyFactor);
            Shapes.requirePositive("rope_parameters.original_max_position_embeddings", originalMaxPositions);
            if (highFrequencyFactor == lowFrequencyFactor) {
                throw new IllegalArgumentException("rope_parameters.high_freq_factor and low_freq_factor are both "
                        + lowFrequencyFactor + "; they must differ");
            }
        }
    }
}
