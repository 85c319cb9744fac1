package org.ballast.core.mllm;

/** Checks of the numbers that shape a model. */
final class Shapes {
    /** More layers than any model has: a configuration must not make lists of billions. */
    static final int MAX_LAYERS = 10_000;

    private Shapes() {}

    static void requirePositive(String name, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(name + " must be positive, is " + value);
        }
    }

    static void requireAtMost(String name, int value, int limit) {
        if (value > limit) {
            throw new IllegalArgumentException(name + " must be at most " + limit + ", is " + value);
        }
    }

    static void requireDivisible(String name, int value, String divisorName, int divisor) {
        if (value % divisor != 0) {
            throw new IllegalArgumentException(
                    name + " " + value + " is not a multiple of " + divisorName + " " + divisor);
        }
    }

    /** Number of elements of a shape; throws on overflow. */
    static long elements(long[] shape) {
        long n = 1;
        for (long s : shape) {
            n = Math.multiplyExact(n, s);
        }
        return n;
    }
}
