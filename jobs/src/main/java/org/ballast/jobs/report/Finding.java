package org.ballast.jobs.report;

/**
 * What the figures say about one claim.
 *
 * @param verdict whether the claim shows in this run
 * @param claim what was to be seen
 * @param evidence the figures that decide
 */
record Finding(Verdict verdict, String claim, String evidence) {
    enum Verdict {
        SHOWN("shown"),
        NOT_SHOWN("not shown"),
        CONTRARY("the contrary");

        final String label;

        Verdict(String label) {
            this.label = label;
        }
    }
}
