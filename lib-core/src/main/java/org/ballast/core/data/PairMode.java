package org.ballast.core.data;

/** Which completions of a prompt stand against which; ties never form a pair. */
public enum PairMode {
    /** Each against each with a lower score: the published data preparation of BPO (arXiv 2403.08730). */
    ALL,
    /** Those of the highest score against each with a lower one. */
    BEST,
    /** One pair a prompt: of {@link #BEST}, a type of rejected response, each as likely, then one of its pairs. */
    ONE
}
