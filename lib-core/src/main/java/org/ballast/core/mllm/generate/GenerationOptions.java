package org.ballast.core.mllm.generate;

import java.io.Serializable;
import java.util.List;

/**
 * How tokens are chosen. A token's score goes through the repetition penalty, the temperature, top-k and top-p, in this order, as in transformers.
 *
 * @param maxTokens most new tokens, the end token included; at least 1; a request may have a limit of its own
 * @param minTokens no end token before an answer has this many tokens, the end token counted; 0 or 1: no bound
 * @param temperature divides the scores; 0 is greedy: the highest score, the lowest id among equals
 * @param topK only tokens at least as probable as the k-th; 0: all
 * @param topP only the smallest set of the most probable tokens whose mass reaches p, in (0, 1]; 1: all
 * @param repetitionPenalty divides the positive and multiplies the other scores of ids that stand in the prompt or the answer, once each; 1: none
 * @param seed of the run; each row draws from its own {@code sample} stream
 * @param attempt from 0; another attempt draws differently
 * @param contrast null: plain decoding from the clean picture
 * @param stopStrings an answer ends when its text holds one of them, and the text is cut before it; none of them empty
 * @param logProbs whether the log-probability of each token is wanted
 */
public record GenerationOptions(
        int maxTokens,
        int minTokens,
        double temperature,
        int topK,
        double topP,
        double repetitionPenalty,
        long seed,
        int attempt,
        Contrast contrast,
        List<String> stopStrings,
        boolean logProbs)
        implements Serializable {

    public GenerationOptions {
        require(maxTokens >= 1, "maxTokens", maxTokens, "at least 1");
        require(minTokens >= 0, "minTokens", minTokens, "at least 0");
        require(temperature >= 0 && Double.isFinite(temperature), "temperature", temperature, "finite and at least 0");
        require(topK >= 0, "topK", topK, "at least 0");
        require(topP > 0 && topP <= 1, "topP", topP, "in (0, 1]");
        require(
                repetitionPenalty > 0 && Double.isFinite(repetitionPenalty),
                "repetitionPenalty",
                repetitionPenalty,
                "finite and positive");
        require(attempt >= 0, "attempt", attempt, "at least 0");
        stopStrings = List.copyOf(stopStrings);
        require(
                stopStrings.stream().noneMatch(String::isEmpty),
                "stopStrings",
                stopStrings,
                "strings that are not empty");
    }

    private static void require(boolean holds, String name, Object value, String range) {
        if (!holds) {
            throw new IllegalArgumentException(name + " must be " + range + ", is " + value);
        }
    }

    /** The most probable token each time. */
    public static GenerationOptions greedy(int maxTokens) {
        return sampling(maxTokens, 0, 0, 1, 0);
    }

    /** Draws from the distribution at a temperature. */
    public static GenerationOptions sampling(int maxTokens, double temperature, int topK, double topP, long seed) {
        return new GenerationOptions(maxTokens, 0, temperature, topK, topP, 1, seed, 0, null, List.of(), false);
    }

    public GenerationOptions withMinTokens(int other) {
        return new GenerationOptions(
                maxTokens,
                other,
                temperature,
                topK,
                topP,
                repetitionPenalty,
                seed,
                attempt,
                contrast,
                stopStrings,
                logProbs);
    }

    public GenerationOptions withRepetitionPenalty(double other) {
        return new GenerationOptions(
                maxTokens, minTokens, temperature, topK, topP, other, seed, attempt, contrast, stopStrings, logProbs);
    }

    public GenerationOptions withAttempt(int other) {
        return new GenerationOptions(
                maxTokens,
                minTokens,
                temperature,
                topK,
                topP,
                repetitionPenalty,
                seed,
                other,
                contrast,
                stopStrings,
                logProbs);
    }

    public GenerationOptions withContrast(Contrast other) {
        return new GenerationOptions(
                maxTokens,
                minTokens,
                temperature,
                topK,
                topP,
                repetitionPenalty,
                seed,
                attempt,
                other,
                stopStrings,
                logProbs);
    }

    public GenerationOptions withStopStrings(List<String> other) {
        return new GenerationOptions(
                maxTokens,
                minTokens,
                temperature,
                topK,
                topP,
                repetitionPenalty,
                seed,
                attempt,
                contrast,
                other,
                logProbs);
    }

    public GenerationOptions withLogProbs() {
        return new GenerationOptions(
                maxTokens,
                minTokens,
                temperature,
                topK,
                topP,
                repetitionPenalty,
                seed,
                attempt,
                contrast,
                stopStrings,
                true);
    }

    /** Whether a token depends on nothing but the highest logit of its row. */
    boolean isPlainGreedy() {
        return temperature == 0 && repetitionPenalty == 1 && !hasTwoBranches();
    }

    boolean hasTwoBranches() {
        return contrast != null && contrast.hasTwoBranches();
    }
}
