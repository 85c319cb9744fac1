package org.ballast.jobs;

import java.util.LinkedHashSet;
import java.util.Set;
import org.ballast.core.config.Settings;
import org.ballast.core.data.CompletionType;
import org.ballast.core.data.PairMode;
import org.ballast.core.data.PairRule;
import org.ballast.core.longtail.PairSampling;

/** The keys that say which completions form pairs, and how often a pair is taken; the same in all jobs. */
public final class PairSettings {
    private enum Sampling {
        AS_THEY_ARE,
        CLASS_BALANCED,
        TAIL_WEIGHTED
    }

    private PairSettings() {}

    /**
     * The rule of {@code rejected}, {@code pairs}, {@code max-per-prompt} and {@code max-words}: ground truth against the types
     * named.
     *
     * @param seed of the run
     */
    public static PairRule read(Settings settings, long seed) {
        Set<CompletionType> rejected = new LinkedHashSet<>();
        for (String type : settings.strings("rejected")) {
            try {
                rejected.add(CompletionType.of(type));
            } catch (IllegalArgumentException e) {
                settings.fault("rejected", "holds '" + type + "': " + e.getMessage());
            }
        }
        if (rejected.isEmpty()) {
            settings.fault("rejected", "names no type of completion");
        }
        PairMode mode = settings.choice("pairs", PairMode.class);
        int most = settings.integer("max-per-prompt", 0, Integer.MAX_VALUE);
        if (mode == PairMode.ONE && most > 1) {
            settings.fault("max-per-prompt", "is " + most + ", but pairs = one gives one pair a prompt");
        }
        return PairRule.groundTruthAgainst(
                rejected, mode, settings.integer("max-words", 0, Integer.MAX_VALUE), most, seed);
    }

    /**
     * How often pairs are taken: {@code sampling}, {@code tail-exponent} and {@code pairs-limit}.
     *
     * @param seed of the run
     */
    public static PairSampling sampling(Settings settings, long seed) {
        double tail = settings.number("tail-exponent", 0, 10);
        double exponent =
                switch (settings.choice("sampling", Sampling.class)) {
                    case AS_THEY_ARE -> 0;
                    case CLASS_BALANCED -> 1;
                    case TAIL_WEIGHTED -> tail;
                };
        return new PairSampling(exponent, settings.wholeNumber("pairs-limit", 0, Long.MAX_VALUE), seed);
    }
}
