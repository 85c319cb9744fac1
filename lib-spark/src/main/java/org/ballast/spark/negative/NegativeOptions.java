package org.ballast.spark.negative;

import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.ballast.core.mllm.generate.GenerationOptions;
import org.ballast.core.negative.QualityRules;
import org.ballast.core.negative.SwapCategory;
import org.ballast.core.negative.SwapLexicon;
import org.ballast.spark.units.UnitOptions;

/**
 * Which negatives are made of which prompts.
 *
 * @param splits prompts of these splits
 * @param kinds prompts of these kinds, empty: all
 * @param weaken answers to the weakened picture, or none
 * @param retrieveFrom split whose responses are looked through for the most similar one about another picture, or none
 * @param swap words of the right response exchanged by lexicon, or none
 * @param quality what is rejected, and how often it is tried again
 * @param batchRows rows decoded together
 */
public record NegativeOptions(
        List<String> splits,
        List<String> kinds,
        Optional<Weaken> weaken,
        Optional<String> retrieveFrom,
        Optional<Swap> swap,
        QualityRules quality,
        int batchRows,
        UnitOptions units) {
    public NegativeOptions {
        if (weaken.isEmpty() && retrieveFrom.isEmpty() && swap.isEmpty()) {
            throw new IllegalArgumentException("weaken, retrieve and swap are all off: there is nothing to do");
        }
        if (batchRows < 1) {
            throw new IllegalArgumentException("batch-size is " + batchRows + ", not at least 1");
        }
    }

    /** Attempts on each prompt. */
    int policies() {
        return (weaken.isPresent() ? 1 : 0) + (retrieveFrom.isPresent() ? 1 : 0) + (swap.isPresent() ? 1 : 0);
    }

    /**
     * Image weakening.
     *
     * @param step diffusion step, 0 .. 999
     * @param generation with its contrast
     */
    public record Weaken(int step, GenerationOptions generation) implements Serializable {}

    /**
     * Words exchanged by rule.
     *
     * @param categories at least one
     * @param changes words that change in each response, at least 1
     */
    public record Swap(SwapLexicon lexicon, Set<SwapCategory> categories, int changes) implements Serializable {
        public Swap {
            categories = Set.copyOf(categories);
        }
    }
}
