package org.ballast.core.image.vp8;

import org.ballast.core.image.vp8.FrameHeader.Filter;

/** The loop filter (RFC 6386, section 15), macroblock by macroblock in their order. */
final class LoopFilter {
    private final boolean simple;
    private final Plane y;
    private final Plane u;
    private final Plane v;

    LoopFilter(boolean simple, Plane y, Plane u, Plane v) {
        this.simple = simple;
        this.y = y;
        this.u = u;
        this.v = v;
    }

    /** @param inside whether the edges between the macroblock's own blocks are filtered too */
    void macroblock(int column, int row, Filter filter, boolean inside) {
        int luma = y.place(16 * column, 16 * row);
        if (simple) {
            simple(luma, column > 0, 1, y.stride(), filter.limit(), inside);
            simple(luma, row > 0, y.stride(), 1, filter.limit(), inside);
            return;
        }
        int chroma = u.place(8 * column, 8 * row);
        if (column > 0) {
            outer(y.samples(), luma, 1, y.stride(), 16, filter);
            outer(u.samples(), chroma, 1, u.stride(), 8, filter);
            outer(v.samples(), chroma, 1, v.stride(), 8, filter);
        }
        if (inside) {
            for (int i = 4; i < 16; i += 4) {
                inner(y.samples(), luma + i, 1, y.stride(), 16, filter);
            }
            inner(u.samples(), chroma + 4, 1, u.stride(), 8, filter);
            inner(v.samples(), chroma + 4, 1, v.stride(), 8, filter);
        }
        if (row > 0) {
            outer(y.samples(), luma, y.stride(), 1, 16, filter);
            outer(u.samples(), chroma, u.stride(), 1, 8, filter);
            outer(v.samples(), chroma, v.stride(), 1, 8, filter);
        }
        if (inside) {
            for (int i = 4; i < 16; i += 4) {
                inner(y.samples(), luma + i * y.stride(), y.stride(), 1, 16, filter);
            }
            inner(u.samples(), chroma + 4 * u.stride(), u.stride(), 1, 8, filter);
            inner(v.samples(), chroma + 4 * v.stride(), v.stride(), 1, 8, filter);
        }
    }

    /** @param across the way from one side of the edge to the other, {@code along} that from one of its samples to the next */
    private void simple(int at, boolean outer, int across, int along, int limit, boolean inside) {
        byte[] s = y.samples();
        for (int edge = outer ? 0 : 4; edge < (inside ? 16 : 4); edge += 4) {
            int most = 2 * (edge == 0 ? limit + 4 : limit) + 1;
            for (int i = 0, p = at + edge * across; i < 16; i++, p += along) {
                if (step(s, p, across) <= most) {
                    two(s, p, across);
                }
            }
        }
    }

    private static void outer(byte[] s, int at, int across, int along, int size, Filter filter) {
        int most = 2 * (filter.limit() + 4) + 1;
        for (int i = 0, p = at; i < size; i++, p += along) {
            if (smooth(s, p, across, most, filter.interior())) {
                if (varies(s, p, across, filter.highVariance())) {
                    two(s, p, across);
                } else {
                    six(s, p, across);
                }
            }
        }
    }

    private static void inner(byte[] s, int at, int across, int along, int size, Filter filter) {
        int most = 2 * filter.limit() + 1;
        for (int i = 0, p = at; i < size; i++, p += along) {
            if (smooth(s, p, across, most, filter.interior())) {
                if (varies(s, p, across, filter.highVariance())) {
                    two(s, p, across);
                } else {
                    four(s, p, across);
                }
            }
        }
    }

    private static int step(byte[] s, int p, int across) {
        return 4 * difference(s, p - across, p) + difference(s, p - 2 * across, p + across);
    }

    private static boolean smooth(byte[] s, int p, int across, int most, int interior) {
        return step(s, p, across) <= most
                && difference(s, p - 4 * across, p - 3 * across) <= interior
                && difference(s, p - 3 * across, p - 2 * across) <= interior
                && difference(s, p - 2 * across, p - across) <= interior
                && difference(s, p + 3 * across, p + 2 * across) <= interior
                && difference(s, p + 2 * across, p + across) <= interior
                && difference(s, p + across, p) <= interior;
    }

    private static boolean varies(byte[] s, int p, int across, int threshold) {
        return difference(s, p - 2 * across, p - across) > threshold || difference(s, p + across, p) > threshold;
    }

    private static int difference(byte[] s, int one, int other) {
        return Math.abs((s[one] & 255) - (s[other] & 255));
    }

    private static void two(byte[] s, int p, int across) {
        int outer = signed((s[p - 2 * across] & 255) - (s[p + across] & 255));
        int a = 3 * ((s[p] & 255) - (s[p - across] & 255)) + outer;
        add(s, p - across, small(a + 3 >> 3));
        add(s, p, -small(a + 4 >> 3));
    }

    private static void four(byte[] s, int p, int across) {
        int a = 3 * ((s[p] & 255) - (s[p - across] & 255));
        int a1 = small(a + 4 >> 3);
        int a3 = a1 + 1 >> 1;
        add(s, p - 2 * across, a3);
        add(s, p - across, small(a + 3 >> 3));
        add(s, p, -a1);
        add(s, p + across, -a3);
    }

    private static void six(byte[] s, int p, int across) {
        int outer = signed((s[p - 2 * across] & 255) - (s[p + across] & 255));
        int a = signed(3 * ((s[p] & 255) - (s[p - across] & 255)) + outer);
        for (int i = 0, weight = 27; i < 3; i++, weight -= 9) {
            int by = weight * a + 63 >> 7;
            add(s, p - (i + 1) * across, by);
            add(s, p + i * across, -by);
        }
    }

    private static void add(byte[] s, int p, int by) {
        s[p] = Transforms.clip((s[p] & 255) + by);
    }

    private static int signed(int value) {
        return Math.max(-128, Math.min(127, value));
    }

    private static int small(int value) {
        return Math.max(-16, Math.min(15, value));
    }
}
