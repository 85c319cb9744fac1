package org.ballast.core.image.vp8l;

import org.ballast.core.image.ImageRejected;
import org.ballast.core.image.ImageRejected.Reason;

/** A canonical prefix code, read bit by bit behind a table of its short codes. Its memory is that of its symbols and the table. */
final class PrefixCode {
    static final int LONGEST = 15;

    /** The symbols by length, then by value. */
    private final short[] symbols;
    /** How many codes each length has. */
    private final int[] counts;
    /** By the next bits: length << 16 | symbol of a code that fits, else 0; {@code [2^tableBits]}. */
    private final int[] table;

    private final int tableBits;

    private PrefixCode(short[] symbols, int[] counts, int[] table, int tableBits) {
        this.symbols = symbols;
        this.counts = counts;
        this.table = table;
        this.tableBits = tableBits;
    }

    /**
     * The code of some lengths.
     *
     * @param lengths of each symbol's code, 0 to 15; 0 for none
     * @param tableBits of the table, at most
     * @throws ImageRejected if they make no complete code; a single symbol is one, of no bits
     */
    static PrefixCode of(int[] lengths, int tableBits) throws ImageRejected {
        int[] counts = new int[LONGEST + 1];
        int used = 0;
        int longest = 0;
        for (int length : lengths) {
            if (length > 0) {
                counts[length]++;
                used++;
                longest = Math.max(longest, length);
            }
        }
        short[] symbols = new short[used];
        int[] next = new int[LONGEST + 2];
        for (int length = 1; length <= LONGEST; length++) {
            next[length + 1] = next[length] + counts[length];
        }
        for (int symbol = 0; symbol < lengths.length; symbol++) {
            if (lengths[symbol] > 0) {
                symbols[next[lengths[symbol]]++] = (short) symbol;
            }
        }
        if (used == 1) {
            return new PrefixCode(symbols, counts, null, 0);
        }
        int free = 1;
        for (int length = 1; length <= LONGEST && free >= 0; length++) {
            free = 2 * free - counts[length];
        }
        if (free != 0) {
            throw new ImageRejected(Reason.CORRUPT, "webp with a prefix code that is not complete");
        }
        int bits = Math.min(tableBits, longest);
        return new PrefixCode(symbols, counts, table(symbols, counts, bits), bits);
    }

    private static int[] table(short[] symbols, int[] counts, int bits) {
        int[] table = new int[1 << bits];
        int code = 0;
        int index = 0;
        for (int length = 1; length <= bits; length++) {
            for (int i = 0; i < counts[length]; i++, code++, index++) {
                int first = Integer.reverse(code) >>> 32 - length; // the first bit of a code is its highest
                for (int at = first; at < table.length; at += 1 << length) {
                    table[at] = length << 16 | symbols[index];
                }
            }
            code <<= 1;
        }
        return table;
    }

    int read(BitReader in) throws ImageRejected {
        if (symbols.length == 1) {
            return symbols[0];
        }
        int entry = table[in.peek(tableBits)];
        if (entry != 0) {
            in.skip(entry >> 16);
            return entry & 0xffff;
        }
        int bits = in.peek(LONGEST);
        int code = 0;
        int first = 0;
        int index = 0;
        for (int length = 1; length <= LONGEST; length++) {
            code |= bits & 1;
            bits >>= 1;
            if (code - first < counts[length]) {
                in.skip(length);
                return symbols[index + code - first];
            }
            index += counts[length];
            first = first + counts[length] << 1;
            code <<= 1;
        }
        throw new IllegalStateException("a complete code has a symbol for all bits");
    }
}
