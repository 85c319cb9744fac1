package org.ballast.core.mllm.generate;

import java.io.Serializable;
import java.util.Locale;

/**
 * An answer.
 *
 * @param tokens new ids; the last one is the end token if {@code finishReason} is {@code EOS}
 * @param logProbs natural log-probability of each token by the raw logits, before any penalty, temperature or contrast; under contrast by branch a
 */
@SuppressWarnings("ArrayRecordComponent")
public record Generation(String id, int[] tokens, double[] logProbs, FinishReason finishReason)
        implements Serializable {

    /** Why an answer ended. */
    public enum FinishReason {
        /** The end token was chosen. */
        EOS,
        /** The limit of tokens was reached. */
        LENGTH;

        /** The value of the column {@code finish_reason}: {@code eos} or {@code length}. */
        public String code() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
