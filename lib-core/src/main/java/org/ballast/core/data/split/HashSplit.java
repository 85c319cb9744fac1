package org.ballast.core.data.split;

import java.util.List;
import org.ballast.core.data.Sha256;

/**
 * A group's place on [0, 1) by its digest, and the split whose share covers it. Neither other groups nor the number of
 * rows enter, so a group never moves as data grow.
 */
public final class HashSplit {
    private static final String STREAM = "split";

    private HashSplit() {}

    /** {@code sha256(seed, "split", group)}, see {@link Sha256#of(String...)}: also the order in which groups are dealt. */
    public static String digest(long seed, String group) {
        return Sha256.of(Long.toString(seed), STREAM, group);
    }

    /** The first 53 bits of {@link #digest} as a fraction: in [0, 1), evenly spread. */
    public static double position(long seed, String group) {
        return (Long.parseUnsignedLong(digest(seed, group).substring(0, 16), 16) >>> 11) * 0x1p-53;
    }

    /** The split of a group: shares lie one behind the other on [0, 1), in their order. */
    public static String of(SplitRule rule, String group) {
        double position = position(rule.seed(), group);
        List<SplitShare> shares = rule.shares();
        double end = 0;
        for (SplitShare share : shares) {
            end += share.share();
            if (position < end) {
                return share.split();
            }
        }
        // the sum of the shares may be 1 but for its last bits
        return shares.get(shares.size() - 1).split();
    }
}
