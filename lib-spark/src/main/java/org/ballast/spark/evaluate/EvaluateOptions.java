package org.ballast.spark.evaluate;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.ballast.core.data.PairRule;

/**
 * What is evaluated, and how much of it. All faults are reported at once.
 *
 * @param splits held-out splits, in the order of the report
 * @param trainSplit split whose pairs are scored beside the held-out ones, to see how much is memorised
 * @param trainPrompts at most so many of its prompts with pairs; 0: none
 * @param maxRowsPerSplit bound of captions and of questions of one kind in a split; which ones is drawn by seed
 * @param popePrefix prompts whose kind starts so are yes/no questions, the rest of the kind names the sort of question
 * @param captionKinds kinds of prompts that are answered and scored as captions; empty: every kind but POPE's
 * @param pairs which responses are chosen and rejected
 * @param beta factor of implicit rewards
 * @param captionTokens longest greedy answer
 * @param popeTokens longest answer to a yes/no question
 * @param unitRows rows that are computed together; figures depend on it in the last bits only
 * @param batchRows rows of one generation batch within a unit
 * @param weakening the weakening curve, null for none
 * @param examples rows to show
 * @param exampleStep diffusion step of the weakened picture beside them
 * @param seed of all draws
 */
public record EvaluateOptions(
        List<String> splits,
        String trainSplit,
        int trainPrompts,
        int maxRowsPerSplit,
        String popePrefix,
        Set<String> captionKinds,
        PairRule pairs,
        double beta,
        int captionTokens,
        int popeTokens,
        int unitRows,
        int batchRows,
        Weakening weakening,
        int examples,
        int exampleStep,
        long seed)
        implements Serializable {

    /** Steps of the diffusion schedule. */
    static final int SCHEDULE = 1000;

    /**
     * The weakening curve of the base model.
     *
     * @param split rows come from
     * @param rows at most so many
     * @param steps rising; 0 is the clean picture
     */
    public record Weakening(String split, int rows, List<Integer> steps) implements Serializable {
        public Weakening {
            steps = List.copyOf(steps);
        }
    }

    public EvaluateOptions {
        splits = List.copyOf(splits);
        captionKinds = Set.copyOf(captionKinds);
        List<String> faults = new ArrayList<>();
        if (splits.isEmpty() || new HashSet<>(splits).size() < splits.size()) {
            faults.add("splits must be one or more different names, not " + splits);
        }
        if (splits.contains(trainSplit)) {
            faults.add("training split " + trainSplit + " is among the held-out splits " + splits);
        }
        atLeast(faults, "trainPrompts", trainPrompts, 0);
        atLeast(faults, "maxRowsPerSplit", maxRowsPerSplit, 2);
        atLeast(faults, "captionTokens", captionTokens, 1);
        atLeast(faults, "popeTokens", popeTokens, 1);
        atLeast(faults, "unitRows", unitRows, 1);
        atLeast(faults, "batchRows", batchRows, 1);
        atLeast(faults, "examples", examples, 0);
        if (popePrefix.isEmpty()) {
            faults.add("popePrefix must not be empty");
        }
        if (!(beta > 0) || Double.isInfinite(beta)) {
            faults.add("beta must be positive, is " + beta);
        }
        if (exampleStep < 0 || exampleStep >= SCHEDULE) {
            faults.add("exampleStep must lie in 0.." + (SCHEDULE - 1) + ", is " + exampleStep);
        }
        if (weakening != null) {
            checkWeakening(faults, weakening);
        }
        if (!faults.isEmpty()) {
            throw new IllegalArgumentException("evaluation: " + String.join("; ", faults));
        }
    }

    private static void checkWeakening(List<String> faults, Weakening weakening) {
        atLeast(faults, "weakening.rows", weakening.rows, 1);
        List<Integer> steps = weakening.steps;
        if (steps.isEmpty()) {
            faults.add("weakening.steps must not be empty");
        }
        for (int index = 0; index < steps.size(); index++) {
            int step = steps.get(index);
            if (step < 0 || step >= SCHEDULE || (index > 0 && step <= steps.get(index - 1))) {
                faults.add("weakening.steps must rise within 0.." + (SCHEDULE - 1) + ", are " + steps);
                return;
            }
        }
    }

    private static void atLeast(List<String> faults, String name, int value, int least) {
        if (value < least) {
            faults.add(name + " must be at least " + least + ", is " + value);
        }
    }
}
