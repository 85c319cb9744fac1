package org.ballast.core.metric;

import java.util.Arrays;

/**
 * Detection of out-of-distribution samples by a score, higher = more out of distribution. Out-of-distribution is the
 * positive class, as in OpenOOD v1.5; equal scores always go together.
 *
 * @param auroc P(score of an OOD sample > score of an in-distribution one) + half the ties
 * @param fpr95 false-positive rate at the highest threshold with a true-positive rate of at least 0.95, no interpolation
 * @param tprAtFpr95 the true-positive rate there
 * @param fpr95InDistributionPositive the other convention of published tables: share of OOD samples at or below the
 *     lowest score that keeps at least 95 % of the in-distribution samples
 * @param auprOut area under precision and recall by trapezoids, OOD positive, curve ending in (recall 0, precision 1)
 * @param auprIn the same with in-distribution positive and the score negated
 * @param averagePrecisionOut sum of (R_i - R_(i-1)) P_i, not interpolated: not the same number as {@code auprOut}
 * @param averagePrecisionIn the same with in-distribution positive and the score negated
 */
public record OutOfDistributionMetrics(
        int inDistribution,
        int outOfDistribution,
        double auroc,
        double fpr95,
        double tprAtFpr95,
        double fpr95InDistributionPositive,
        double auprOut,
        double auprIn,
        double averagePrecisionOut,
        double averagePrecisionIn) {

    /** A score and whether it belongs to the positive class. */
    private record Scored(double score, boolean positive) {}

    /** What one sweep over the thresholds, from the highest down, gives. */
    private record Sweep(double auroc, double fprAt95, double tprAt95, double trapezoid, double averagePrecision) {}

    /**
     * Compares the scores of both groups.
     *
     * @throws IllegalArgumentException if a group is empty or a score is NaN
     */
    public static OutOfDistributionMetrics of(double[] inDistribution, double[] outOfDistribution) {
        if (inDistribution.length == 0 || outOfDistribution.length == 0) {
            throw new IllegalArgumentException("in-distribution " + inDistribution.length + ", out-of-distribution "
                    + outOfDistribution.length + " samples: need one of each");
        }
        Sweep out = sweep(outOfDistribution, inDistribution);
        Sweep in = sweep(negated(inDistribution), negated(outOfDistribution));
        return new OutOfDistributionMetrics(
                inDistribution.length,
                outOfDistribution.length,
                out.auroc,
                out.fprAt95,
                out.tprAt95,
                in.fprAt95,
                out.trapezoid,
                in.trapezoid,
                out.averagePrecision,
                in.averagePrecision);
    }

    private static double[] negated(double[] scores) {
        return Arrays.stream(scores).map(score -> -score).toArray();
    }

    private static Sweep sweep(double[] positives, double[] negatives) {
        Scored[] sorted = new Scored[positives.length + negatives.length];
        for (int i = 0; i < sorted.length; i++) {
            boolean positive = i < positives.length;
            double score = positive ? positives[i] : negatives[i - positives.length];
            if (Double.isNaN(score)) {
                throw new IllegalArgumentException("score " + i + " is NaN");
            }
            sorted[i] = new Scored(score, positive);
        }
        Arrays.sort(sorted, (a, b) -> Double.compare(b.score, a.score));

        long truePositives = 0;
        long falsePositives = 0;
        double wins = 0;
        double fprAt95 = Double.NaN;
        double tprAt95 = Double.NaN;
        double area = 0;
        double averagePrecision = 0;
        double recall = 0;
        double precision = 1;
        for (int i = 0; i < sorted.length; ) {
            long tied = 0;
            long tiedNegatives = 0;
            double score = sorted[i].score;
            for (; i < sorted.length && sorted[i].score == score; i++) {
                tied++;
                tiedNegatives += sorted[i].positive ? 0 : 1;
            }
            wins += tiedNegatives * (truePositives + (tied - tiedNegatives) / 2.0);
            truePositives += tied - tiedNegatives;
            falsePositives += tiedNegatives;

            double newRecall = (double) truePositives / positives.length;
            double newPrecision = (double) truePositives / (truePositives + falsePositives);
            area += (newRecall - recall) * (newPrecision + precision) / 2;
            averagePrecision += (newRecall - recall) * newPrecision;
            recall = newRecall;
            precision = newPrecision;
            if (Double.isNaN(fprAt95) && recall >= 0.95) {
                fprAt95 = (double) falsePositives / negatives.length;
                tprAt95 = recall;
            }
        }
        double auroc = wins / ((double) positives.length * negatives.length);
        return new Sweep(auroc, fprAt95, tprAt95, area, averagePrecision);
    }
}
