package org.ballast.spark.shard;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import org.ballast.core.data.CompletionType;
import org.ballast.core.data.ItemRandom;
import org.ballast.core.data.Turn;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random rows: what they say comes back whole, in whatever form the file stores them, and broken ones cost only themselves. */
class RandomRowsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ClassNames CLASSES = new ClassNames(List.of("a", "b", "c", "d", "e"), List.of());

    private final RandomGenerator random;

    RandomRowsTest() {
        random = ItemRandom.of(11, "sample", "rows", 0);
    }

    /** Any characters: quotes, brackets, escapes, control characters, other planes; never blank, and of whole characters. */
    private String text() {
        StringBuilder text = new StringBuilder("t");
        for (int i = random.nextInt(12); i > 0; i--) {
            switch (random.nextInt(5)) {
                case 0 -> text.append("\"\\{}[],:\n\r\t".charAt(random.nextInt(11)));
                case 1 -> text.append((char) random.nextInt(32));
                case 2 -> text.appendCodePoint(0x1f300 + random.nextInt(200));
                case 3 -> text.append((char) (0x80 + random.nextInt(0x700)));
                default -> text.append((char) (32 + random.nextInt(95)));
            }
        }
        return text.toString();
    }

    private ObjectNode row(AnnotationLayout format, int i) {
        ObjectNode row = JSON.createObjectNode();
        switch (format) {
            case OPENMMLO -> row.put("image_id", i + text())
                    .put("image", i + ".png")
                    .put("text_input", text())
                    .put("label", random.nextInt(5));
            case LLAVA_INSTRUCT -> {
                row.put("id", i + text());
                ArrayNode said = row.putArray("conversations");
                for (int turn = random.nextInt(4); turn >= 0; turn--) {
                    said.addObject().put("from", "human").put("value", text());
                    said.addObject().put("from", "gpt").put("value", text());
                }
            }
            case BPO -> {
                row.put("id", i).put("image", i + ".png").put("prompt", text());
                ArrayNode completions = row.putArray("completions");
                for (int n = random.nextInt(5); n >= 0; n--) {
                    completions
                            .addObject()
                            .put("score", random.nextInt(4) / 2.0)
                            .put("response", text())
                            .put(
                                    "type",
                                    CompletionType.values()[random.nextInt(CompletionType.values().length)].stored());
                }
            }
            default -> throw new IllegalArgumentException(format.stored());
        }
        return row;
    }

    private static List<Candidate> read(String text, AnnotationLayout format) throws IOException {
        ShardInput input = ShardInput.of(format, "a.json", "images", "train", "s");
        List<Candidate> candidates = new ArrayList<>();
        try (JsonRows rows =
                new JsonRows("a.json", new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), null)) {
            while (rows.advance()) {
                CandidateRows.of(rows.row(), new RowContext(input, 0, 0, rows.position(), CLASSES)).stream()
                        .map(candidate -> candidate.withRaw(null))
                        .forEach(candidates::add);
            }
        }
        return candidates;
    }

    @ParameterizedTest
    @ValueSource(strings = {"openmmlo", "llava-instruct", "bpo"})
    void theFormOfTheFileChangesNothing(String name) throws IOException {
        AnnotationLayout format = AnnotationLayout.of(name);
        for (int round = 0; round < 60; round++) {
            List<ObjectNode> rows = new ArrayList<>();
            for (int i = random.nextInt(12); i >= 0; i--) {
                rows.add(row(format, i));
            }
            ArrayNode array = JSON.createArrayNode().addAll(rows);
            String lines =
                    String.join("\n", rows.stream().map(ObjectNode::toString).toList());
            String pretty = String.join(
                    "\n", rows.stream().map(row -> row.toPrettyString()).toList());
            List<Candidate> expected = read(array.toString(), format);
            assertThat(expected).allMatch(candidate -> candidate.reason() == null);
            assertThat(expected.stream().map(Candidate::position).distinct()).hasSameSizeAs(rows);
            assertThat(read(array.toPrettyString(), format)).isEqualTo(expected);
            assertThat(read(lines, format)).isEqualTo(expected);
            assertThat(read(lines.replace("\n", "\r\n\r\n") + "\r\n", format)).isEqualTo(expected);
            assertThat(read(pretty, format)).isEqualTo(expected);
            matches(format, rows, expected);
        }
    }

    /** What the rows say stands in the candidates. */
    private static void matches(AnnotationLayout format, List<ObjectNode> rows, List<Candidate> candidates) {
        for (Candidate candidate : candidates) {
            ObjectNode row = rows.get((int) candidate.position());
            switch (format) {
                case OPENMMLO -> {
                    assertThat(candidate.id()).isEqualTo(row.get("image_id").asText());
                    assertThat(candidate.caption())
                            .isEqualTo(row.get("text_input").asText());
                    assertThat(candidate.label()).isEqualTo(row.get("label").asInt());
                }
                case LLAVA_INSTRUCT -> {
                    List<Turn> turns = new ArrayList<>(candidate.history());
                    turns.add(new Turn(
                            candidate.prompt(), candidate.completions().get(0).response()));
                    assertThat(turns).hasSize(candidate.turn() + 1);
                    for (int i = 0; i < turns.size(); i++) {
                        assertThat(turns.get(i).prompt())
                                .isEqualTo(row.at("/conversations/%d/value".formatted(2 * i))
                                        .asText());
                        assertThat(turns.get(i).response())
                                .isEqualTo(row.at("/conversations/%d/value".formatted(2 * i + 1))
                                        .asText());
                    }
                }
                default -> {
                    assertThat(candidate.completions())
                            .isSortedAccordingTo(Comparator.comparingDouble(SourceCompletion::score)
                                    .reversed());
                    assertThat(new TreeSet<>(candidate.completions().stream()
                                    .map(SourceCompletion::ordinal)
                                    .toList()))
                            .hasSize(row.get("completions").size());
                    for (SourceCompletion completion : candidate.completions()) {
                        assertThat(completion.response())
                                .isEqualTo(row.at("/completions/%d/response".formatted(completion.ordinal()))
                                        .asText());
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"openmmlo", "llava-instruct", "bpo"})
    void brokenLinesCostOnlyThemselves(String name) throws IOException {
        AnnotationLayout format = AnnotationLayout.of(name);
        for (int round = 0; round < 60; round++) {
            List<String> lines = new ArrayList<>();
            List<Integer> broken = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                String line = row(format, i).toString();
                if (i > 0 && random.nextInt(3) == 0) {
                    broken.add(i);
                    line = line.substring(0, 1 + random.nextInt(line.length() - 1))
                            .stripTrailing();
                }
                lines.add(line);
            }
            List<Candidate> candidates = read(String.join("\n", lines), format);
            assertThat(candidates.stream()
                            .filter(candidate -> candidate.reason() != null)
                            .map(candidate -> (int) candidate.position()))
                    .containsExactlyElementsOf(broken);
            assertThat(candidates.stream().map(Candidate::position).distinct()).hasSize(12);
        }
    }
}
