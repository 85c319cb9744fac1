package org.ballast.core.data.split;

import java.util.Arrays;

/**
 * Which nodes hang together over any number of links (connected components, by union-find with path halving). Nodes are
 * numbers, such as 64-bit digests of keys; about 40 bytes a link are held. For one thread.
 */
public final class Links {
    private long[] one = new long[16];
    private long[] other = new long[16];
    private int size;

    /**
     * Links two nodes.
     *
     * @throws IllegalStateException beyond 1,000,000,000 links
     */
    public void add(long from, long to) {
        if (size == 1_000_000_000) {
            throw new IllegalStateException("more than " + size + " links between groups of rows");
        }
        if (size == one.length) {
            int length = (int) Math.min(1_000_000_000L, 2L * size);
            one = Arrays.copyOf(one, length);
            other = Arrays.copyOf(other, length);
        }
        one[size] = from;
        other[size] = to;
        size++;
    }

    /** The components of what was linked. */
    public Components components() {
        long[] ends = Arrays.copyOf(one, 2 * size);
        System.arraycopy(other, 0, ends, size, size);
        Arrays.sort(ends);
        int count = 0;
        for (int i = 0; i < ends.length; i++) {
            if (i == 0 || ends[i] != ends[i - 1]) {
                ends[count++] = ends[i];
            }
        }
        long[] nodes = Arrays.copyOf(ends, count);
        int[] parent = new int[count];
        Arrays.setAll(parent, i -> i);
        for (int i = 0; i < size; i++) {
            int a = root(parent, Arrays.binarySearch(nodes, one[i]));
            int b = root(parent, Arrays.binarySearch(nodes, other[i]));
            // the smaller one stays, so that a root is the least node of its component
            parent[Math.max(a, b)] = Math.min(a, b);
        }
        return new Components(nodes, parent);
    }

    private static int root(int[] parent, int node) {
        int at = node;
        while (parent[at] != at) {
            parent[at] = parent[parent[at]];
            at = parent[at];
        }
        return at;
    }

    /** Nodes in ascending order, and the least node of each one's component. */
    public static final class Components {
        private final long[] nodes;
        private final int[] parent;

        private Components(long[] nodes, int[] parent) {
            this.nodes = nodes;
            this.parent = parent;
        }

        /** How many nodes there are. */
        public int size() {
            return nodes.length;
        }

        /** Node number {@code i}. */
        public long node(int i) {
            return nodes[i];
        }

        /** The least node that node number {@code i} hangs together with. */
        public long component(int i) {
            return nodes[root(parent, i)];
        }
    }
}
