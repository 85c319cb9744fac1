package org.ballast.spark.evaluate;

import java.io.Serializable;
import java.util.List;

/**
 * Which rows are evaluated together: fixed units of prompt ids, so that figures do not depend on Spark's partitions.
 *
 * @param units in the order of their numbers
 */
public record EvaluationPlan(List<Unit> units) {
    public EvaluationPlan {
        units = List.copyOf(units);
    }

    /** Rows over all units. */
    public int rows() {
        return units.stream().mapToInt(unit -> unit.rows().size()).sum();
    }

    /** What is done with a row. */
    public enum Task {
        /** Score the reference with the true and another picture, answer greedily, score the rejected responses. */
        CAPTION,
        /** Answer a yes/no question. */
        POPE,
        /** Score chosen and rejected responses only. */
        TRAINING_PAIRS,
        /** Score the truth and the prior's answer on ever weaker pictures. */
        WEAKENING
    }

    /** Rows of one task and split that are batched together. */
    public record Unit(int number, Task task, String split, List<PlannedRow> rows) implements Serializable {
        public Unit {
            rows = List.copyOf(rows);
        }
    }

    /**
     * One row of a unit.
     *
     * @param imageId its picture
     * @param otherImageId picture of another row, never its own; null where the task needs none
     * @param example whether its pictures are wanted for the report
     */
    public record PlannedRow(String promptId, String imageId, String otherImageId, boolean example)
            implements Serializable {
        public PlannedRow {
            if (imageId.equals(otherImageId)) {
                throw new IllegalArgumentException("row " + promptId + ": its own picture as the other one");
            }
        }
    }
}
