package org.ballast.core.mllm.generate;

import java.io.Serializable;

/**
 * How tokens are chosen. A token's score goes through the repetition penalty, the temperature, top-k and top-p, in this order, as in transformers.
 *
 * @param maxTokens most new tokens, the end token included; at least 1
 * @param temperature divides the scores; 0 is greedy: the highest score, the lowest id among equals
 * @param topK only tokens at least as probable as the k-th; 0: all
 * @param topP only the smallest set of the most probable tokens whose mass reaches p, in (0, 1]; 1: all
 * @param repetitionPenalty divides the positive and multiplies the other scores of ids that stand in the prompt or the answer, once each; 1: none
 * @param seed of the run; each row draws from its own {@code sample} stream
 * @param attempt from 0; another attempt draws differently
 * @param contrast null: plain decoding from the clean picture
 */
public record GenerationOptions(
        int maxTokens,
        double temperature,
        int topK,
        double topP,
        double repetitionPenalty,
        long seed,
        int attempt,
        Contrast contrast)
        implements Serializable {

    public GenerationOptions {
        require(maxTokens >= 1, "maxTokens", maxTokens, "at least 1");
        require(temperature >= 0 && Double.isFinite(temperature), "temperature", temperature, "finite and at least 0");
        require(topK >= 0, "topK", topK, "at least 0");
        require(topP > 0 && topP <= 1, "topP", topP, "in (0, 1]");
        require(
                repetitionPenalty > 0 && Double.isFinite(repetitionPenalty),
                "repetitionPenalty",
                repetitionPenalty,
                "finite and positive");
        require(attempt >= 0, "attempt", attempt, "at least 0");
    }

    private static void require(boolean holds, String name, Object value, String range) {
        if (!holds) {
            throw new IllegalArgumentException(name + " must be " + range + ", is " + value);
        }
    }

    /** The most probable token each time. */
    public static GenerationOptions greedy(int maxTokens) {
        return new GenerationOptions(maxTokens, 0, 0, 1, 1, 0, 0, null);
    }

    /** Draws from the distribution at a temperature. */
    public static GenerationOptions sampling(int maxTokens, double temperature, int topK, double topP, long seed) {
        return new GenerationOptions(maxTokens, temperature, topK, topP, 1, seed, 0, null);
    }

    public GenerationOptions withMaxTokens(int other) {
        return new GenerationOptions(other, temperature, topK, topP, repetitionPenalty, seed, attempt, contrast);
    }

    public GenerationOptions withContrast(Contrast other) {
        return new GenerationOptions(maxTokens, temperature, topK, topP, repetitionPenalty, seed, attempt, other);
    }

    public GenerationOptions withRepetitionPenalty(double other) {
        return new GenerationOptions(maxTokens, temperature, topK, topP, other, seed, attempt, contrast);
    }

    public GenerationOptions withAttempt(int other) {
        return new GenerationOptions(maxTokens, temperature, topK, topP, repetitionPenalty, seed, other, contrast);
    }
}
