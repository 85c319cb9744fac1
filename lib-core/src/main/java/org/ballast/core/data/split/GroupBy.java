package org.ballast.core.data.split;

/** What makes rows one group, to be kept in one split. */
public enum GroupBy {
    /** The same picture, byte for byte. */
    IMAGE,
    /** Pictures that look alike, as far as duplicates were marked; the same picture among them. */
    NEAR_DUPLICATE,
    /** The same source. */
    SOURCE,
    /** The same first group of a regular expression, found in the row's id. */
    PATTERN
}
