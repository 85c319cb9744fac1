package org.ballast.core.data;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Derives (chosen, rejected) from the completions of one prompt: every combination in which the chosen one has the
 * higher score; ties are skipped; a prompt with any completion over {@code maxWords} gives no pair. Source: BPO (arXiv
 * 2403.08730), published data preparation.
 *
 * @param chosen types that may be preferred; empty for all
 * @param rejected types that may be refused; empty for all
 * @param bestOnly true: only completions of the highest score are chosen (best against all); false: all combinations
 * @param maxWords 0 for no limit; words are separated by white space
 */
public record PairRule(Set<CompletionType> chosen, Set<CompletionType> rejected, boolean bestOnly, int maxWords)
        implements Serializable {
    /** The limit of the published data preparation. */
    public static final int PUBLISHED_MAX_WORDS = 350;

    public PairRule {
        chosen = all(chosen);
        rejected = all(rejected);
        if (maxWords < 0) {
            throw new IllegalArgumentException("max words must be >= 0 (0: no limit), was " + maxWords);
        }
    }

    /** Ground truth against the given types. */
    public static PairRule groundTruthAgainst(Set<CompletionType> rejected, int maxWords) {
        return new PairRule(EnumSet.of(CompletionType.GROUND_TRUTH), rejected, true, maxWords);
    }

    /**
     * The pairs of one prompt, ordered by chosen id, then rejected id, whatever the order of {@code completions}.
     *
     * @throws IllegalArgumentException when the completions belong to several prompts or an id occurs twice
     */
    public List<PreferencePair> pairs(List<Completion> completions) {
        List<Completion> sorted = new ArrayList<>(completions);
        sorted.sort(Comparator.comparing(Completion::completionId));
        requireOnePrompt(sorted);
        if (maxWords > 0 && sorted.stream().anyMatch(c -> words(c.response()) > maxWords)) {
            return List.of();
        }
        double best = sorted.stream()
                .filter(c -> chosen.contains(c.type()))
                .mapToDouble(Completion::score)
                .max()
                .orElse(Double.NaN);
        List<PreferencePair> pairs = new ArrayList<>();
        for (Completion better : sorted) {
            if (!chosen.contains(better.type()) || (bestOnly && better.score() != best)) {
                continue;
            }
            for (Completion worse : sorted) {
                if (rejected.contains(worse.type()) && better.score() > worse.score()) {
                    pairs.add(new PreferencePair(better, worse));
                }
            }
        }
        return List.copyOf(pairs);
    }

    /** Number of words of a text, separated by white space. */
    public static int words(String text) {
        String stripped = text.strip();
        return stripped.isEmpty() ? 0 : stripped.split("\\s+").length;
    }

    private static void requireOnePrompt(List<Completion> sorted) {
        for (int i = 1; i < sorted.size(); i++) {
            Completion previous = sorted.get(i - 1);
            Completion current = sorted.get(i);
            if (!previous.promptId().equals(current.promptId())) {
                throw new IllegalArgumentException("completions of several prompts: '%s' and '%s'"
                        .formatted(previous.promptId(), current.promptId()));
            }
            if (previous.completionId().equals(current.completionId())) {
                throw new IllegalArgumentException("completion '%s' of prompt '%s' occurs twice"
                        .formatted(current.completionId(), current.promptId()));
            }
        }
    }

    private static Set<CompletionType> all(Set<CompletionType> types) {
        Set<CompletionType> chosen = types.isEmpty() ? EnumSet.allOf(CompletionType.class) : types;
        return Collections.unmodifiableSet(new TreeSet<>(chosen));
    }
}
