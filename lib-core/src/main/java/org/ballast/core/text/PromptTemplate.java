package org.ballast.core.text;

import java.io.Serializable;
import java.util.Objects;

/**
 * What stands around a prompt and before a response.
 *
 * @param prompt holds {@code {prompt}} once
 * @param responsePrefix put before a response that is not empty: {@code " "} for a byte-level tokenizer, which adds no space by itself
 */
public record PromptTemplate(String prompt, String responsePrefix) implements Serializable {
    /** The place of the prompt. */
    public static final String SLOT = "{prompt}";

    public PromptTemplate {
        Objects.requireNonNull(responsePrefix, "responsePrefix");
        if (prompt.indexOf(SLOT) < 0 || prompt.indexOf(SLOT) != prompt.lastIndexOf(SLOT)) {
            throw new IllegalArgumentException("a prompt template holds " + SLOT + " once: \"" + prompt + "\"");
        }
    }

    /** LLaVA-1.5's: {@code USER: ... ASSISTANT:}. */
    public static PromptTemplate llava15() {
        return new PromptTemplate("USER: " + SLOT + " ASSISTANT:", "");
    }

    /** Nothing: a prompt is taken as it stands. */
    public static PromptTemplate none() {
        return new PromptTemplate(SLOT, "");
    }

    /** The text before the prompt. */
    public String before() {
        return prompt.substring(0, prompt.indexOf(SLOT));
    }

    /** The text behind the prompt. */
    public String after() {
        return prompt.substring(prompt.indexOf(SLOT) + SLOT.length());
    }
}
