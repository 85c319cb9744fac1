package org.ballast.core.metric;

/** Classes by the number of their training samples: many {@code > 100}, medium {@code 20..100}, few {@code < 20}. */
public enum TailSplit {
    MANY,
    MEDIUM,
    FEW;

    /**
     * The split of a class with {@code trainCount} training samples; a class without any is {@link #FEW}.
     *
     * @throws IllegalArgumentException if the count is negative
     */
    public static TailSplit of(int trainCount) {
        if (trainCount < 0) {
            throw new IllegalArgumentException("a class has a negative number of training samples: " + trainCount);
        }
        return trainCount > 100 ? MANY : trainCount >= 20 ? MEDIUM : FEW;
    }
}
