package org.ballast.core.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class RowsTest {
    @Test
    void sha256IsThePublishedValueAndSeparatesItsParts() {
        // FIPS 180-2, appendix B.1
        assertThat(Sha256.of("abc".getBytes(StandardCharsets.US_ASCII)))
                .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assertThat(Sha256.of("ab", "c")).isNotEqualTo(Sha256.of("a", "bc"));
        // 00 00 00 03 61 62 63
        assertThat(Sha256.of("abc")).isEqualTo(Sha256.of(new byte[] {0, 0, 0, 3, 'a', 'b', 'c'}));
        assertThat(Sha256.isDigest(Sha256.of("x"))).isTrue();
        assertThat(Sha256.isDigest("ABC")).isFalse();
    }

    @Test
    void completionIdDependsOnEachOfItsParts() {
        String id = Completion.id("p", "d", 1, 0);
        assertThat(List.of(
                        Completion.id("q", "d", 1, 0),
                        Completion.id("p", "e", 1, 0),
                        Completion.id("p", "d", 2, 0),
                        Completion.id("p", "d", 1, 1)))
                .doesNotContain(id)
                .doesNotHaveDuplicates();
        assertThat(Completion.id("p", "d", 1, 0)).isEqualTo(id);
    }

    @Test
    void storedNamesRoundTrip() {
        for (CompletionType type : CompletionType.values()) {
            assertThat(CompletionType.of(type.stored())).isEqualTo(type);
        }
        for (Reason reason : Reason.values()) {
            assertThat(Reason.of(reason.code())).isEqualTo(reason);
        }
        for (Domain domain : Domain.values()) {
            assertThat(Domain.of(domain.stored())).isEqualTo(domain);
        }
        assertThatThrownBy(() -> CompletionType.of("mllm")).hasMessageContaining("'mllm'");
    }

    @Test
    void errorsNameRowFieldAndValue() {
        assertThatThrownBy(
                        () -> new Sample("s1", "i", "", false, -1, null, Domain.IN_DISTRIBUTION, "train", "src", null))
                .hasMessageContaining("'s1'")
                .hasMessageContaining("label")
                .hasMessageContaining("-1");
        assertThatThrownBy(() -> new Prompt("p1", "i", "What?", List.of(), null, null, "train", "src", null))
                .hasMessageContaining("'p1'")
                .hasMessageContaining("<image>");
        assertThatThrownBy(() -> new Feature("i1", "m", new float[] {0, Float.NaN}, null))
                .hasMessageContaining("image_feature[1]");
        assertThatThrownBy(() -> new ReferenceLogProb("c1", "noisy", "m", -1, 3))
                .hasMessageContaining("noisy");
    }

    @Test
    void rowsAreNeitherLostNorDoubled() {
        assertThat(new RowAccount(10, 8, 2).failureRate()).isEqualTo(0.2);
        assertThatThrownBy(() -> new RowAccount(10, 8, 1))
                .hasMessageContaining("10 in, but 8 out + 1 quarantined + 0 unchanged = 9");
        assertThatThrownBy(() -> new RowAccount(10, 9, 2)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void rawTextOfAQuarantinedRowIsBounded() {
        Quarantined row = new Quarantined(null, "f.json", 3, Reason.NO_IMAGE, "m", "x".repeat(5_000));
        assertThat(row.raw()).hasSize(Quarantined.MAX_RAW);
    }
}
