package org.ballast.core.data.split;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class LinksTest {
    private static Map<Long, Long> components(Links links) {
        Links.Components components = links.components();
        Map<Long, Long> all = new TreeMap<>();
        for (int i = 0; i < components.size(); i++) {
            all.put(components.node(i), components.component(i));
        }
        assertThat(all).hasSize(components.size());
        return all;
    }

    @Test
    void byHand() {
        Links links = new Links();
        assertThat(components(links)).isEmpty();
        links.add(5, 9);
        links.add(7, 7);
        links.add(9, -3);
        links.add(2, 4);
        links.add(2, 4);
        assertThat(components(links)).isEqualTo(Map.of(5L, -3L, 9L, -3L, -3L, -3L, 7L, 7L, 2L, 2L, 4L, 2L));
    }

    @Test
    void aLongChainInTheWorstOrder() {
        Links links = new Links();
        for (int i = 100_000; i > 0; i--) {
            links.add(i, i - 1);
        }
        assertThat(components(links)).hasSize(100_001).allSatisfy((node, component) -> assertThat(component)
                .isZero());
    }

    @RepeatedTest(20)
    void asASearchFromEachNode(RepetitionInfo repetition) {
        Random random = new Random(repetition.getCurrentRepetition());
        int nodes = 1 + random.nextInt(60);
        Links links = new Links();
        Map<Long, Set<Long>> around = new HashMap<>();
        for (int i = random.nextInt(80); i >= 0; i--) {
            long one = random.nextInt(nodes);
            long other = random.nextInt(nodes);
            links.add(one, other);
            around.computeIfAbsent(one, key -> new HashSet<>()).add(other);
            around.computeIfAbsent(other, key -> new HashSet<>()).add(one);
        }
        Map<Long, Long> components = components(links);
        assertThat(components.keySet()).isEqualTo(around.keySet());
        around.keySet().forEach(start -> {
            Set<Long> seen = new HashSet<>(Set.of(start));
            ArrayDeque<Long> next = new ArrayDeque<>(seen);
            while (!next.isEmpty()) {
                around.get(next.poll()).stream().filter(seen::add).forEach(next::add);
            }
            assertThat(components.get(start))
                    .isEqualTo(seen.stream().mapToLong(Long::longValue).min().orElseThrow());
        });
    }
}
