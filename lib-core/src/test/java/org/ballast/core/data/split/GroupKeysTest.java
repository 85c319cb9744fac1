package org.ballast.core.data.split;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class GroupKeysTest {
    private static GroupKeys keys(String pattern, GroupBy... groupBy) {
        return new GroupKeys(new SplitRule(
                SplitMode.HASH,
                List.of(new SplitShare("train", 1)),
                List.of(),
                List.of(groupBy),
                pattern,
                "train",
                0,
                false));
    }

    @Test
    void aPictureGroupsItsRowsAndTheIdThoseWithoutOne() {
        GroupKeys keys = keys(null, GroupBy.IMAGE);
        assertThat(keys.single()).isTrue();
        assertThat(keys.of("r1", "abc", "def", "s")).containsExactly("image:abc");
        assertThat(keys.of("r1", null, null, "s")).containsExactly("id:r1");
    }

    @Test
    void anAlikePictureIsASecondKey() {
        GroupKeys keys = keys(null, GroupBy.NEAR_DUPLICATE);
        assertThat(keys.single()).isFalse();
        assertThat(keys.of("r1", "abc", "def", "s")).containsExactly("image:abc", "image:def");
        assertThat(keys.of("r1", "abc", null, "s")).containsExactly("image:abc");
        assertThat(keys.of("r1", "abc", "abc", "s")).containsExactly("image:abc");
    }

    @Test
    void aPatternGroupsByItsFirstGroup() {
        GroupKeys keys = keys("^(\\w+)-", GroupBy.PATTERN);
        assertThat(keys.of("alice-7", "abc", null, "s")).containsExactly("match:alice");
        assertThat(keys.of("7", "abc", null, "s")).as("not found").containsExactly("id:7");
        assertThat(keys("(a)?b", GroupBy.PATTERN).of("b", null, null, "s"))
                .as("found without the group")
                .containsExactly("id:b");
    }

    @Test
    void severalAreSeveralKeys() {
        GroupKeys keys = keys("^(\\w+)-", GroupBy.IMAGE, GroupBy.SOURCE, GroupBy.PATTERN);
        assertThat(keys.single()).isFalse();
        assertThat(keys.of("alice-7", "abc", null, "web")).containsExactly("image:abc", "source:web", "match:alice");
    }
}
