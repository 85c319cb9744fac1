package org.ballast.core.data.split;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the rows of a group say together.
 *
 * @param split that rows of the group already have; null when all are new
 * @param label class of most of the rows that stay, the lowest of several; null when most have none
 * @param rows that stay: those without a split, and those of {@code split}
 */
public record GroupFacts(String split, Integer label, long rows) {
    /** Stands for no label, and loses against any at equal numbers. */
    private static final int NONE = Integer.MAX_VALUE;

    /**
     * Equal rows of a group.
     *
     * @param label null for none
     * @param split that they already have, null for none
     * @param rows how many
     */
    public record Part(Integer label, String split, long rows) {}

    /** Sums up; of several splits the training-most wins ({@link SplitRule#rank}), and rows of the others do not stay. */
    public static GroupFacts of(SplitRule rule, List<Part> parts) {
        String split = null;
        for (Part part : parts) {
            if (part.split() != null && (split == null || rule.compare(part.split(), split) < 0)) {
                split = part.split();
            }
        }
        Map<Integer, Long> byLabel = new TreeMap<>();
        long rows = 0;
        for (Part part : parts) {
            if (part.split() == null || part.split().equals(split)) {
                byLabel.merge(part.label() == null ? NONE : part.label(), part.rows(), Long::sum);
                rows += part.rows();
            }
        }
        int label = NONE;
        long most = 0;
        for (Map.Entry<Integer, Long> entry : byLabel.entrySet()) {
            if (entry.getValue() > most) {
                most = entry.getValue();
                label = entry.getKey();
            }
        }
        return new GroupFacts(split, label == NONE ? null : label, rows);
    }
}
