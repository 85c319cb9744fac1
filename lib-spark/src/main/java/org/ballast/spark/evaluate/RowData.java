package org.ballast.spark.evaluate;

import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import org.ballast.core.data.Completion;
import org.ballast.core.data.CompletionType;
import org.ballast.core.data.Prompt;
import org.ballast.spark.evaluate.EvaluationPlan.PlannedRow;
import org.ballast.spark.evaluate.EvaluationPlan.Task;

/**
 * A planned row with everything that its task needs.
 *
 * @param picture encoded picture of the prompt
 * @param otherPicture encoded picture of another row, null where the task needs none
 * @param completions of the prompt, by id
 */
@SuppressWarnings("ArrayRecordComponent")
record RowData(
        Task task, PlannedRow planned, Prompt prompt, byte[] picture, byte[] otherPicture, List<Completion> completions)
        implements Serializable {
    RowData {
        completions = List.copyOf(completions);
    }

    RowResult.Key key() {
        return new RowResult.Key(prompt.promptId(), prompt.imageId(), prompt.split(), prompt.kind());
    }

    /** The response that came with the data. */
    Optional<Completion> reference() {
        return completions.stream()
                .filter(completion -> completion.type() == CompletionType.GROUND_TRUTH)
                .findFirst();
    }
}
