package org.ballast.spark.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.ballast.core.data.Reason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonRowsTest {
    private static JsonRows reader(byte[] bytes, String wrapper) {
        return new JsonRows("a.json", new ByteArrayInputStream(bytes), wrapper);
    }

    private static JsonRows reader(String text) {
        return reader(text.getBytes(StandardCharsets.UTF_8), null);
    }

    private static List<String> rows(JsonRows reader) throws IOException {
        List<String> rows = new ArrayList<>();
        try (reader) {
            while (reader.advance()) {
                SourceRow row = reader.row();
                rows.add(reader.position() + ":"
                        + (row.reason() == null ? row.json() : row.reason().code()));
            }
        }
        return rows;
    }

    private static List<String> rows(String text) throws IOException {
        return rows(reader(text));
    }

    @Test
    void readsAnArrayOneRowALineAndOneObjectAfterAnother() throws IOException {
        assertThat(rows(" [ {\"a\": [1, {\"b\": 2}]}, 7, {} ]\n"))
                .containsExactly("0:{\"a\":[1,{\"b\":2}]}", "1:7", "2:{}");
        assertThat(rows("[true,\"a,]\\\"\",null]")).containsExactly("0:true", "1:\"a,]\\\"\"", "2:null");
        assertThat(rows("{\"a\": 1}\n{\"a\": 2}\n")).containsExactly("0:{\"a\":1}", "1:{\"a\":2}");
        assertThat(rows("{\n  \"a\": 1\n}\n{\n  \"a\": [\n2]}")).containsExactly("0:{\"a\":1}", "1:{\"a\":[2]}");
        assertThat(rows("[]")).isEmpty();
    }

    @Test
    void readsTheArrayWithinAnObject() throws IOException {
        String text =
                "{\"info\": {\"annotations\": [9]}, \"n\": 1, \"annotations\": [{\"a\": 1}, 2], \"more\": \"]}\"}\n";
        assertThat(rows(reader(text.getBytes(StandardCharsets.UTF_8), "annotations")))
                .containsExactly("0:{\"a\":1}", "1:2");
        assertThat(rows(reader("[{\"a\": 1}]".getBytes(StandardCharsets.UTF_8), "annotations")))
                .containsExactly("0:{\"a\":1}");
        for (String broken : List.of(
                "{}",
                "{\"a\": 1}",
                "{\"annotations\": 1}",
                "{\"a\" 1, \"annotations\": []}",
                "{\"a\": 1",
                "{\"annotations\": [1]",
                "{\"annotations\": [1], \"annotations\": [2]}",
                "{\"annotations\": [1]} {}")) {
            assertThatThrownBy(() -> rows(reader(broken.getBytes(StandardCharsets.UTF_8), "annotations")))
                    .as(broken)
                    .isInstanceOf(AnnotationException.class)
                    .hasMessageContaining("a.json");
        }
    }

    @Test
    void passesOverRowsAndKeepsTheirPositions() throws IOException {
        try (JsonRows reader = reader("[{\"a\": {\"x\": [1]}}, 5, {\"b\": 2}]")) {
            for (int i = 0; i < 2; i++) {
                assertThat(reader.advance()).isTrue();
            }
            assertThat(reader.advance()).isTrue();
            assertThat(reader.position()).isEqualTo(2);
            assertThat(reader.row().json()).hasToString("{\"b\":2}");
            assertThat(reader.advance()).isFalse();
        }
    }

    @Test
    void aBrokenRowSpoilsNothingButItself() throws IOException {
        assertThat(rows("[{\"a\": 1}, {\"a\": NaN}, {a: 2}, {\"a\": 1, \"a\": 2}, {\"a\": \"\\ud800\"}, {\"a\": 3}]"))
                .containsExactly(
                        "0:{\"a\":1}",
                        "1:malformed-row",
                        "2:malformed-row",
                        "3:malformed-row",
                        "4:malformed-row",
                        "5:{\"a\":3}");
        assertThat(rows("{\"a\": 1}\r\n{\"a\": \r\n\r\n{\"a\": 3}\r\nrubbish {\r\n{\"a\": 5}"))
                .containsExactly("0:{\"a\":1}", "1:malformed-row", "2:{\"a\":3}", "3:malformed-row", "4:{\"a\":5}");
        assertThat(rows("{\"a\": \n{\"a\": 2}\n")).containsExactly("0:malformed-row", "1:{\"a\":2}");
    }

    @Test
    void aMalformedRowTellsItsPlaceAndKeepsItsText() {
        JsonRows reader = reader("{\"a\": 1}\n{\"b\": }\n");
        reader.advance();
        reader.advance();
        SourceRow row = reader.row();
        assertThat(row.reason()).isEqualTo(Reason.MALFORMED_ROW);
        assertThat(row.message()).contains("line 2, column 1, byte 9");
        assertThat(row.raw()).isEqualTo("{\"b\": }");
    }

    @Test
    void textThatIsNoUtf8IsMalformed() throws IOException {
        byte[] bytes = "[{\"a\": \"xx\"}, {\"a\": 1}]".getBytes(StandardCharsets.UTF_8);
        for (byte[] bad : new byte[][] {{(byte) 0xc0, (byte) 0xae}, {(byte) 0xff, 'x'}, {(byte) 0xc3, 'x'}}) {
            System.arraycopy(bad, 0, bytes, 8, 2);
            assertThat(rows(reader(bytes, null))).containsExactly("0:malformed-row", "1:{\"a\":1}");
        }
    }

    @Test
    void rowsOfAnyDepthAreReadOrPassedOver() throws IOException {
        String deep = "[".repeat(10_000) + "]".repeat(10_000);
        assertThat(rows("[{\"a\": " + deep + "}, {\"a\": 1}]")).containsExactly("0:malformed-row", "1:{\"a\":1}");
        assertThat(rows("{\"a\": 1}\n" + deep + "\n{\"a\": 2}"))
                .containsExactly("0:{\"a\":1}", "1:malformed-row", "2:{\"a\":2}");
        assertThatThrownBy(() -> rows("[".repeat(1_000_000)))
                .isInstanceOf(AnnotationException.class)
                .hasMessageContaining("cut off in row 0");
    }

    @Test
    void aRowThatIsTooLongIsPassedOverWithoutBeingHeld() throws IOException {
        byte[] start = "[{\"a\": \"".getBytes(StandardCharsets.UTF_8);
        byte[] end = "\"}, {\"a\": 2}]".getBytes(StandardCharsets.UTF_8);
        long length = 200_000_000;
        InputStream in = new InputStream() {
            private long at;

            @Override
            public int read() {
                long i = at++;
                if (i < start.length) {
                    return start[(int) i];
                }
                i -= start.length + length;
                return i < 0 ? 'x' : i < end.length ? end[(int) i] : -1;
            }
        };
        try (JsonRows reader = new JsonRows("a.json", in, null)) {
            assertThat(reader.advance()).isTrue();
            SourceRow row = reader.row();
            assertThat(row.reason()).isEqualTo(Reason.TOO_LONG);
            assertThat(row.message()).contains("200000009 bytes");
            assertThat(row.raw()).startsWith("{\"a\": \"xxx").hasSizeLessThan(3_000);
            assertThat(reader.advance()).isTrue();
            assertThat(reader.row().json()).hasToString("{\"a\":2}");
            assertThat(reader.advance()).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[{\"a\": 1}, {\"a\": 2}, {\"a\"",
                "[{\"a\": 1}, {\"a\": 2}, {\"a\": \"cut",
                "[{\"a\": 1}, {\"a\": 2}, {\"a\": \"cut\\",
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
                    try (JsonRows reader = reader(text)) {
                        while (reader.advance()) {
                            // passed over
                        }
                    }
                })
                .isInstanceOf(AnnotationException.class)
                .hasMessageContaining("row 2");
    }

    @Test
    void refusesWhatIsNoArrayOfRows() {
        assertThatThrownBy(() -> rows("")).hasMessageContaining("a.json").hasMessageContaining("is empty");
        assertThatThrownBy(() -> rows(" \n")).hasMessageContaining("is empty");
        assertThatThrownBy(() -> rows("\"text\"")).hasMessageContaining("starts with '\"'");
        assertThatThrownBy(() -> rows("<html>")).isInstanceOf(AnnotationException.class);
        assertThatThrownBy(() -> rows("[{\"a\": 1}"))
                .isInstanceOf(AnnotationException.class)
                .hasMessageContaining("a.json");
        assertThatThrownBy(() -> rows("[{}] [{}]"))
                .isInstanceOf(AnnotationException.class)
                .hasMessageContaining("goes on behind its array of 1 rows");
        for (String broken : List.of("[{} {}]", "[{},]", "[,{}]", "[{}]]", "[{}}]", "[1 2]")) {
            assertThatThrownBy(() -> rows(broken)).as(broken).isInstanceOf(AnnotationException.class);
        }
    }

    @Test
    void readsPastTheMarkOfUtf8AndRefusesOtherEncodings() throws IOException {
        assertThat(rows("\ufeff[1]")).containsExactly("0:1");
        for (String charset : List.of("UTF-16", "UTF-16LE", "UTF-16BE", "UTF-32", "UTF-32LE")) {
            byte[] bytes = "[{\"a\": 1}]".getBytes(Charset.forName(charset));
            assertThatThrownBy(() -> rows(reader(bytes, null)))
                    .as(charset)
                    .isInstanceOf(AnnotationException.class)
                    .hasMessageContaining("store it as UTF-8");
        }
    }
}
