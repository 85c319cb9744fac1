package org.ballast.core.data.split;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class HashSplitTest {
    private static final SplitRule RULE = SplitRuleTest.rule(SplitMode.HASH, GroupBy.IMAGE);

    @Test
    void thePlaceIsTheDigestAsAFraction() throws Exception {
        MessageDigest sha = MessageDigest.getInstance("SHA-256");
        for (String part : List.of("17", "split", "image:abc")) {
            sha.update(ByteBuffer.allocate(4).putInt(part.length()).array());
            sha.update(part.getBytes(StandardCharsets.UTF_8));
        }
        byte[] digest = sha.digest();
        double place = 0;
        for (int i = 0; i < 7; i++) {
            place += (digest[i] & 0xff) * Math.pow(256, -(i + 1));
        }
        assertThat(HashSplit.position(17, "image:abc")).isCloseTo(place, within(1e-15));
    }

    @Test
    void sharesAreMetAndAGroupNeverMoves() {
        Map<String, Long> counts = IntStream.range(0, 20_000)
                .mapToObj(i -> HashSplit.of(RULE, "image:" + i))
                .collect(Collectors.groupingBy(split -> split, Collectors.counting()));
        // standard deviations are 57 and 42 rows
        assertThat(counts.get("train")).isBetween(15_750L, 16_250L);
        assertThat(counts.get("val")).isBetween(1_800L, 2_200L);
        assertThat(counts.get("test")).isBetween(1_800L, 2_200L);
    }

    @Test
    void anotherSeedDealsAnew() {
        SplitRule other = new SplitRule(
                RULE.mode(), RULE.shares(), RULE.of(), RULE.groupBy(), null, RULE.trainSplit(), 18, false);
        long moved = IntStream.range(0, 1_000)
                .filter(i -> !HashSplit.of(RULE, "g" + i).equals(HashSplit.of(other, "g" + i)))
                .count();
        // 1 - (0.8^2 + 2 * 0.1^2) = 34 %
        assertThat(moved).isBetween(280L, 400L);
    }

    @Test
    void aLargerFirstShareTakesNoGroupAway() {
        SplitRule more = new SplitRule(
                SplitMode.HASH,
                List.of(new SplitShare("train", 0.85), new SplitShare("val", 0.05), new SplitShare("test", 0.1)),
                List.of(),
                List.of(GroupBy.IMAGE),
                null,
                "train",
                17,
                false);
        for (int i = 0; i < 1_000; i++) {
            String before = HashSplit.of(RULE, "g" + i);
            String after = HashSplit.of(more, "g" + i);
            assertThat(after).isIn(before, "train");
        }
    }
}
