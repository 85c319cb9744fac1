package org.ballast.spark.evaluate;

import java.util.Objects;

/** What the planner knows of a prompt: ids and where it belongs, no text and no picture. */
record HeldOutRow(String promptId, String imageId, String split, String kind) {
    HeldOutRow {
        Objects.requireNonNull(promptId, "promptId");
        Objects.requireNonNull(imageId, "imageId");
        Objects.requireNonNull(split, "split");
    }
}
