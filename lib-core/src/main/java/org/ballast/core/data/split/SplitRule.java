package org.ballast.core.data.split;

import java.io.Serializable;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * How rows are split.
 *
 * @param mode source, hash or stratified
 * @param shares wanted splits, the training-most first; they add up to 1
 * @param of splits of the source whose rows are dealt, the others keep theirs; empty for all
 * @param groupBy what holds rows together: rows that agree in any of these are one group
 * @param pattern for {@link GroupBy#PATTERN}, with a group; null without
 * @param trainSplit the split that models learn from
 * @param seed of the digests; not the run's, so that runs of several seeds share their splits
 * @param leaksStay true: in mode {@code source} a group that lies in several splits is left as it is. The other modes never
 *     leave one
 */
public record SplitRule(
        SplitMode mode,
        List<SplitShare> shares,
        List<String> of,
        List<GroupBy> groupBy,
        String pattern,
        String trainSplit,
        long seed,
        boolean leaksStay)
        implements Serializable {
    private static final double TOLERANCE = 1e-9;

    public SplitRule {
        shares = List.copyOf(shares);
        of = List.copyOf(of);
        groupBy = List.copyOf(groupBy);
        SplitShare.requireName(trainSplit);
        double sum = shares.stream().mapToDouble(SplitShare::share).sum();
        require(Math.abs(sum - 1) <= TOLERANCE, "shares must add up to 1, were " + shares);
        require(
                shares.stream().map(SplitShare::split).distinct().count() == shares.size(),
                "shares name a split twice: " + shares);
        require(!groupBy.isEmpty(), "rows must be grouped by something");
        require(groupBy.stream().distinct().count() == groupBy.size(), "grouped by the same twice: " + groupBy);
        require(
                (pattern != null) == groupBy.contains(GroupBy.PATTERN),
                "a pattern goes with rows grouped by pattern, was %s with %s".formatted(pattern, groupBy));
        if (pattern != null) {
            requireGroup(pattern);
        }
    }

    /** The source's splits, untouched. */
    public static SplitRule source(String trainSplit) {
        return new SplitRule(
                SplitMode.SOURCE,
                List.of(new SplitShare(trainSplit, 1)),
                List.of(),
                List.of(GroupBy.IMAGE),
                null,
                trainSplit,
                0,
                true);
    }

    /** True when no row is ever moved or put aside. */
    public boolean changesNothing() {
        return mode == SplitMode.SOURCE && leaksStay;
    }

    /**
     * Where a split stands between training (0) and held out: the training split, then the shares in their order, then any
     * other. A group that would need two splits stays in the lowest, for a model may have learnt it there.
     */
    public int rank(String split) {
        if (split.equals(trainSplit)) {
            return 0;
        }
        for (int i = 0; i < shares.size(); i++) {
            if (shares.get(i).split().equals(split)) {
                return i + 1;
            }
        }
        return shares.size() + 1;
    }

    /**
     * True for a group that is larger than the smallest split is to be: it is dealt before the others of its class, which can
     * then make up for it. Among the others none is preferred by its size, so that held-out splits hold what training splits do.
     *
     * @param rows of the group
     * @param total rows of its class
     */
    public boolean dealtFirst(long rows, long total) {
        double smallest = shares.stream().mapToDouble(SplitShare::share).min().orElse(1);
        return rows > smallest * total;
    }

    /** Orders splits by {@link #rank}, then by name. */
    public int compare(String one, String other) {
        int byRank = Integer.compare(rank(one), rank(other));
        return byRank != 0 ? byRank : one.compareTo(other);
    }

    private static void requireGroup(String pattern) {
        try {
            require(
                    Pattern.compile(pattern).matcher("").groupCount() >= 1,
                    "the pattern must have a group, was " + pattern);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(
                    "split rule: '%s' is no regular expression: %s".formatted(pattern, e.getDescription()), e);
        }
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException("split rule: " + message);
        }
    }
}
