package org.ballast.core.mllm.generate;

import java.io.Serializable;
import java.util.Locale;

/**
 * An answer.
 *
 * @param tokens new ids; the last one is an end token if {@code finishReason} is {@code EOS}, and belongs to the stop string if it is {@code STOP}
 * @param logProbs natural log-probability of each token by the raw logits, before any penalty, temperature or contrast; under contrast by branch a; null
 *     where they were not asked for
 * @param text the decoded answer, cut before a stop string; null where the generator has no tokenizer
 */
@SuppressWarnings("ArrayRecordComponent")
public record Generation(String id, int[] tokens, double[] logProbs, String text, FinishReason finishReason)
        implements Serializable {

    /** Why an answer ended. */
    public enum FinishReason {
        /** An end token was chosen. */
        EOS,
        /** The limit of tokens was reached. */
        LENGTH,
        /** The text held a stop string. */
        STOP;

        /** The value of the column {@code finish_reason}: {@code eos}, {@code length} or {@code stop}. */
        public String code() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
