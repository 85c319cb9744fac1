package org.ballast.core.negative;

import org.ballast.core.data.Reason;

/** What a negative is rejected for. */
public enum QualityRule {
    /** It has no text. Always on. */
    EMPTY(Reason.EMPTY_RESPONSE),
    /** It is the positive, but for case and punctuation. Always on. */
    SAME_AS_POSITIVE(Reason.SAME_AS_POSITIVE),
    /** It says what the positive says: the words of content are the same, in the same order. */
    NEARLY_POSITIVE(Reason.NEARLY_POSITIVE),
    /** The model declined to answer. */
    REFUSED(Reason.REFUSED),
    /** It repeats the prompt. */
    ECHO_OF_PROMPT(Reason.ECHO_OF_PROMPT),
    /** Generation ended at its limit of tokens: the end of the text is missing, which DPO would learn. */
    CUT_BY_LIMIT(Reason.CUT_BY_LIMIT),
    /** It is written in another script than the positive. */
    WRONG_LANGUAGE(Reason.WRONG_LANGUAGE),
    /** It is much shorter or longer than the positive: DPO would learn the length. */
    LENGTH_RATIO(Reason.LENGTH_RATIO),
    /** It goes in circles. */
    REPETITION(Reason.REPETITION),
    /** The whole positive stands in it. */
    CONTAINS_POSITIVE(Reason.CONTAINS_POSITIVE),
    /** It says nearly the same as another negative of the prompt. */
    NEAR_DUPLICATE(Reason.NEAR_DUPLICATE),
    /** It is no error: all that it says stands in what is known to be true of the picture. */
    NOT_WRONG(Reason.NOT_WRONG);

    private final Reason reason;

    QualityRule(Reason reason) {
        this.reason = reason;
    }

    /** With which a row goes to quarantine. */
    public Reason reason() {
        return reason;
    }

    /** The name in configurations: that of the reason. */
    public String code() {
        return reason.code();
    }
}
