package org.ballast.core.negative;

import java.io.Serializable;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which negatives are rejected.
 *
 * @param rules that are on; {@link QualityRule#EMPTY} and {@link QualityRule#SAME_AS_POSITIVE} always are
 * @param refusals regular expressions of which one is found in a refusal, whatever the case
 * @param leastLength least length of a negative over that of the positive, in words, above 0
 * @param mostLength most, at least 1
 * @param alike share of common words (Jaccard) from which on two negatives of a prompt say nearly the same, above 0, at most 1
 * @param attempts on each prompt: a rejected negative is made anew with another seed until so many were rejected, at least 1
 */
public record QualityRules(
        Set<QualityRule> rules,
        List<String> refusals,
        double leastLength,
        double mostLength,
        double alike,
        int attempts)
        implements Serializable {
    public QualityRules {
        Set<QualityRule> on = EnumSet.of(QualityRule.EMPTY, QualityRule.SAME_AS_POSITIVE);
        on.addAll(rules);
        rules = Set.copyOf(on);
        refusals = List.copyOf(refusals);
        refusals.forEach(Pattern::compile);
        require(leastLength > 0 && leastLength <= 1, "least length", "must be above 0 and at most 1", leastLength);
        require(mostLength >= 1, "most length", "must be at least 1", mostLength);
        require(alike > 0 && alike <= 1, "alike", "must be above 0 and at most 1", alike);
        require(attempts >= 1, "attempts", "must be at least 1", attempts);
    }

    boolean has(QualityRule rule) {
        return rules.contains(rule);
    }

    private static void require(boolean holds, String field, String rule, Object value) {
        if (!holds) {
            throw new IllegalArgumentException("quality: %s %s, was %s".formatted(field, rule, value));
        }
    }
}
