package org.ballast.core.image;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Walks the Huffman codes of a sequential JPEG of one scan without making pixels of them. A file whose codes are all there, each of its table, up to the end
 * marker where it belongs, decodes: what follows (dequantisation, inverse cosine transform, upsampling) takes any coefficients. Anything else, broken or only
 * unusual, is not judged here. Source: ITU-T T.81, annexes B, C and F.
 */
final class JpegScan {
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final int PEEK = 11;
    private static final int TABLES = 4;
    /** What a code of a block's end adds to the number of its coefficients: more than any other can reach. */
    private static final int BLOCK_END = 128;

    private final byte[] bytes;
    private final HuffmanTable[] dc = new HuffmanTable[TABLES];
    private final HuffmanTable[] ac = new HuffmanTable[TABLES];
    private final boolean[] quantised = new boolean[TABLES];
    private int restartInterval;
    private int width;
    private int height;
    /** Id, horizontal and vertical sampling factor and quantisation table of each component; null before the frame header. */
    private int[][] components;

    private int at;
    /** The next bits, from the highest down. */
    private long buffer;
    /** How many of them are read; below 0 when more were taken than there are. */
    private int bits;

    private JpegScan(byte[] bytes) {
        this.bytes = bytes;
    }

    /** True for a file that decodes; false says nothing. */
    static boolean isWhole(byte[] bytes) {
        return new JpegScan(bytes).isWhole();
    }

    private boolean isWhole() {
        at = 2;
        while (at + 4 <= bytes.length && unsigned(at) == 0xff) {
            int marker = unsigned(at + 1);
            int length = pair(at + 2);
            int from = at + 4;
            int end = at + 2 + length;
            if (length < 2 || end > bytes.length) {
                return false;
            }
            boolean good =
                    switch (marker) {
                        case 0xc4 -> huffmanTables(from, end);
                        case 0xdb -> quantisationTables(from, end);
                        case 0xdd -> restartInterval(from, end);
                        case 0xc0, 0xc1 -> components == null && frame(from, end);
                        case 0xda -> components != null;
                        default -> marker >= 0xe0 && marker <= 0xef || marker == 0xfe;
                    };
            if (!good) {
                return false;
            }
            at = end;
            if (marker == 0xda) {
                return scan(from, end);
            }
        }
        return false;
    }

    private boolean huffmanTables(int from, int end) {
        int next = from;
        while (next < end) {
            if (next + 17 > end) {
                return false;
            }
            int of = unsigned(next);
            int symbols = 0;
            for (int i = 1; i <= 16; i++) {
                symbols += unsigned(next + i);
            }
            if ((of & 15) >= TABLES || of >> 4 > 1 || symbols > 256 || next + 17 + symbols > end) {
                return false;
            }
            HuffmanTable table = HuffmanTable.read(bytes, next + 1, of >> 4 == 0);
            if (table == null) {
                return false;
            }
            (of >> 4 == 0 ? dc : ac)[of & 15] = table;
            next += 17 + symbols;
        }
        return next == end;
    }

    private boolean quantisationTables(int from, int end) {
        int next = from;
        while (next < end) {
            int of = unsigned(next);
            if ((of & 15) >= TABLES || of >> 4 > 1) {
                return false;
            }
            quantised[of & 15] = true;
            next += 1 + (of >> 4 == 0 ? 64 : 128);
        }
        return next == end;
    }

    private boolean restartInterval(int from, int end) {
        if (end - from != 2) {
            return false;
        }
        restartInterval = pair(from);
        return true;
    }

    private boolean frame(int from, int end) {
        int count = end - from < 6 ? 0 : unsigned(from + 5);
        if (count < 1 || count > TABLES || end - from != 6 + 3 * count || unsigned(from) != 8) {
            return false;
        }
        height = pair(from + 1);
        width = pair(from + 3);
        components = new int[count][];
        for (int i = 0; i < count; i++) {
            int component = from + 6 + 3 * i;
            int sampling = unsigned(component + 1);
            components[i] = new int[] {unsigned(component), sampling >> 4, sampling & 15, unsigned(component + 2)};
            for (int factor = 1; factor <= 2; factor++) {
                if (components[i][factor] < 1 || components[i][factor] > 4) {
                    return false;
                }
            }
        }
        return width > 0 && height > 0;
    }

    /** The scan whose header stands at {@code from}, with its codes behind {@code end}. */
    private boolean scan(int from, int end) {
        int count = components.length;
        if (end - from != 4 + 2 * count
                || unsigned(from) != count
                || unsigned(end - 3) != 0
                || unsigned(end - 2) != 63
                || unsigned(end - 1) != 0) {
            return false;
        }
        int widest = Arrays.stream(components)
                .mapToInt(component -> component[1])
                .max()
                .orElseThrow();
        int highest = Arrays.stream(components)
                .mapToInt(component -> component[2])
                .max()
                .orElseThrow();
        HuffmanTable[] first = new HuffmanTable[10];
        HuffmanTable[] rest = new HuffmanTable[10];
        int blocks = 0;
        for (int i = 0; i < count; i++) {
            int[] component = components[i];
            int tables = unsigned(from + 2 + 2 * i);
            // a scan of one component has its blocks row by row, whatever its sampling factors
            int mine = count == 1 ? 1 : component[1] * component[2];
            if (unsigned(from + 1 + 2 * i) != component[0]
                    || component[3] >= TABLES
                    || !quantised[component[3]]
                    || tables >> 4 >= TABLES
                    || (tables & 15) >= TABLES
                    || dc[tables >> 4] == null
                    || ac[tables & 15] == null
                    || blocks + mine > first.length) {
                return false;
            }
            Arrays.fill(first, blocks, blocks + mine, dc[tables >> 4]);
            Arrays.fill(rest, blocks, blocks + mine, ac[tables & 15]);
            blocks += mine;
        }
        int across = ceil(width, count == 1 ? 8 : 8 * widest);
        int down = ceil(height, count == 1 ? 8 : 8 * highest);
        return units((long) across * down, Arrays.copyOf(first, blocks), Arrays.copyOf(rest, blocks));
    }

    /** The coded units of the scan, and the end marker behind them. */
    private boolean units(long units, HuffmanTable[] first, HuffmanTable[] rest) {
        int restarts = 0;
        for (long unit = 0; unit < units; unit++) {
            if (restartInterval > 0 && unit > 0 && unit % restartInterval == 0) {
                if (!marker(0xd0 + (restarts++ & 7))) {
                    return false;
                }
                at += 2;
                bits = 0;
                buffer = 0;
            }
            for (int block = 0; block < first.length; block++) {
                if (!block(first[block], rest[block])) {
                    return false;
                }
            }
        }
        return marker(0xd9);
    }

    private boolean marker(int marker) {
        return bits < 8 && at + 1 < bytes.length && unsigned(at) == 0xff && unsigned(at + 1) == marker;
    }

    private boolean block(HuffmanTable first, HuffmanTable rest) {
        if (bits < 32) {
            fill();
        }
        int code = first.code(buffer);
        // a shift looks at the low six bits of its count
        buffer <<= code >> 8;
        bits -= code >> 8 & 255;
        if (code == 0 || bits < 0) {
            return false;
        }
        int coefficients = 1;
        while (coefficients < 64) {
            if (bits < 32) {
                fill();
            }
            code = rest.codes(buffer, coefficients);
            buffer <<= code >> 8;
            bits -= code >> 8 & 255;
            if (code == 0 || bits < 0) {
                return false;
            }
            coefficients += code & 255;
        }
        return coefficients == 64 || coefficients > BLOCK_END;
    }

    /** Reads bits until there are more than 56, or up to a marker. */
    private void fill() {
        if (at + 8 <= bytes.length) {
            long next = (long) LONGS.get(bytes, at);
            long ones = ~next;
            if ((ones - 0x0101010101010101L & ~ones & 0x8080808080808080L) == 0) {
                // none of the eight is 0xff; bits of a byte that does not fit whole are put in again with it
                buffer |= next >>> bits;
                int taken = 64 - bits >> 3;
                at += taken;
                bits += taken << 3;
                return;
            }
        }
        while (bits <= 56 && at < bytes.length) {
            int value = unsigned(at);
            if (value == 0xff) {
                if (at + 1 >= bytes.length || bytes[at + 1] != 0) {
                    return;
                }
                at++;
            }
            at++;
            buffer |= (long) value << 56 - bits;
            bits += 8;
        }
    }

    private int unsigned(int index) {
        return bytes[index] & 255;
    }

    private int pair(int index) {
        return unsigned(index) << 8 | unsigned(index + 1);
    }

    private static int ceil(int value, int unit) {
        return (value + unit - 1) / unit;
    }

    /**
     * Codes of one table by their first {@value #PEEK} bits, the longer ones by value. An entry holds how far a code moves in its block (bits 0 to 7) and the
     * bits of the code with its value (8 to 15), and those of the code alone (16 and up); 0: no such code. In {@code pairs} it may stand for two codes in turn, and
     * what is from bit 16 up is how far the first of them moves (0 for one code).
     */
    private record HuffmanTable(int[] peeked, int[] pairs, int[] lengths, int[] firsts, int[] offsets, int[] entries) {
        /** @return null for counts that do not make a code */
        static HuffmanTable read(byte[] bytes, int counts, boolean dc) {
            int[] peeked = new int[1 << PEEK];
            int[] lengths = new int[17];
            int[] firsts = new int[17];
            int[] offsets = new int[17];
            int[] entries = new int[256];
            int code = 0;
            int symbol = 0;
            for (int length = 1; length <= 16; length++) {
                int count = bytes[counts + length - 1] & 255;
                lengths[length] = count;
                firsts[length] = code;
                offsets[length] = symbol;
                if (code + count > 1 << length) {
                    return null;
                }
                for (int i = 0; i < count; i++) {
                    int value = bytes[counts + 16 + symbol] & 255;
                    if (dc && value > 15) {
                        return null;
                    }
                    entries[symbol] = entry(length, value, dc);
                    if (length <= PEEK) {
                        int from = code << PEEK - length;
                        Arrays.fill(peeked, from, from + (1 << PEEK - length), entries[symbol]);
                    }
                    symbol++;
                    code++;
                }
                code <<= 1;
            }
            return new HuffmanTable(peeked, dc ? null : pairs(peeked), lengths, firsts, offsets, entries);
        }

        private static int[] pairs(int[] peeked) {
            int[] pairs = new int[peeked.length];
            for (int i = 0; i < pairs.length; i++) {
                int first = peeked[i] & 0xffff;
                int taken = first >> 8;
                int second = taken < PEEK ? peeked[i << taken & (1 << PEEK) - 1] : 0;
                // its code is within the bits that are seen; its value need not be
                boolean two = (first & 255) != BLOCK_END && second != 0 && second >> 16 <= PEEK - taken;
                pairs[i] = two ? (first & 255) << 16 | first + (second & 0xffff) : first;
            }
            return pairs;
        }

        private static int entry(int length, int value, boolean dc) {
            int size = value & 15;
            int run = value >> 4;
            int moved = dc || size > 0 ? run + 1 : run == 15 ? 16 : BLOCK_END;
            return length << 16 | length + size << 8 | moved;
        }

        /** The next code or two of a block that has so many coefficients; two only where the first does not end the block. */
        int codes(long buffer, int coefficients) {
            int entry = pairs[(int) (buffer >>> 64 - PEEK)];
            return entry != 0 && coefficients + (entry >> 16) < 64 ? entry : code(buffer);
        }

        int code(long buffer) {
            int entry = peeked[(int) (buffer >>> 64 - PEEK)];
            return entry != 0 ? entry : longer(buffer);
        }

        private int longer(long buffer) {
            for (int length = PEEK + 1; length <= 16; length++) {
                int index = (int) (buffer >>> 64 - length) - firsts[length];
                if (index >= 0 && index < lengths[length]) {
                    return entries[offsets[length] + index];
                }
            }
            return 0;
        }
    }
}
