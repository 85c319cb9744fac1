package org.ballast.core.metric;

import java.util.Arrays;
import java.util.List;

/**
 * POPE: yes/no questions about objects in a picture, read and counted as its published evaluation does. Yes is the
 * positive class; a ratio with an empty denominator is 0.
 *
 * @param yesShare answers read as yes / all answers
 */
public record Pope(
        int truePositives,
        int falsePositives,
        int trueNegatives,
        int falseNegatives,
        double accuracy,
        double precision,
        double recall,
        double f1,
        double yesShare) {

    /** An answer of the model and the truth. */
    public record Answer(String text, boolean yes) {}

    /**
     * Whether an answer is read as yes: it is cut at the first full stop, commas are deleted, it is split at single
     * spaces, and "No", "no" or "not" among the words means no; all else, also "NO" and the empty answer, means yes.
     */
    public static boolean saysYes(String answer) {
        int stop = answer.indexOf('.');
        String first = (stop < 0 ? answer : answer.substring(0, stop)).replace(",", "");
        List<String> words = Arrays.asList(first.split(" ", -1));
        return !words.contains("No") && !words.contains("no") && !words.contains("not");
    }

    /**
     * Counts answers.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Pope of(List<Answer> answers) {
        if (answers.isEmpty()) {
            throw new IllegalArgumentException("no answer to score");
        }
        int tp = 0;
        int fp = 0;
        int tn = 0;
        int fn = 0;
        for (Answer answer : answers) {
            boolean yes = saysYes(answer.text());
            tp += yes && answer.yes() ? 1 : 0;
            fp += yes && !answer.yes() ? 1 : 0;
            tn += !yes && !answer.yes() ? 1 : 0;
            fn += !yes && answer.yes() ? 1 : 0;
        }
        return new Pope(
                tp,
                fp,
                tn,
                fn,
                ratio(tp + tn, answers.size()),
                ratio(tp, tp + fp),
                ratio(tp, tp + fn),
                ratio(2 * tp, 2 * tp + fp + fn),
                ratio(tp + fp, answers.size()));
    }

    private static double ratio(int part, int whole) {
        return whole == 0 ? 0 : (double) part / whole;
    }
}
