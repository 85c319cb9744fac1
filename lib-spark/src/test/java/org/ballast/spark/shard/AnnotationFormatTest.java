package org.ballast.spark.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.ballast.core.data.Domain;
import org.ballast.core.data.Reason;
import org.ballast.core.data.Turn;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AnnotationFormatTest {
    private static final ShardInput OPENMMLO =
            ShardInput.openMmlo("a.json", "images", "train", Domain.IN_DISTRIBUTION, "src");
    private static final ShardInput LLAVA =
            ShardInput.llavaInstruct("a.json", "images", "train", "src", "/(describe|presence)$");
    private static final ShardInput POPE = ShardInput.pope("a.json", "images", "random", "src");
    private static final ClassNames CLASSES = new ClassNames(List.of("cat", "dog"), List.of("flag"));

    private static List<Candidate> read(ShardInput input, String json) {
        byte[] text = json.getBytes(StandardCharsets.UTF_8);
        return CandidateRows.of(JsonText.row(text, text.length, "here"), new RowContext(input, 0, 0, 4, CLASSES));
    }

    private static Candidate one(ShardInput input, String json) {
        List<Candidate> candidates = read(input, json);
        assertThat(candidates).hasSize(1);
        return candidates.get(0);
    }

    @Test
    void openMmloRowBecomesASample() {
        Candidate sample = one(
                OPENMMLO, "{\"image_id\": 17, \"image\": \"./a//b.png\", \"text_input\": \"a [mask]\", \"label\": 1}");
        assertThat(sample.reason()).isNull();
        assertThat(sample.sample()).isTrue();
        assertThat(sample.id()).isEqualTo("17");
        assertThat(sample.image()).isEqualTo("a/b.png");
        assertThat(sample.label()).isEqualTo(1);
        assertThat(sample.position()).isEqualTo(4);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "[1]|not-a-row|[1]",
                "{'image': 'a.png', 'text_input': 't', 'label': 1}|missing-field|image_id",
                "{'image_id': 'x', 'text_input': 't', 'label': 1}|no-image|absent",
                "{'image_id': 'x', 'image': null, 'text_input': 't', 'label': 1}|no-image|null",
                "{'image_id': 'x', 'image': '', 'text_input': 't', 'label': 1}|no-image|\"\"",
                "{'image_id': 'x', 'image': 3, 'text_input': 't', 'label': 1}|missing-field|3",
                "{'image_id': 'x', 'image': '../a.png', 'text_input': 't', 'label': 1}|path-escapes-root|../a.png",
                "{'image_id': 'x', 'image': 'a/../../b.png', 'text_input': 't', 'label': 1}|path-escapes-root|climbs",
                "{'image_id': 'x', 'image': '/etc/passwd', 'text_input': 't', 'label': 1}|path-escapes-root|absolute",
                "{'image_id': 'x', 'image': '.', 'text_input': 't', 'label': 1}|image-missing|no file",
                "{'image_id': 'x', 'image': 'a.png', 'label': 1}|missing-field|text_input",
                "{'image_id': 'x', 'image': 'a.png', 'text_input': 't'}|missing-field|label",
                "{'image_id': 'x', 'image': 'a.png', 'text_input': 't', 'label': '1'}|bad-label|\"1\"",
                "{'image_id': 'x', 'image': 'a.png', 'text_input': 't', 'label': 1.5}|bad-label|1.5",
                "{'image_id': 'x', 'image': 'a.png', 'text_input': 't', 'label': 99999999999}|bad-label|99999999999",
                "{'image_id': 'x', 'image': 'a.png', 'text_input': 't', 'label': 2}|bad-label|2 classes",
                "{'image_id': 'x', 'image': 'a.png', 'text_input': 't', 'label': -1}|bad-label|-1",
            })
    void badOpenMmloRowsAreRejectedWithTheirValue(String json, String reason, String shown) {
        Candidate row = one(OPENMMLO, json.replace('\'', '"'));
        assertThat(row.reason().code()).isEqualTo(reason);
        assertThat(row.message()).contains(shown);
        assertThat(row.raw()).isNotEmpty();
    }

    @Test
    void anOpenSetRowMayHaveNoClass() {
        ShardInput open = ShardInput.openMmlo("a.json", "images", "open", Domain.OUT_OF_DISTRIBUTION, "src");
        assertThat(one(open, "{\"image_id\": \"x\", \"image\": \"a.png\", \"text_input\": \"\", \"label\": -1}")
                        .reason())
                .isNull();
        assertThat(CLASSES.name(-1, Domain.OUT_OF_DISTRIBUTION)).isNull();
        assertThat(CLASSES.name(0, Domain.OUT_OF_DISTRIBUTION)).isEqualTo("flag");
        assertThat(CLASSES.name(1, Domain.IN_DISTRIBUTION)).isEqualTo("dog");
    }

    @Test
    void aConversationOfSeveralTurnsGivesARowATurn() {
        List<Candidate> turns = read(
                LLAVA,
                """
                {"id": "a/describe", "image": "a.png", "conversations": [
                  {"from": "human", "value": "<image>\\nWhat?"}, {"from": "gpt", "value": "A cat."},
                  {"from": "human", "value": "Colour?"}, {"from": "gpt", "value": "Red."}]}
                """);
        assertThat(turns).extracting(Candidate::turn).containsExactly(0, 1);
        assertThat(turns).extracting(Candidate::kind).containsOnly("describe");
        assertThat(turns.get(0).history()).isEmpty();
        assertThat(turns.get(1).prompt()).isEqualTo("Colour?");
        assertThat(turns.get(1).history()).containsExactly(new Turn("<image>\nWhat?", "A cat."));
        assertThat(turns.get(1).completions()).isEqualTo(SourceCompletion.groundTruth("Red."));
        assertThat(turns.get(0).digest()).isEqualTo(turns.get(1).digest());
    }

    @Test
    void aPictureWithoutAPlaceIsPutBeforeTheFirstQuestionAndTextRowsNeedNone() {
        Candidate placed = one(
                LLAVA,
                "{\"id\": 5, \"image\": \"a.png\", \"conversations\": [{\"from\": \"human\", \"value\": \"What?\"}, {\"from\": \"gpt\", \"value\": \"A.\"}]}");
        assertThat(placed.prompt()).isEqualTo("<image>\nWhat?");
        assertThat(placed.kind()).isNull();
        Candidate text = one(
                LLAVA,
                "{\"id\": \"t\", \"conversations\": [{\"from\": \"human\", \"value\": \"What is <image>?\"}, {\"from\": \"gpt\", \"value\": \"A tag.\"}]}");
        assertThat(text.image()).isNull();
        assertThat(text.root()).isEqualTo(-1);
        assertThat(text.prompt()).isEqualTo("What is <image>?");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "{'image': 'a.png', 'conversations': []}|missing-field|id",
                "{'id': 'x', 'image': null, 'conversations': []}|no-image|null",
                "{'id': 'x', 'image': 'a.png'}|missing-field|conversations",
                "{'id': 'x', 'image': 'a.png', 'conversations': []}|bad-conversation|0 messages",
                "{'id': 'x', 'image': 'a.png', 'conversations': [{'from': 'human', 'value': 'q'}]}|bad-conversation|1 messages",
                "{'id': 'x', 'image': 'a.png', 'conversations': [{'from': 'gpt', 'value': 'q'}, {'from': 'gpt', 'value': 'a'}]}|bad-conversation|human",
                "{'id': 'x', 'image': 'a.png', 'conversations': [{'from': 'human', 'value': 'q'}, {'from': 'gpt', 'value': ' '}]}|empty-response|message 1",
                "{'id': 'x', 'image': 'a.png', 'conversations': [{'from': 'human'}, {'from': 'gpt', 'value': 'a'}]}|missing-field|message 0",
            })
    void badConversationsAreRejected(String json, String reason, String shown) {
        Candidate row = one(LLAVA, json.replace('\'', '"'));
        assertThat(row.reason().code()).isEqualTo(reason);
        assertThat(row.message()).contains(shown);
    }

    @Test
    void popeRowBecomesAYesNoPrompt() {
        Candidate row = one(
                POPE,
                "{\"question_id\": 3, \"image\": \"a.png\", \"text\": \"Is there a cat?\", \"label\": \"Yes\", \"split\": \"compositional-val\"}");
        assertThat(row.reason()).isNull();
        assertThat(row.id()).isEqualTo("pope-random/3");
        assertThat(row.kind()).isEqualTo("pope-random");
        assertThat(row.prompt()).isEqualTo("<image>\nIs there a cat?");
        assertThat(row.completions()).isEqualTo(SourceCompletion.groundTruth("yes"));
        assertThat(row.split()).isEqualTo("compositional-val");
        assertThat(row.turn()).isEqualTo(-1);
    }

    @Test
    void badPopeRowsAreRejected() {
        String row = "{\"question_id\": 3, \"image\": \"a.png\", \"text\": \"?\", \"label\": \"%s\"%s}";
        assertThat(one(POPE, row.formatted("maybe", ", \"split\": \"val\"")).reason())
                .isEqualTo(Reason.BAD_LABEL);
        assertThat(one(POPE, row.formatted("no", "")).reason()).isEqualTo(Reason.MISSING_FIELD);
        assertThat(one(POPE, row.formatted("no", ", \"split\": \"../x\"")).reason())
                .isEqualTo(Reason.MISSING_FIELD);
    }

    @Test
    void aLaterTurnOfABpoExportHasItsPictureInTheHistory() {
        ShardInput bpo = ShardInput.of(AnnotationLayout.BPO, "a.json", "images", "train", "src");
        String row =
                """
                {"id": "a", "image": "a.png", "prompt": "Colour?", "completions": [{"score": 1, "response": "Red.", "type": "gt"}],
                 "history": [{"prompt": "<image>\\nWhat?", "response": "A cat."}]}
                """;
        Candidate turn = one(bpo, row);
        assertThat(turn.prompt()).isEqualTo("Colour?");
        assertThat(turn.history()).containsExactly(new Turn("<image>\nWhat?", "A cat."));
        assertThat(one(bpo, row.replace("\"history\": [", "\"history\": [7, ")).reason())
                .isEqualTo(Reason.MISSING_FIELD);
    }

    @Test
    void inputsAreChecked() {
        assertThatThrownBy(() -> ShardInput.openMmlo("a.json", "i", "a/b", Domain.IN_DISTRIBUTION, "s"))
                .hasMessageContaining("a.json")
                .hasMessageContaining("a/b");
        assertThatThrownBy(() -> ShardInput.of(AnnotationLayout.WEBDATASET, "a.tar", "i", "train", "s"))
                .hasMessageContaining("holds its pictures itself");
        assertThatThrownBy(() -> ShardInput.llavaInstruct("a.json", "i", "train", "s", "describe"))
                .hasMessageContaining("group");
        assertThatThrownBy(() -> AnnotationLayout.of("coco"))
                .hasMessageContaining("openmmlo, llava-instruct, sharegpt4v, pope, bpo");
    }
}
