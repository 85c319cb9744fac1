package org.ballast.core.data;

import java.io.Serializable;

/**
 * One response to a prompt: table {@code completions}, key {@code completion_id}; rows are only ever added.
 *
 * @param completionId {@link #id(String, String, long, int)}
 * @param score preference among completions of one prompt: the higher is the better one (1 for ground truth, 0 for a
 *     negative; a source's own scores as they are)
 * @param model name or digest of what wrote the response, {@code source} where the data does not say
 * @param policy digest of the policy that made it, {@code source} for what came with the data
 * @param parameters settings of the generation, a JSON object
 * @param seed run seed of the generation, 0 for what came with the data
 * @param finishReason {@code stop}, {@code length} ...
 * @param promptTokens tokens of the prompt, 0 where they were not counted
 * @param completionTokens tokens of the response, 0 where they were not counted
 */
public record Completion(
        String completionId,
        String promptId,
        String response,
        CompletionType type,
        double score,
        String model,
        String policy,
        String parameters,
        long seed,
        String finishReason,
        int promptTokens,
        int completionTokens)
        implements Serializable {
    /** Value of {@code model} and {@code policy} of a response that came with the data. */
    public static final String SOURCE = "source";

    public Completion {
        Rows.requireText(completionId, "completion", completionId, "completion_id");
        Rows.requireText(promptId, "completion", completionId, "prompt_id");
        Rows.requirePresent(response, "completion", completionId, "response");
        Rows.requirePresent(type, "completion", completionId, "type");
        Rows.require(Double.isFinite(score), "completion", completionId, "score", score, "must be finite");
        Rows.requireText(model, "completion", completionId, "model");
        Rows.requireText(policy, "completion", completionId, "policy");
        Rows.requireText(parameters, "completion", completionId, "parameters");
        Rows.requireText(finishReason, "completion", completionId, "finish_reason");
        Rows.require(promptTokens >= 0, "completion", completionId, "prompt_tokens", promptTokens, "must be >= 0");
        Rows.require(
                completionTokens >= 0,
                "completion",
                completionId,
                "completion_tokens",
                completionTokens,
                "must be >= 0");
    }

    /**
     * {@code sha256(prompt id, policy digest, seed, ordinal)}: the same generation always has the same id.
     *
     * @param ordinal which of several completions that one policy and seed give to the prompt, from 0
     */
    public static String id(String promptId, String policy, long seed, int ordinal) {
        return Sha256.of(promptId, policy, Long.toString(seed), Integer.toString(ordinal));
    }

    /** The response that came with the data: score 1. */
    public static Completion groundTruth(String promptId, String response) {
        return given(promptId, response, CompletionType.GROUND_TRUTH, 1, SOURCE, 0);
    }

    /**
     * One of the responses that came with the data.
     *
     * @param score as the data has it: the higher is the better one
     * @param model what wrote it by the data's own account, {@link #SOURCE} where that is silent
     * @param ordinal place among the prompt's responses in the data, from 0
     */
    public static Completion given(
            String promptId, String response, CompletionType type, double score, String model, int ordinal) {
        return new Completion(
                id(promptId, SOURCE, 0, ordinal),
                promptId,
                response,
                type,
                score,
                model,
                SOURCE,
                "{}",
                0,
                "stop",
                0,
                0);
    }
}
