package org.ballast.core.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.HexFormat;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ItemRandomTest {

    @Test
    void seedIsTheDocumentedDigest() {
        // printf '\0\0\0\0\0\0\0\x2a\0\0\0\x05noise\0\0\0\x01a\0\0\0\0' | sha256sum
        assertThat(HexFormat.of().formatHex(ItemRandom.digest(42, "noise", "a", 0)))
                .isEqualTo("76773e23be95ef86c337efe4a5b53c9cbfed4fa34c6b496d7873f39484cf2bd7");
    }

    @Test
    void drawsAreAFunctionOfAllFourParts() {
        assertThat(ItemRandom.of(1, "noise", "a", 0).nextLong())
                .isEqualTo(ItemRandom.of(1, "noise", "a", 0).nextLong());
        Set<Long> first = new HashSet<>();
        first.add(ItemRandom.of(1, "noise", "a", 0).nextLong());
        first.add(ItemRandom.of(2, "noise", "a", 0).nextLong());
        first.add(ItemRandom.of(1, "sample", "a", 0).nextLong());
        first.add(ItemRandom.of(1, "noise", "b", 0).nextLong());
        first.add(ItemRandom.of(1, "noise", "a", 1).nextLong());
        first.add(ItemRandom.of(1, "noisea", "", 0).nextLong()); // parts are delimited
        assertThat(first).hasSize(6);
    }

    @Test
    void firstDrawsStayAsTheyAre() {
        var random = ItemRandom.of(42, "sample", "item", 0);
        assertThat(new long[] {random.nextLong(), random.nextLong()})
                .containsExactly(-3287386230782840536L, 4560055611663909425L);
        assertThat(ItemRandom.of(42, "noise", "item", 0).nextGaussian()).isEqualTo(-0.19972172452313558);
    }
}
