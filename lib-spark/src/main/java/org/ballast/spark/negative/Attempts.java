package org.ballast.spark.negative;

import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.ballast.core.data.Reason;

/** Makes negatives for the prompts of a unit by one policy. */
interface Attempts {
    /**
     * One more try for each.
     *
     * @param open what has no negative yet, in the order of the unit
     * @param attempt from 0; another one makes other texts
     * @return for each, in their order
     */
    List<Tried> attempt(List<Open> open, int attempt);

    /**
     * A negative that is wanted.
     *
     * @param row of the prompt
     * @param sample which of the prompt's negatives of this policy, from 0
     */
    record Open(Row row, int sample) {
        String promptId() {
            return row.getAs("prompt_id");
        }

        String positive() {
            return row.getAs("response");
        }
    }

    /**
     * What came of a try: a text, or why there is none.
     *
     * @param text null: none
     * @param drawn parameters that were drawn for it
     * @param reason null with a text
     * @param lasting true when another try would fail likewise
     */
    record Tried(
            String text,
            String finishReason,
            int promptTokens,
            int tokens,
            Map<String, Object> drawn,
            Reason reason,
            String message,
            boolean lasting) {
        static Tried text(String text, String finishReason) {
            return new Tried(text, finishReason, 0, 0, Map.of(), null, null, false);
        }

        static Tried none(Reason reason, String message, boolean lasting) {
            return new Tried(null, null, 0, 0, Map.of(), reason, message, lasting);
        }

        boolean cut() {
            return "length".equals(finishReason);
        }
    }
}
