package org.ballast.spark.examples;

import java.io.Serializable;
import java.util.Objects;
import org.ballast.core.mllm.EncodedExample;
import org.ballast.core.mllm.EncodedPair;
import org.ballast.core.mllm.ImageInput;

/**
 * A training row as it lies in memory: token ids, and which picture, which is held once for all its rows.
 *
 * @param id what orders the rows
 * @param imageId null for a text-only row
 * @param rejectedIds null in supervised training
 * @param referenceChosen log-prob under the frozen model, 0 in supervised training
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record EncodedRow(
        String id,
        String imageId,
        int[] promptIds,
        int[] chosenIds,
        int[] rejectedIds,
        double referenceChosen,
        double referenceRejected)
        implements Serializable {
    public EncodedRow {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(promptIds, "promptIds");
        Objects.requireNonNull(chosenIds, "chosenIds");
    }

    /** The row with another row's picture: the negative control of image-text training. */
    EncodedRow showing(String otherImageId) {
        return new EncodedRow(id, otherImageId, promptIds, chosenIds, rejectedIds, referenceChosen, referenceRejected);
    }

    /** A row that is taken several times has an id of its own each time; the first keeps its id. */
    EncodedRow copy(int number) {
        return number == 1
                ? this
                : new EncodedRow(
                        id + "|" + number,
                        imageId,
                        promptIds,
                        chosenIds,
                        rejectedIds,
                        referenceChosen,
                        referenceRejected);
    }

    EncodedExample example(ImageInput image) {
        return new EncodedExample(id, image, promptIds, chosenIds);
    }

    EncodedPair pair(ImageInput image) {
        return new EncodedPair(id, image, promptIds, chosenIds, rejectedIds, referenceChosen, referenceRejected);
    }
}
