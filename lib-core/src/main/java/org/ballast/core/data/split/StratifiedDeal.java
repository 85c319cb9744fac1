package org.ballast.core.data.split;

import java.util.List;
import java.util.Map;
import org.ballast.core.data.Sha256;

/**
 * Deals the groups of one class, one after another (those of {@link SplitRule#dealtFirst} first, then by their digests): each
 * goes whole to the split that lacks most rows, {@code wanted - has} with {@code wanted = share * rows of the class}. Without
 * rows that are there already, no split ends further from what is wanted than the largest group is large, in whatever order.
 *
 * <p>Proof of the bound, g rows being the largest group: the split that is chosen lacks more than 0 rows, so none ends with
 * g or more too many. Let split s end with a lack of L &gt; g. When another split got its last group it lacked at least as
 * much as s did then, so at least L, and it ends with a lack of at least L - g &gt; 0; one that got none lacks its share. Then
 * all splits lack rows, though all rows are dealt: a contradiction.
 *
 * <p>Among splits that lack the same a digest of seed, class and split decides, so that over many small classes none of
 * them is favoured.
 */
public final class StratifiedDeal {
    private final List<SplitShare> shares;
    private final double[] lack;
    private final String[] tie;

    /**
     * @param classKey names the class
     * @param rows rows of the class: those to be dealt and those that {@code taken} counts
     * @param taken rows of the class that a split already has, by split; absent for none
     */
    public StratifiedDeal(SplitRule rule, String classKey, long rows, Map<String, Long> taken) {
        shares = rule.shares();
        lack = new double[shares.size()];
        tie = new String[shares.size()];
        for (int i = 0; i < lack.length; i++) {
            String split = shares.get(i).split();
            lack[i] = shares.get(i).share() * rows - taken.getOrDefault(split, 0L);
            tie[i] = Sha256.of(Long.toString(rule.seed()), "tie", classKey, split);
        }
    }

    /**
     * The split of the next group.
     *
     * @param size its rows, at least 1
     */
    public String next(long size) {
        if (size < 1) {
            throw new IllegalArgumentException("a group has at least one row, was " + size);
        }
        int most = 0;
        for (int i = 1; i < lack.length; i++) {
            if (lack[i] > lack[most] || (lack[i] == lack[most] && tie[i].compareTo(tie[most]) < 0)) {
                most = i;
            }
        }
        lack[most] -= size;
        return shares.get(most).split();
    }
}
