package org.ballast.spark.negative;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class LengthHistogramTest {
    @Test
    void binsHoldWhatTheirLabelsSay() {
        long[] none = new long[LengthHistogram.BINS.size()];
        LengthHistogram histogram = LengthHistogram.of(none, none);

        assertThat(histogram.label(LengthHistogram.bin(0))).isEqualTo("0");
        assertThat(histogram.label(LengthHistogram.bin(5))).isEqualTo("5");
        assertThat(histogram.label(LengthHistogram.bin(6))).isEqualTo("6-7");
        assertThat(histogram.label(LengthHistogram.bin(7))).isEqualTo("6-7");
        assertThat(histogram.label(LengthHistogram.bin(511))).isEqualTo("256-511");
        assertThat(histogram.label(LengthHistogram.bin(512))).isEqualTo("512+");
        assertThat(histogram.label(LengthHistogram.bin(1_000_000))).isEqualTo("512+");
    }

    @Test
    void refusesCountsOfOtherBins() {
        assertThatThrownBy(() -> new LengthHistogram(List.of(0, 1), List.of(3L), List.of(1L, 2L)))
                .hasMessageContaining("2 bins, 1 counts");
    }
}
