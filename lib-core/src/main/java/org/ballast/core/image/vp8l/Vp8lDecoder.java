package org.ballast.core.image.vp8l;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.ballast.core.image.ImageRejected;
import org.ballast.core.image.ImageRejected.Reason;
import org.ballast.core.image.vp8l.Transform.Kind;

/** Decodes a lossless bit stream to pixels {@code 0xAARRGGBB}. */
public final class Vp8lDecoder {
    private static final int LITERALS = 256;
    private static final int LENGTHS = 24;
    private static final int DISTANCES = 40;
    private static final int LONGEST_CACHE_BITS = 11;
    private static final int TABLE_BITS = 8;
    /** Above it the codes of a group have no tables, for a few bytes of the file may make a group. */
    private static final int TABLED_GROUPS = 1024;

    private static final int[] CODE_LENGTH_ORDER = {17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    /** Columns to the left and rows up of the 120 nearest pixels, the nearest first. */
    private static final int[][] NEAR = IntStream.range(0, 8)
            .boxed()
            .flatMap(up -> IntStream.rangeClosed(up == 0 ? 1 : -7, 8).mapToObj(left -> new int[] {left, up}))
            .sorted(Comparator.<int[]>comparingInt(to -> to[0] * to[0] + to[1] * to[1])
                    .thenComparingInt(to -> -to[1])
                    .thenComparingInt(to -> -to[0]))
            .toArray(int[][]::new);

    private final BitReader in;

    private Vp8lDecoder(BitReader in) {
        this.in = in;
    }

    /** The five codes of a pixel. */
    private record Group(PrefixCode green, PrefixCode red, PrefixCode blue, PrefixCode alpha, PrefixCode distance) {}

    /** The groups, and which one each block of pixels uses; null blocks where there is one group. */
    @SuppressWarnings("ArrayRecordComponent")
    private record Groups(Group[] groups, int[] blocks, int bits, int blocksAcross) {
        Group at(int x, int y) {
            return blocks == null ? groups[0] : groups[blocks[(y >> bits) * blocksAcross + (x >> bits)]];
        }
    }

    /**
     * Decodes the stream behind its header of 5 bytes.
     *
     * @param bytes that hold it in {@code [from, end)}
     * @return {@code [height, width]}
     * @throws ImageRejected if it ends early or contradicts itself
     */
    public static int[] decode(byte[] bytes, int from, int end, int width, int height) throws ImageRejected {
        return new Vp8lDecoder(new BitReader(bytes, from, end)).picture(width, height);
    }

    private int[] picture(int width, int height) throws ImageRejected {
        List<Transform> transforms = new ArrayList<>();
        int stored = width;
        while (in.flag()) {
            Transform transform = transform(stored, height);
            for (Transform other : transforms) {
                if (other.kind() == transform.kind()) {
                    throw corrupt("the transform " + transform.kind() + " twice");
                }
            }
            transforms.add(transform);
            stored = transform.storedWidth();
        }
        int[] pixels = image(stored, height, true);
        for (int i = transforms.size() - 1; i >= 0; i--) {
            pixels = transforms.get(i).inverse(pixels, height);
        }
        return pixels;
    }

    private Transform transform(int width, int height) throws ImageRejected {
        Kind kind = Kind.values()[in.read(2)];
        return switch (kind) {
            case PREDICTOR, COLOR -> {
                int bits = 2 + in.read(3);
                int across = blocks(width, bits);
                yield new Transform(kind, width, width, bits, image(across, blocks(height, bits), false));
            }
            case SUBTRACT_GREEN -> new Transform(kind, width, width, 0, new int[0]);
            case COLOR_INDEXING -> {
                int colors = 1 + in.read(8);
                int bits = colors > 16 ? 0 : colors > 4 ? 1 : colors > 2 ? 2 : 3;
                int[] palette = Transform.palette(image(colors, 1, false));
                yield new Transform(kind, width, blocks(width, bits), bits, palette);
            }
        };
    }

    static int blocks(int size, int bits) {
        return size + (1 << bits) - 1 >> bits;
    }

    private int[] image(int width, int height, boolean picture) throws ImageRejected {
        int cacheBits = 0;
        if (in.flag()) {
            cacheBits = in.read(4);
            if (cacheBits < 1 || cacheBits > LONGEST_CACHE_BITS) {
                throw corrupt("a colour cache of " + cacheBits + " bits");
            }
        }
        Groups groups = groups(width, height, cacheBits, picture && in.flag());
        int[] cache = new int[cacheBits == 0 ? 0 : 1 << cacheBits];
        int[] pixels = new int[width * height];
        int cached = 0; // all pixels before it are in the cache
        int x = 0;
        int y = 0;
        for (int at = 0; at < pixels.length; ) {
            Group group = groups.at(x, y);
            int code = group.green.read(in);
            int length = 1;
            if (code < LITERALS) {
                int red = group.red.read(in);
                int blue = group.blue.read(in);
                pixels[at] = group.alpha.read(in) << 24 | red << 16 | code << 8 | blue;
            } else if (code < LITERALS + LENGTHS) {
                length = prefixed(code - LITERALS);
                int distance = distance(prefixed(group.distance.read(in)), width);
                if (distance > at || length > pixels.length - at) {
                    throw corrupt("%d pixels at %d copied from %d before".formatted(length, at, distance));
                }
                for (int i = at; i < at + length; i++) {
                    pixels[i] = pixels[i - distance];
                }
            } else {
                while (cached < at) {
                    cache[hash(pixels[cached], cacheBits)] = pixels[cached++];
                }
                pixels[at] = cache[code - LITERALS - LENGTHS];
            }
            at += length;
            x += length;
            while (x >= width) {
                x -= width;
                y++;
            }
        }
        return pixels;
    }

    private static int hash(int pixel, int bits) {
        return 0x1e35a7bd * pixel >>> 32 - bits;
    }

    private int prefixed(int code) throws ImageRejected {
        if (code < 4) {
            return code + 1;
        }
        int extra = code - 2 >> 1;
        return (2 + (code & 1) << extra) + in.read(extra) + 1;
    }

    private static int distance(int code, int width) {
        if (code > NEAR.length) {
            return code - NEAR.length;
        }
        int[] to = NEAR[code - 1];
        return Math.max(1, to[1] * width + to[0]);
    }

    private Groups groups(int width, int height, int cacheBits, boolean many) throws ImageRejected {
        if (!many) {
            return new Groups(new Group[] {group(cacheBits, TABLE_BITS)}, null, 0, 0);
        }
        int bits = 2 + in.read(3);
        int across = blocks(width, bits);
        int[] blocks = image(across, blocks(height, bits), false);
        int most = 0;
        for (int i = 0; i < blocks.length; i++) {
            blocks[i] = blocks[i] >> 8 & 0xffff;
            most = Math.max(most, blocks[i]);
        }
        boolean[] used = new boolean[most + 1];
        for (int block : blocks) {
            used[block] = true;
        }
        var groups = new Group[most + 1];
        for (int i = 0; i <= most; i++) {
            Group group = group(cacheBits, most < TABLED_GROUPS ? TABLE_BITS : 0);
            groups[i] = used[i] ? group : null;
        }
        return new Groups(groups, blocks, bits, across);
    }

    private Group group(int cacheBits, int tableBits) throws ImageRejected {
        int greens = LITERALS + LENGTHS + (cacheBits == 0 ? 0 : 1 << cacheBits);
        return new Group(
                code(greens, tableBits),
                code(LITERALS, tableBits),
                code(LITERALS, tableBits),
                code(LITERALS, tableBits),
                code(DISTANCES, tableBits));
    }

    private PrefixCode code(int symbols, int tableBits) throws ImageRejected {
        int[] lengths = new int[symbols];
        if (in.flag()) {
            boolean two = in.flag();
            one(lengths, in.read(in.flag() ? 8 : 1));
            if (two) {
                one(lengths, in.read(8));
            }
        } else {
            int[] ofLengths = new int[CODE_LENGTH_ORDER.length];
            int count = 4 + in.read(4);
            for (int i = 0; i < count; i++) {
                ofLengths[CODE_LENGTH_ORDER[i]] = in.read(3);
            }
            readLengths(PrefixCode.of(ofLengths, TABLE_BITS), lengths);
        }
        return PrefixCode.of(lengths, tableBits);
    }

    private static void one(int[] lengths, int symbol) throws ImageRejected {
        if (symbol >= lengths.length) {
            throw corrupt("symbol %d of %d".formatted(symbol, lengths.length));
        }
        lengths[symbol] = 1;
    }

    private void readLengths(PrefixCode code, int[] lengths) throws ImageRejected {
        int left = lengths.length;
        if (in.flag()) {
            int size = 2 + 2 * in.read(3);
            left = 2 + in.read(size);
            if (left > lengths.length) {
                throw corrupt("%d code lengths of %d symbols".formatted(left, lengths.length));
            }
        }
        int previous = 8;
        for (int symbol = 0; symbol < lengths.length && left > 0; left--) {
            int length = code.read(in);
            if (length < 16) {
                lengths[symbol++] = length;
                previous = length == 0 ? previous : length;
                continue;
            }
            int repeated = length == 16 ? 3 + in.read(2) : length == 17 ? 3 + in.read(3) : 11 + in.read(7);
            if (repeated > lengths.length - symbol) {
                throw corrupt("more code lengths than symbols");
            }
            for (int i = 0; i < repeated; i++) {
                lengths[symbol++] = length == 16 ? previous : 0;
            }
        }
    }

    private static ImageRejected corrupt(String what) {
        return new ImageRejected(Reason.CORRUPT, "webp whose lossless picture has " + what);
    }
}
