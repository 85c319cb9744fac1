package org.ballast.core.data;

import java.io.Serializable;

/** Two completions of one prompt of which the first is preferred. */
public record PreferencePair(Completion chosen, Completion rejected) implements Serializable {
    public PreferencePair {
        Rows.requirePresent(chosen, "pair", "", "chosen");
        Rows.requirePresent(rejected, "pair", "", "rejected");
        Rows.require(
                chosen.promptId().equals(rejected.promptId()),
                "pair",
                chosen.completionId(),
                "prompt_id of rejected",
                rejected.promptId(),
                "must be that of chosen, " + chosen.promptId());
    }

    /** The prompt that both answer. */
    public String promptId() {
        return chosen.promptId();
    }

    /** {@code sha256(chosen id, rejected id)}. */
    public String id() {
        return Sha256.of(chosen.completionId(), rejected.completionId());
    }
}
