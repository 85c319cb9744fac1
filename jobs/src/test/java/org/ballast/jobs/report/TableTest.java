package org.ballast.jobs.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class TableTest {
    @Test
    void alignsNamesLeftAndFiguresRight() {
        Table table = new Table(
                "Title",
                List.of("split", "n", "figure"),
                1,
                List.of(List.of("test", "248", "0.5"), List.of("compositional", "1,132", "−0.250 ± 0.1")),
                "");
        assertThat(table.text())
                .isEqualTo("Title\n"
                        + "  split              n        figure\n"
                        + "  ----------------------------------\n"
                        + "  test             248           0.5\n"
                        + "  compositional  1,132  −0.250 ± 0.1\n");
    }

    @Test
    void countsCodePointsNotChars() {
        Table table = new Table("T", List.of("a", "b"), 1, List.of(List.of("\uD83D\uDE00", "1")), "");
        assertThat(table.text()).isEqualTo("T\n  a  b\n  ----\n  \uD83D\uDE00  1\n");
    }

    @Test
    void refusesARowOfAnotherLength() {
        assertThatThrownBy(() -> new Table("T", List.of("a", "b"), 1, List.of(List.of("x")), ""))
                .hasMessageContaining("row of 1 cells under 2 columns");
    }

    @Test
    void numbersHaveNoNegativeZeroAndADashWhereUndefined() {
        assertThat(Numbers.rate(-0.0001)).isEqualTo("0.000");
        assertThat(Numbers.rate(null)).isEqualTo("–");
        assertThat(Numbers.signed(-0.25, 2)).isEqualTo("-0.25");
        assertThat(Numbers.signed(0.25, 2)).isEqualTo("+0.25");
    }
}
