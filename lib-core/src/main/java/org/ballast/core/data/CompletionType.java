package org.ballast.core.data;

/** How a completion came about. */
public enum CompletionType {
    /** Ground truth: the response of the source data. */
    GROUND_TRUTH("gt"),
    /** Answer of the model under training to a weakened picture. */
    WEAKENED("mllm-hal"),
    /** Ground truth with errors injected by a language model. */
    INJECTED("llm-hal"),
    /** True response to the same kind of question about another, similar picture. */
    RETRIEVED("retrieved-hal"),
    /** Ground truth with words swapped by rule. */
    SWAPPED("swapped-hal"),
    /**
     * A response that came with the data with a score below the best: the rejected one of a preference pair, or one of several
     * rated responses of named models. The best of the prompt is {@link #GROUND_TRUTH}.
     */
    SCORED("scored");

    private final String stored;

    CompletionType(String stored) {
        this.stored = stored;
    }

    /** The name in tables and configurations. */
    public String stored() {
        return stored;
    }

    /** @throws IllegalArgumentException naming the known types when {@code stored} is none of them */
    public static CompletionType of(String stored) {
        for (CompletionType type : values()) {
            if (type.stored.equals(stored)) {
                return type;
            }
        }
        throw new IllegalArgumentException("unknown completion type '" + stored
                + "': one of gt, mllm-hal, llm-hal, retrieved-hal, swapped-hal, scored");
    }
}
