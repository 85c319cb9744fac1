package org.ballast.spark.duplicate;

import java.util.ArrayList;
import java.util.List;

/**
 * A 64-bit hash cut into bands, one more than the bits in which two hashes may differ: two that differ in no more agree in at least one band, for there are more
 * bands than differing bits (the pigeonhole principle).
 */
final class Bands {
    private Bands() {}

    /** The bits of each band: all of {@code bits}, evenly. Fewer than {@code count} where there are not as many bits. */
    static List<Long> of(long bits, int count) {
        List<Long> bands = new ArrayList<>();
        int left = Long.bitCount(bits);
        long rest = bits;
        for (int bandsLeft = Math.min(count, left); bandsLeft > 0; bandsLeft--) {
            int size = (left + bandsLeft - 1) / bandsLeft;
            long band = 0;
            for (int i = 0; i < size; i++) {
                long lowest = Long.lowestOneBit(rest);
                band |= lowest;
                rest &= ~lowest;
            }
            bands.add(band);
            left -= size;
        }
        return bands;
    }
}
