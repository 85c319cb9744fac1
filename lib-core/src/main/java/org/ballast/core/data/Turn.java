package org.ballast.core.data;

import java.io.Serializable;

/** One exchange of a conversation that precedes a prompt. */
public record Turn(String prompt, String response) implements Serializable {
    public Turn {
        Rows.requirePresent(prompt, "turn", "", "prompt");
        Rows.requirePresent(response, "turn", prompt, "response");
    }
}
