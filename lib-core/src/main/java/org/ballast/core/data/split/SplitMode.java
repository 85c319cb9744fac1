package org.ballast.core.data.split;

/** How rows come to their splits. */
public enum SplitMode {
    /** The source's own splits stay. */
    SOURCE,
    /** A group's digest decides, whatever else there is: the same for ever, however the data grow. */
    HASH,
    /** Groups are dealt within each class, so that every class has the wanted shares. */
    STRATIFIED
}
