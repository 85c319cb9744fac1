package org.ballast.core.longtail;

/** Which class becomes the head of a tail, which its end. */
public enum ClassOrder {
    /** By the samples that there are, most first; equal ones by label. */
    COUNT,
    /** By label, lowest first, as CIFAR-LT does. */
    LABEL
}
