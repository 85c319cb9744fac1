package org.ballast.core.data.split;

import java.io.Serializable;
import java.util.regex.Pattern;

/**
 * A split and the part of the rows that it is to have.
 *
 * @param split letters, digits, {@code . _ -}: it becomes a folder
 * @param share above 0, at most 1
 */
public record SplitShare(String split, double share) implements Serializable {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");

    public SplitShare {
        requireName(split);
        if (!(share > 0 && share <= 1)) {
            throw new IllegalArgumentException(
                    "the share of split '%s' must be above 0 and at most 1, was %s".formatted(split, share));
        }
    }

    /** @throws IllegalArgumentException for a name that cannot be a folder */
    public static String requireName(String split) {
        if (split == null || !NAME.matcher(split).matches()) {
            throw new IllegalArgumentException(
                    "a split's name must be letters, digits, '.', '_' and '-', was '%s'".formatted(split));
        }
        return split;
    }
}
