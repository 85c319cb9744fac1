package org.ballast.spark.export;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MemberKeysTest {
    @Test
    void plainIdsStayAndOthersAreMadePlain() {
        assertThat(MemberKeys.of("n01440764_10026")).isEqualTo("n01440764_10026");
        assertThat(MemberKeys.of("n01440764/ILSVRC.JPEG")).matches("n01440764_ILSVRC_JPEG-[0-9a-f]{16}");
        assertThat(MemberKeys.of("../../etc/passwd")).matches("etc_passwd-[0-9a-f]{16}");
        assertThat(MemberKeys.of("\u00e9")).matches("id-[0-9a-f]{16}");
        assertThat(MemberKeys.of("x".repeat(300))).matches("x{40}-[0-9a-f]{16}");
    }

    @Test
    void noTwoIdsShareAKey() {
        String made = MemberKeys.of("a.b");
        List<String> ids = List.of(
                "a.b",
                "a/b",
                "a_b",
                "a b",
                "A_b",
                made,
                "__a__",
                "a",
                "",
                ".",
                "-",
                "a\0b",
                "con",
                MemberKeys.of(made));
        Set<String> keys = new HashSet<>();
        for (String id : ids) {
            String key = MemberKeys.of(id);
            assertThat(key).matches("[A-Za-z0-9][A-Za-z0-9_-]*").hasSizeLessThanOrEqualTo(64);
            assertThat(keys.add(key)).as("key %s of '%s'", key, id).isTrue();
        }
    }
}
