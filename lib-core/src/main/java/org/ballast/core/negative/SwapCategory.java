package org.ballast.core.negative;

import java.util.Locale;

/** What kind of word {@link SwappedNegative} exchanges. */
public enum SwapCategory {
    /** Size, age, material, pattern, shape, state. */
    ATTRIBUTE,
    COLOR,
    /** From two to ten: one would take a noun in the singular. */
    COUNT,
    /** Where a thing is to another or in the picture. */
    POSITION;

    /** As a lexicon writes it. */
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }
}
