package org.ballast.core.data.split;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.ballast.core.data.split.GroupFacts.Part;
import org.junit.jupiter.api.Test;

class GroupFactsTest {
    private static final SplitRule RULE = SplitRuleTest.rule(SplitMode.STRATIFIED, GroupBy.IMAGE);

    @Test
    void newRowsAreOfTheClassOfMost() {
        assertThat(GroupFacts.of(RULE, List.of(new Part(4, null, 2), new Part(7, null, 3))))
                .isEqualTo(new GroupFacts(null, 7, 5));
        assertThat(GroupFacts.of(RULE, List.of(new Part(7, null, 2), new Part(4, null, 2))))
                .as("the lowest of equals")
                .isEqualTo(new GroupFacts(null, 4, 4));
        assertThat(GroupFacts.of(RULE, List.of(new Part(null, null, 2), new Part(9, null, 2))))
                .as("a class before none")
                .isEqualTo(new GroupFacts(null, 9, 4));
        assertThat(GroupFacts.of(RULE, List.of(new Part(null, null, 3)))).isEqualTo(new GroupFacts(null, null, 3));
    }

    @Test
    void theTrainingMostSplitWinsAndRowsOfTheOthersDoNotCount() {
        GroupFacts facts =
                GroupFacts.of(RULE, List.of(new Part(1, "test", 10), new Part(2, "train", 1), new Part(3, null, 2)));
        assertThat(facts).isEqualTo(new GroupFacts("train", 3, 3));
        assertThat(GroupFacts.of(RULE, List.of(new Part(1, "test", 1), new Part(1, "val", 1)))
                        .split())
                .isEqualTo("val");
    }
}
