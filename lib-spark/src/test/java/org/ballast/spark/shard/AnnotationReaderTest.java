package org.ballast.spark.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AnnotationReaderTest {
    private static AnnotationReader reader(String text) {
        return new AnnotationReader("a.json", new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static List<String> rows(String text) throws IOException {
        List<String> rows = new ArrayList<>();
        try (AnnotationReader reader = reader(text)) {
            while (reader.advance()) {
                rows.add(reader.position() + ":" + reader.row());
            }
        }
        return rows;
    }

    @Test
    void readsAnArrayAndOneRowALine() throws IOException {
        assertThat(rows(" [ {\"a\": [1, {\"b\": 2}]}, 7, {} ]\n"))
                .containsExactly("0:{\"a\":[1,{\"b\":2}]}", "1:7", "2:{}");
        assertThat(rows("{\"a\": 1}\n{\"a\": 2}\n")).containsExactly("0:{\"a\":1}", "1:{\"a\":2}");
        assertThat(rows("[]")).isEmpty();
    }

    @Test
    void passesOverRowsAndKeepsTheirPositions() throws IOException {
        try (AnnotationReader reader = reader("[{\"a\": {\"x\": [1]}}, 5, {\"b\": 2}]")) {
            for (int i = 0; i < 2; i++) {
                assertThat(reader.advance()).isTrue();
                reader.skip();
            }
            assertThat(reader.advance()).isTrue();
            assertThat(reader.position()).isEqualTo(2);
            assertThat(reader.row()).hasToString("{\"b\":2}");
            assertThat(reader.advance()).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[{\"a\": 1}, {\"a\": 2}, {\"a\"",
                "[{\"a\": 1}, {\"a\": 2}, {\"a\": \"cut",
                "[{\"a\": 1}, {\"a\": 2}, ",
            })
    void truncationNamesFileRowAndPlace(String text) {
        assertThatThrownBy(() -> rows(text))
                .isInstanceOf(AnnotationException.class)
                .hasMessageContaining("a.json")
                .hasMessageContaining("row 2")
                .hasMessageContaining("line 1")
                .hasMessageContaining("byte ");
        assertThatThrownBy(() -> {
                    try (AnnotationReader reader = reader(text)) {
                        while (reader.advance()) {
                            reader.skip();
                        }
                    }
                })
                .isInstanceOf(AnnotationException.class)
                .hasMessageContaining("row 2");
    }

    @Test
    void aMissingCloseOfTheArrayIsATruncationToo() {
        assertThatThrownBy(() -> rows("[{\"a\": 1}"))
                .isInstanceOf(AnnotationException.class)
                .hasMessageContaining("a.json");
    }

    @Test
    void refusesWhatIsNoArrayOfRows() {
        assertThatThrownBy(() -> rows("")).hasMessageContaining("a.json").hasMessageContaining("is empty");
        assertThatThrownBy(() -> rows("\"text\"")).hasMessageContaining("starts with");
        assertThatThrownBy(() -> rows("<html>")).isInstanceOf(AnnotationException.class);
        assertThatThrownBy(() -> rows("[{}] [{}]"))
                .isInstanceOf(AnnotationException.class)
                .hasMessageContaining("goes on behind its array of 1 rows");
    }
}
