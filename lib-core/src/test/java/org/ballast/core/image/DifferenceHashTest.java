package org.ballast.core.image;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DifferenceHashTest {
    /** A picture of 9 x 8 keeps its samples, so each bit is one comparison. */
    private static RgbImage nineByEight(int... brightByColumn) {
        byte[] rgb = new byte[3 * 72];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) brightByColumn[i / 3 % 9];
        }
        return new RgbImage(9, 8, rgb);
    }

    @Test
    void aBitSaysThatTheNextSampleIsBrighter() {
        assertThat(DifferenceHash.of(nineByEight(1, 2, 3, 4, 5, 6, 7, 8, 9))).isEqualTo(-1L);
        assertThat(DifferenceHash.of(nineByEight(9, 8, 7, 6, 5, 4, 3, 2, 1))).isZero();
        assertThat(DifferenceHash.of(nineByEight(5, 5, 5, 5, 5, 5, 5, 5, 5))).isZero();
        // up, up, down, up, even, down, down, up: 11010001
        assertThat(DifferenceHash.of(nineByEight(10, 20, 30, 20, 200, 200, 7, 0, 255)))
                .isEqualTo(0xd1d1d1d1d1d1d1d1L);
    }

    @Test
    void theFirstComparisonIsTheHighestBit() {
        byte[] rgb = new byte[3 * 72];
        rgb[3] = rgb[4] = rgb[5] = 100; // the sample (1, 0), and it alone
        assertThat(DifferenceHash.of(new RgbImage(9, 8, rgb))).isEqualTo(1L << 63);
        byte[] last = new byte[3 * 72];
        last[3 * 71] = (byte) 255; // red of (8, 7)
        assertThat(DifferenceHash.of(new RgbImage(9, 8, last))).isEqualTo(1L);
    }

    @Test
    void greyIsLuma() {
        // 19595 x 255 + 32768 >> 16 = 76, 38470 x 128 + 32768 >> 16 = 75
        byte[] rgb = new byte[3 * 72];
        for (int i = 0; i < 72; i++) {
            rgb[3 * i + i % 9 % 2] = (byte) (i % 9 % 2 == 0 ? 255 : 128);
        }
        assertThat(DifferenceHash.of(new RgbImage(9, 8, rgb))).isEqualTo(0x5555555555555555L);
    }

    @Test
    void staysNearUnderScalingAndBrightening() {
        byte[] rgb = new byte[3 * 90 * 80];
        byte[] brighter = new byte[rgb.length];
        for (int i = 0; i < rgb.length; i++) {
            int x = i / 3 % 90;
            int y = i / 270;
            int value = (int) (90 + 60 * Math.sin(x / 9.0) * Math.cos(y / 13.0));
            rgb[i] = (byte) value;
            brighter[i] = (byte) (value + 40);
        }
        var image = new RgbImage(90, 80, rgb);
        long hash = DifferenceHash.of(image);
        assertThat(DifferenceHash.distance(hash, DifferenceHash.of(new RgbImage(90, 80, brighter))))
                .isLessThanOrEqualTo(2);
        RgbImage small = PilResize.resize(image, PilResize.Filter.BICUBIC, 45, 40);
        assertThat(DifferenceHash.distance(hash, DifferenceHash.of(small))).isLessThanOrEqualTo(4);
        assertThat(hash).isNotZero().isNotEqualTo(-1L);
    }
}
