package org.ballast.spark.duplicate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NearLinksTest {
    /** The groups of hashes that some links make. */
    static TreeSet<List<Long>> groups(long[] hashes, List<long[]> links) {
        Map<Long, Long> parent = new TreeMap<>();
        for (long hash : hashes) {
            parent.put(hash, hash);
        }
        for (long[] link : links) {
            parent.put(
                    Math.max(root(parent, link[0]), root(parent, link[1])),
                    Math.min(root(parent, link[0]), root(parent, link[1])));
        }
        Map<Long, List<Long>> byRoot =
                parent.keySet().stream().collect(Collectors.groupingBy(hash -> root(parent, hash)));
        TreeSet<List<Long>> groups = new TreeSet<>((a, b) -> a.toString().compareTo(b.toString()));
        groups.addAll(byRoot.values());
        return groups;
    }

    private static long root(Map<Long, Long> parent, long hash) {
        long root = hash;
        while (parent.get(root) != root) {
            root = parent.get(root);
        }
        return root;
    }

    private static List<long[]> bruteForce(long[] hashes, int distance) {
        List<long[]> links = new ArrayList<>();
        for (int i = 0; i < hashes.length; i++) {
            for (int j = 0; j < i; j++) {
                if (Long.bitCount(hashes[i] ^ hashes[j]) <= distance) {
                    links.add(new long[] {hashes[i], hashes[j]});
                }
            }
        }
        return links;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 8})
    void largeBucketsAreJoinedAsByComparingAll(int distance) {
        var random = new Random(distance);
        // few bits set, as pictures with plain backgrounds have: most bands are equal
        long[] hashes = random.longs(1_500)
                .map(bits -> bits & random.nextLong() & random.nextLong())
                .distinct()
                .toArray();
        List<long[]> links = NearLinks.of(hashes, 0, distance);
        assertThat(links).allMatch(link -> Long.bitCount(link[0] ^ link[1]) <= distance);
        assertThat(groups(hashes, links)).isEqualTo(groups(hashes, bruteForce(hashes, distance)));
        assertThat(links.size()).isLessThan(hashes.length);
    }

    @Test
    void aDenseClusterGivesATreeNotAllPairs() {
        long[] hashes =
                new Random(1).longs(3_000).map(bits -> bits & 0xfff).distinct().toArray();
        List<long[]> links = NearLinks.of(hashes, ~0xfffL, 8);
        assertThat(links).hasSize(hashes.length - 1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 64, 80})
    void bandsShareOutAllBits(int count) {
        List<Long> bands = Bands.of(-1L, count);
        assertThat(bands).hasSize(Math.min(64, count));
        assertThat(bands.stream().mapToLong(band -> band).reduce(0, (a, b) -> a | b))
                .isEqualTo(-1L);
        assertThat(bands.stream().mapToInt(Long::bitCount).sum()).isEqualTo(64);
        int[] sizes = bands.stream().mapToInt(Long::bitCount).sorted().toArray();
        assertThat(sizes[sizes.length - 1] - sizes[0]).isLessThanOrEqualTo(1);
        assertThat(Arrays.stream(sizes).min().getAsInt()).isPositive();
    }
}
