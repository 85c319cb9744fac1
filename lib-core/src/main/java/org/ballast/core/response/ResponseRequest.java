package org.ballast.core.response;

import java.util.List;
import java.util.Objects;
import org.ballast.core.data.Turn;

/**
 * A prompt that wants an answer.
 *
 * @param id of the row; seeds its draws
 * @param system instructions that stand before the prompt, or null
 * @param history earlier turns, oldest first
 * @param prompt as it stands in {@code prompts}: with at most one {@code <image>}, where the picture goes; the first of history and prompt counts
 * @param picture bytes of its file, or null
 * @param weakening null: the picture as it is
 * @param jsonSchema JSON schema that the answer should follow where the backend can see to it, or null
 */
@SuppressWarnings("ArrayRecordComponent")
public record ResponseRequest(
        String id,
        String system,
        List<Turn> history,
        String prompt,
        byte[] picture,
        Weakening weakening,
        String jsonSchema) {
    public ResponseRequest {
        history = List.copyOf(history);
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(prompt, "prompt");
        if (weakening != null && picture == null) {
            throw new IllegalArgumentException("request " + id + " has no picture that could be weakened");
        }
    }

    /** A request without earlier turns. */
    public ResponseRequest(
            String id, String system, String prompt, byte[] picture, Weakening weakening, String jsonSchema) {
        this(id, system, List.of(), prompt, picture, weakening, jsonSchema);
    }

    /**
     * Diffusion noise over the picture.
     *
     * @param step 0 .. 999
     * @param seed of the run
     * @param attempt another one is another noise
     * @see org.ballast.core.image.DiffusionNoise
     */
    public record Weakening(int step, long seed, int attempt) {}
}
