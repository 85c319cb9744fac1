package org.ballast.jobs;

import java.util.LinkedHashSet;
import java.util.Set;
import org.ballast.core.config.Settings;
import org.ballast.core.data.CompletionType;
import org.ballast.core.data.PairRule;

/** The keys that say which completions form pairs; the same in all jobs. */
public final class PairSettings {
    private PairSettings() {}

    /** The rule of {@code rejected} and {@code max-words}: ground truth against the types named. */
    public static PairRule read(Settings settings) {
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
        return PairRule.groundTruthAgainst(rejected, settings.integer("max-words", 0, Integer.MAX_VALUE));
    }
}
