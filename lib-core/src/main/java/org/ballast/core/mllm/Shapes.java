package org.ballast.core.mllm;

/** Checks of the numbers that shape a model. */
final class Shapes {
    private Shapes() {}

    static void requirePositive(String name, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(name + " must be positive, is " + value);
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
