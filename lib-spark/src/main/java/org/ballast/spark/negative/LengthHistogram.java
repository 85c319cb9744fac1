package org.ballast.spark.negative;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * Numbers of responses by their words, in bins that are the same everywhere and widen as responses get longer.
 *
 * @param from fewest words of each bin, {@link #BINS}; the last bin has no end
 * @param positive right responses in each bin
 * @param negative negatives in each bin
 */
public record LengthHistogram(List<Integer> from, List<Long> positive, List<Long> negative) {
    /** Fewest words of each bin. */
    public static final List<Integer> BINS =
            List.of(0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 96, 128, 192, 256, 512);

    public LengthHistogram {
        from = List.copyOf(from);
        positive = List.copyOf(positive);
        negative = List.copyOf(negative);
        if (from.size() != positive.size() || from.size() != negative.size()) {
            throw new IllegalArgumentException("%d bins, %d counts of positives and %d of negatives"
                    .formatted(from.size(), positive.size(), negative.size()));
        }
    }

    static LengthHistogram of(long[] positive, long[] negative) {
        return new LengthHistogram(
                BINS,
                Arrays.stream(positive).boxed().toList(),
                Arrays.stream(negative).boxed().toList());
    }

    /** Index of the bin of a response. */
    static int bin(int words) {
        int found = Collections.binarySearch(BINS, words);
        return found >= 0 ? found : -found - 2;
    }

    /** What a bin holds: {@code 5}, {@code 6-7} or {@code 512+}. */
    public String label(int bin) {
        if (bin == from.size() - 1) {
            return from.get(bin) + "+";
        }
        int last = from.get(bin + 1) - 1;
        return last == from.get(bin) ? Integer.toString(last) : from.get(bin) + "-" + last;
    }
}
