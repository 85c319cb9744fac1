package org.ballast.core.metric;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * Top-1 accuracy by class frequency (OLTR's splits, {@link TailSplit}), with what a mean hides: harmonic mean and worst
 * class. Shares lie in [0, 1]; an undefined value is null.
 *
 * @param samples test samples
 * @param testedClasses classes with at least one test sample; only they enter means over classes
 * @param all right / all samples
 * @param balancedAccuracy mean recall of the tested classes
 * @param harmonicMean harmonic mean of the tested classes' recalls, 0 if one is 0
 * @param harmonicMeanFloored the same with each recall raised to at least {@value #FLOOR}
 * @param worstClass lowest recall, lowest index among equals
 * @param fewWithTraining the classes of {@code few} that have training samples
 * @param zeroShot the classes of {@code few} that have none
 * @param classAccuracy recall by class, null where the class has no test sample
 */
public record LongTailAccuracy(
        int samples,
        int testedClasses,
        double all,
        SplitAccuracy many,
        SplitAccuracy medium,
        SplitAccuracy few,
        SplitAccuracy fewWithTraining,
        SplitAccuracy zeroShot,
        double balancedAccuracy,
        double harmonicMean,
        double harmonicMeanFloored,
        int worstClass,
        double worstClassAccuracy,
        MacroF1 macroF1,
        List<Double> classAccuracy) {

    /** Floor of a class's recall in the floored harmonic mean: 0.001 percent. */
    public static final double FLOOR = 1e-5;

    public LongTailAccuracy {
        classAccuracy = Collections.unmodifiableList(new ArrayList<>(classAccuracy));
    }

    /**
     * Accuracy over some classes.
     *
     * @param classes tested classes
     * @param samples test samples of them
     * @param pooled right / all samples, as the papers report it; null without samples
     * @param classMean mean recall over the classes; null without classes
     */
    public record SplitAccuracy(int classes, int samples, Double pooled, Double classMean) {}

    /**
     * Mean over classes of F1 = 2 TP / (2 TP + FP + FN), 0 where the denominator is.
     *
     * @param labelsUnion over classes in truth or prediction (scikit-learn's default)
     * @param testedClasses over classes in the truth
     * @param allClasses over every class
     */
    public record MacroF1(double labelsUnion, double testedClasses, double allClasses) {}

    /**
     * Scores predictions.
     *
     * @param trainCounts training samples by class; its length is the number of classes
     * @param labels true class of each test sample
     * @param predictions predicted class of each test sample
     * @throws IllegalArgumentException on an empty test set, unequal lengths or a class out of range
     */
    public static LongTailAccuracy of(int[] trainCounts, int[] labels, int[] predictions) {
        if (labels.length != predictions.length) {
            throw new IllegalArgumentException(labels.length + " labels, but " + predictions.length + " predictions");
        }
        if (labels.length == 0) {
            throw new IllegalArgumentException("no test sample");
        }
        int classes = trainCounts.length;
        int[] right = new int[classes];
        int[] total = new int[classes];
        int[] predicted = new int[classes];
        for (int i = 0; i < labels.length; i++) {
            total[inRange(labels[i], classes, "label", i)]++;
            predicted[inRange(predictions[i], classes, "prediction", i)]++;
            if (labels[i] == predictions[i]) {
                right[labels[i]]++;
            }
        }

        List<Double> recall = new ArrayList<>(classes);
        int tested = 0;
        double sum = 0;
        double inverse = 0;
        double inverseFloored = 0;
        int worst = -1;
        for (int k = 0; k < classes; k++) {
            if (total[k] == 0) {
                recall.add(null);
                continue;
            }
            double r = (double) right[k] / total[k];
            recall.add(r);
            tested++;
            sum += r;
            inverse += 1 / r;
            inverseFloored += 1 / Math.max(r, FLOOR);
            if (worst < 0 || r < recall.get(worst)) {
                worst = k;
            }
        }
        return new LongTailAccuracy(
                labels.length,
                tested,
                (double) Arrays.stream(right).sum() / labels.length,
                over(k -> TailSplit.of(trainCounts[k]) == TailSplit.MANY, right, total),
                over(k -> TailSplit.of(trainCounts[k]) == TailSplit.MEDIUM, right, total),
                over(k -> TailSplit.of(trainCounts[k]) == TailSplit.FEW, right, total),
                over(k -> TailSplit.of(trainCounts[k]) == TailSplit.FEW && trainCounts[k] > 0, right, total),
                over(k -> trainCounts[k] == 0, right, total),
                sum / tested,
                tested / inverse, // a recall of 0 makes the sum infinite and the mean 0
                tested / inverseFloored,
                worst,
                recall.get(worst),
                macroF1(right, total, predicted),
                recall);
    }

    private static int inRange(int value, int classes, String what, int sample) {
        if (value < 0 || value >= classes) {
            throw new IllegalArgumentException(
                    what + " of sample " + sample + " is " + value + ", outside 0.." + (classes - 1));
        }
        return value;
    }

    private static SplitAccuracy over(IntPredicate member, int[] right, int[] total) {
        int classes = 0;
        int samples = 0;
        int hits = 0;
        double recalls = 0;
        for (int k = 0; k < total.length; k++) {
            if (total[k] > 0 && member.test(k)) {
                classes++;
                samples += total[k];
                hits += right[k];
                recalls += (double) right[k] / total[k];
            }
        }
        return classes == 0
                ? new SplitAccuracy(0, 0, null, null)
                : new SplitAccuracy(classes, samples, (double) hits / samples, recalls / classes);
    }

    private static MacroF1 macroF1(int[] right, int[] total, int[] predicted) {
        double sum = 0;
        int union = 0;
        int tested = 0;
        for (int k = 0; k < total.length; k++) {
            // 2 TP + FP + FN = predicted + total; a class outside the truth has TP = 0 and adds nothing
            int denominator = predicted[k] + total[k];
            if (denominator > 0) {
                sum += 2.0 * right[k] / denominator;
                union++;
            }
            if (total[k] > 0) {
                tested++;
            }
        }
        return new MacroF1(sum / union, sum / tested, sum / total.length);
    }
}
