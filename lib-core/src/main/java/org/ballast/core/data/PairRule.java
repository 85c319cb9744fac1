package org.ballast.core.data;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * Derives (chosen, rejected) from the completions of one prompt: combinations in which the chosen one has the higher score,
 * as {@link PairMode} says; ties are skipped; a prompt with any completion over {@code maxWords} gives no pair. Source: BPO
 * (arXiv 2403.08730), published data preparation.
 *
 * <p>What a cap keeps hangs on seed, prompt and pairs alone: types of rejected responses come in turn, in an order drawn
 * for the prompt, and of a type the pair that comes first in a drawn order. So a larger cap keeps what a smaller one does.
 *
 * @param chosen types that may be the best of their prompt; empty for all. {@link PairMode#ALL} also puts the rejected types
 *     above those of lower score
 * @param rejected types that may be refused; empty for all
 * @param maxWords 0 for no limit; words are separated by white space
 * @param maxPerPrompt pairs of a prompt at most, 0 for no limit
 * @param seed of what a cap keeps
 */
public record PairRule(
        Set<CompletionType> chosen,
        Set<CompletionType> rejected,
        PairMode mode,
        int maxWords,
        int maxPerPrompt,
        long seed)
        implements Serializable {
    /** The limit of the published data preparation. */
    public static final int PUBLISHED_MAX_WORDS = 350;

    private static final String STREAM = "pairs";

    public PairRule {
        chosen = all(chosen);
        rejected = all(rejected);
        Objects.requireNonNull(mode, "mode");
        if (maxWords < 0) {
            throw new IllegalArgumentException("max words must be >= 0 (0: no limit), was " + maxWords);
        }
        if (maxPerPrompt < 0) {
            throw new IllegalArgumentException("pairs of a prompt must be >= 0 (0: no limit), were " + maxPerPrompt);
        }
    }

    /** Ground truth against each of the given types. */
    public static PairRule groundTruthAgainst(Set<CompletionType> rejected, int maxWords) {
        return groundTruthAgainst(rejected, PairMode.BEST, maxWords, 0, 0);
    }

    /** Ground truth, and in {@link PairMode#ALL} the rejected types too, against the given types. */
    public static PairRule groundTruthAgainst(
            Set<CompletionType> rejected, PairMode mode, int maxWords, int maxPerPrompt, long seed) {
        return new PairRule(EnumSet.of(CompletionType.GROUND_TRUTH), rejected, mode, maxWords, maxPerPrompt, seed);
    }

    /** {@link #pairs(List, Predicate)} without a further condition. */
    public List<PreferencePair> pairs(List<Completion> completions) {
        return pairs(completions, pair -> true);
    }

    /**
     * The pairs of one prompt, ordered by chosen id, then rejected id, whatever the order of {@code completions}.
     *
     * @param usable pairs that count; a cap is applied to those only
     * @throws IllegalArgumentException when the completions belong to several prompts or an id occurs twice
     */
    public List<PreferencePair> pairs(List<Completion> completions, Predicate<PreferencePair> usable) {
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
            if (!mayBeChosen(better, best)) {
                continue;
            }
            for (Completion worse : sorted) {
                if (rejected.contains(worse.type()) && better.score() > worse.score()) {
                    PreferencePair pair = new PreferencePair(better, worse);
                    if (usable.test(pair)) {
                        pairs.add(pair);
                    }
                }
            }
        }
        return capped(pairs);
    }

    private boolean mayBeChosen(Completion completion, double best) {
        boolean listed = chosen.contains(completion.type());
        return switch (mode) {
            case ALL -> listed || rejected.contains(completion.type());
            case BEST, ONE -> listed && completion.score() == best;
        };
    }

    private List<PreferencePair> capped(List<PreferencePair> pairs) {
        int most = mode == PairMode.ONE ? 1 : maxPerPrompt;
        if (most == 0 || pairs.size() <= most) {
            return List.copyOf(pairs);
        }
        Map<PreferencePair, Long> drawn = new HashMap<>();
        Map<CompletionType, Long> types = new HashMap<>();
        for (PreferencePair pair : pairs) {
            drawn.put(pair, draw(pair.id()));
            types.computeIfAbsent(pair.rejected().type(), type -> draw(pair.promptId() + "/" + type.stored()));
        }
        List<PreferencePair> order = new ArrayList<>(pairs);
        order.sort(Comparator.<PreferencePair>comparingLong(drawn::get).thenComparing(PreferencePair::id));
        Map<CompletionType, Integer> taken = new HashMap<>();
        Map<PreferencePair, Integer> turns = new HashMap<>();
        order.forEach(pair -> turns.put(pair, taken.merge(pair.rejected().type(), 1, Integer::sum)));
        order.sort(Comparator.<PreferencePair>comparingInt(turns::get)
                .thenComparingLong(pair -> types.get(pair.rejected().type()))
                .thenComparing(pair -> pair.rejected().type()));
        Set<PreferencePair> kept = new HashSet<>(order.subList(0, most));
        return pairs.stream().filter(kept::contains).toList();
    }

    private long draw(String item) {
        return ItemRandom.of(seed, STREAM, item, 0).nextLong();
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
