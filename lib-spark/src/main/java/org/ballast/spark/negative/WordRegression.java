package org.ballast.spark.negative;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.commons.math3.optim.InitialGuess;
import org.apache.commons.math3.optim.MaxEval;
import org.apache.commons.math3.optim.MaxIter;
import org.apache.commons.math3.optim.SimpleValueChecker;
import org.apache.commons.math3.optim.nonlinear.scalar.GoalType;
import org.apache.commons.math3.optim.nonlinear.scalar.ObjectiveFunction;
import org.apache.commons.math3.optim.nonlinear.scalar.ObjectiveFunctionGradient;
import org.apache.commons.math3.optim.nonlinear.scalar.gradient.NonLinearConjugateGradientOptimizer;
import org.ballast.core.preference.PreferenceLoss;

/**
 * Logistic regression on the difference x = n(a) - n(b) of two texts' counts of words: P(a is right | a or b is) = 1 / (1 + exp(-w . x)). No intercept, for neither side
 * stands first, and a Gaussian prior of variance 1 on each weight: w minimises the sum over pairs of log(1 + exp(-w . (n(right) - n(wrong)))), plus |w|^2 / 2.
 *
 * @param weights by place in the vocabulary; 0 for words that are in no pair
 */
@SuppressWarnings("ArrayRecordComponent")
record WordRegression(double[] weights) {
    /** Relative change of the loss at which the optimiser stops. */
    private static final double TOLERANCE = 1e-8;

    private static final int ITERATIONS = 10_000;

    /** The differences that are not 0, right minus wrong: the word at {@code places[i]} stands {@code counts[i]} times more in the right text. */
    record Pair(int[] places, int[] counts) {
        /** @param vocabulary places of the words that count */
        static Pair of(Map<String, Integer> differences, Map<String, Integer> vocabulary) {
            Map<Integer, Integer> entries = new TreeMap<>();
            differences.forEach((word, count) -> {
                Integer place = vocabulary.get(word);
                if (place != null) {
                    entries.put(place, count);
                }
            });
            return new Pair(
                    entries.keySet().stream().mapToInt(Integer::intValue).toArray(),
                    entries.values().stream().mapToInt(Integer::intValue).toArray());
        }

        private double dot(double[] weights) {
            double sum = 0;
            for (int i = 0; i < places.length; i++) {
                sum += weights[places[i]] * counts[i];
            }
            return sum;
        }

        private void addTo(double[] sums, double factor) {
            for (int i = 0; i < places.length; i++) {
                sums[places[i]] += factor * counts[i];
            }
        }
    }

    static WordRegression of(List<Pair> pairs, int words) {
        if (words == 0) {
            return new WordRegression(new double[0]);
        }
        var optimizer = new NonLinearConjugateGradientOptimizer(
                NonLinearConjugateGradientOptimizer.Formula.POLAK_RIBIERE, new SimpleValueChecker(TOLERANCE, -1));
        return new WordRegression(optimizer
                .optimize(
                        MaxEval.unlimited(),
                        new MaxIter(ITERATIONS),
                        new ObjectiveFunction(weights -> loss(pairs, weights)),
                        new ObjectiveFunctionGradient(weights -> gradient(pairs, weights)),
                        GoalType.MINIMIZE,
                        new InitialGuess(new double[words]))
                .getPoint());
    }

    /** 1 where the right text is picked, 0.5 where neither is. */
    double picks(Pair pair) {
        double logit = pair.dot(weights);
        return logit == 0 ? 0.5 : logit > 0 ? 1 : 0;
    }

    static double loss(List<Pair> pairs, double[] weights) {
        double sum = 0;
        for (double weight : weights) {
            sum += weight * weight / 2;
        }
        for (Pair pair : pairs) {
            sum += PreferenceLoss.negativeLogSigmoid(pair.dot(weights));
        }
        return sum;
    }

    static double[] gradient(List<Pair> pairs, double[] weights) {
        double[] gradient = weights.clone();
        for (Pair pair : pairs) {
            pair.addTo(gradient, -PreferenceLoss.sigmoid(-pair.dot(weights)));
        }
        return gradient;
    }
}
