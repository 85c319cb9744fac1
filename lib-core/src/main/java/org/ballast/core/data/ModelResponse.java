package org.ballast.core.data;

import java.io.Serializable;

/**
 * What a model answers to a prompt, or makes of a given answer: a row of {@code responses}.
 *
 * @param response text without special tokens
 * @param tokenIds of the response, with its end token where it has one
 * @param logProbs natural log-probability of each token by the raw logits, one for each of {@code tokenIds}
 * @param finishReason {@code eos}, {@code length} or {@code stop}
 */
@SuppressWarnings("ArrayRecordComponent")
public record ModelResponse(String id, String response, int[] tokenIds, float[] logProbs, String finishReason)
        implements Serializable {
    public ModelResponse {
        Rows.requireText(id, "response", id, "id");
        Rows.requirePresent(response, "response", id, "response");
        Rows.requireText(finishReason, "response", id, "finish_reason");
        Rows.require(
                tokenIds.length == logProbs.length,
                "response",
                id,
                "log_probs",
                logProbs.length,
                "must be one for each of the " + tokenIds.length + " token_ids");
    }
}
