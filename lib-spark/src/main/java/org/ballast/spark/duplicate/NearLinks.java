package org.ballast.spark.duplicate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Connects the hashes of one bucket that differ in few bits: as many links as join them into groups, not one a pair. Small buckets are compared each with
 * each; a large one is cut by further bands until its parts are small, or all that is in them hangs together.
 */
final class NearLinks {
    private static final int SMALL = 256;

    private final int maxDistance;
    private final long[] hashes;
    private final int[] parent;
    private final List<long[]> links = new ArrayList<>();

    private NearLinks(long[] hashes, int maxDistance) {
        this.hashes = hashes;
        this.maxDistance = maxDistance;
        parent = new int[hashes.length];
        Arrays.setAll(parent, i -> i);
    }

    /**
     * The links of a bucket.
     *
     * @param hashes that differ from each other, in an order that decides which links are given
     * @param equalBits bits in which all of them are equal
     * @return pairs of at most {@code maxDistance}
     */
    static List<long[]> of(long[] hashes, long equalBits, int maxDistance) {
        var links = new NearLinks(hashes, maxDistance);
        int[] all = new int[hashes.length];
        Arrays.setAll(all, i -> i);
        links.connect(all, ~equalBits);
        return links.links;
    }

    private void connect(int[] part, long free) {
        int groups = groups(part);
        if (groups == 1) {
            return;
        }
        List<Long> bands = Bands.of(free, maxDistance + 1);
        if (part.length <= SMALL || bands.size() <= maxDistance) {
            compare(part, groups);
            return;
        }
        for (long band : bands) {
            // by the band's bits; equal ones keep their order
            int[] sorted = Arrays.stream(part)
                    .boxed()
                    .sorted((a, b) -> Long.compareUnsigned(hashes[a] & band, hashes[b] & band))
                    .mapToInt(Integer::intValue)
                    .toArray();
            int from = 0;
            for (int to = 1; to <= sorted.length; to++) {
                if (to == sorted.length || (hashes[sorted[to]] & band) != (hashes[sorted[from]] & band)) {
                    if (to - from > 1) {
                        connect(Arrays.copyOfRange(sorted, from, to), free & ~band);
                    }
                    from = to;
                }
            }
        }
    }

    private void compare(int[] part, int groups) {
        int left = groups;
        for (int i = 0; i < part.length; i++) {
            for (int j = i + 1; j < part.length; j++) {
                long difference = hashes[part[i]] ^ hashes[part[j]];
                if (Long.bitCount(difference) <= maxDistance && join(part[i], part[j])) {
                    left--;
                    if (left == 1) {
                        return;
                    }
                }
            }
        }
    }

    private int groups(int[] part) {
        return (int) Arrays.stream(part).map(this::root).distinct().count();
    }

    private boolean join(int a, int b) {
        int rootA = root(a);
        int rootB = root(b);
        if (rootA == rootB) {
            return false;
        }
        parent[Math.max(rootA, rootB)] = Math.min(rootA, rootB);
        links.add(new long[] {hashes[a], hashes[b]});
        return true;
    }

    private int root(int i) {
        int root = i;
        while (parent[root] != root) {
            parent[root] = parent[parent[root]];
            root = parent[root];
        }
        return root;
    }
}
