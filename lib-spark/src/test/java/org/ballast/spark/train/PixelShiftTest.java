package org.ballast.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.Set;
import org.ballast.core.data.ItemRandom;
import org.ballast.core.mllm.EncodedExample;
import org.junit.jupiter.api.Test;

class PixelShiftTest {
    private static float[] pixels(int height, int width) {
        float[] pixels = new float[3 * height * width];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = i;
        }
        return pixels;
    }

    @Test
    void rollsAsTorchDoes() {
        // torch.roll(torch.arange(18.).view(3, 2, 3), (1, -1), (1, 2))
        assertThat(new PixelShift(2, 2, 3).roll("x", pixels(2, 3), 1, -1))
                .containsExactly(4, 5, 3, 1, 2, 0, 10, 11, 9, 7, 8, 6, 16, 17, 15, 13, 14, 12);
    }

    @Test
    void drawsEachExampleItsOwnShiftWithinTheBound() {
        var shift = new PixelShift(1, 5, 5);
        Set<Integer> origins = new HashSet<>();
        for (int i = 0; i < 200; i++) {
            var example = new EncodedExample("example-" + i, pixels(5, 5), new int[] {1}, new int[] {2});
            EncodedExample shifted = shift.apply(example, ItemRandom.of(1, "augment", example.id(), 0));
            assertThat(shifted.id()).isEqualTo(example.id());
            assertThat(example.pixels()).isEqualTo(pixels(5, 5));
            origins.add((int) shifted.pixels()[12]);
        }
        assertThat(origins).containsExactlyInAnyOrder(6, 7, 8, 11, 12, 13, 16, 17, 18);
    }

    @Test
    void leavesTextAloneAndRefusesOtherSizes() {
        var text = new EncodedExample("t", (float[]) null, new int[] {1}, new int[] {2});
        assertThat(new PixelShift(4, 8, 8).apply(text, ItemRandom.of(1, "augment", "t", 0)))
                .isSameAs(text);
        var small = new EncodedExample("small", pixels(4, 4), new int[] {1}, new int[] {2});
        assertThatThrownBy(() -> new PixelShift(4, 8, 8).apply(small, ItemRandom.of(1, "augment", "t", 0)))
                .hasMessageContaining("small")
                .hasMessageContaining("48");
    }
}
