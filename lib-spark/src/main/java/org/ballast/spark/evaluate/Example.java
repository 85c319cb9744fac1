package org.ballast.spark.evaluate;

import java.io.Serializable;
import java.util.List;
import java.util.Objects;

/**
 * One held-out row to look at: picture, prompt, reference, negatives and what each model answers.
 *
 * @param promptId row it is
 * @param picture PNG of the picture as the model sees it
 * @param weakened PNG of the same picture after diffusion noise
 * @param weakenedStep step of that noise
 * @param prompt as stored
 * @param reference the true response
 * @param negatives rejected responses by type
 * @param answers greedy answers by model, base first
 */
public record Example(
        String promptId,
        String split,
        byte[] picture,
        byte[] weakened,
        int weakenedStep,
        String prompt,
        String reference,
        List<Labelled> negatives,
        List<Labelled> answers)
        implements Serializable {

    public Example {
        Objects.requireNonNull(promptId, "promptId");
        Objects.requireNonNull(picture, "picture");
        Objects.requireNonNull(weakened, "weakened");
        negatives = List.copyOf(negatives);
        answers = List.copyOf(answers);
    }

    /** A text and what it is: type of a negative, name of a model. */
    public record Labelled(String label, String text) implements Serializable {}
}
