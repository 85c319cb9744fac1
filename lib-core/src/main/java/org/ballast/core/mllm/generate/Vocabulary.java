package org.ballast.core.mllm.generate;

import java.util.Arrays;
import java.util.function.Function;

/**
 * What generation must know of a tokenizer.
 *
 * @param endTokens ids that end an answer; may be empty
 * @param decode text of an answer's tokens, special tokens left out; null where no text is wanted
 */
@SuppressWarnings("ArrayRecordComponent")
public record Vocabulary(int[] endTokens, Function<int[], String> decode) {
    public Vocabulary {
        endTokens = endTokens.clone();
    }

    /** Tokens only, ended by one of these. */
    public static Vocabulary ofEndTokens(int... endTokens) {
        return new Vocabulary(endTokens, null);
    }

    boolean ends(int token) {
        return Arrays.stream(endTokens).anyMatch(end -> end == token);
    }
}
