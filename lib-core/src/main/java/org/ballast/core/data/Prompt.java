package org.ballast.core.data;

import java.io.Serializable;
import java.util.List;

/**
 * A question to the model: table {@code prompts}, key {@code prompt_id}.
 *
 * @param promptId source id + "/" + turn
 * @param imageId the picture, null for a text-only prompt
 * @param prompt text of the user; in a row with a picture the first {@value #IMAGE} of history and prompt marks its
 *     place, any other is text
 * @param history earlier turns of the conversation, oldest first; empty for none
 * @param kind what is asked ({@code describe}, {@code pope-random} ...), null when unknown
 * @param label class index, null when unknown
 * @param split name of the partition
 * @param source where the row came from
 * @param window time window of a stream, null when there is none
 */
public record Prompt(
        String promptId,
        String imageId,
        String prompt,
        List<Turn> history,
        String kind,
        Integer label,
        String split,
        String source,
        String window)
        implements Serializable {
    /** Marks the place of the picture in a prompt. */
    public static final String IMAGE = "<image>";

    public Prompt {
        Rows.requireText(promptId, "prompt", promptId, "prompt_id");
        Rows.requireText(prompt, "prompt", promptId, "prompt");
        Rows.requirePresent(history, "prompt", promptId, "history");
        history = List.copyOf(history);
        Rows.requireText(split, "prompt", promptId, "split");
        Rows.requireText(source, "prompt", promptId, "source");
        Rows.require(
                imageId == null
                        || prompt.contains(IMAGE)
                        || history.stream().anyMatch(turn -> turn.prompt().contains(IMAGE)),
                "prompt",
                promptId,
                "prompt",
                prompt,
                "of a row with a picture must hold " + IMAGE);
    }

    /** True when the row has a picture. */
    public boolean hasImage() {
        return imageId != null;
    }
}
