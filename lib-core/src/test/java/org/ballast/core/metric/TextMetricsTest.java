package org.ballast.core.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.ballast.core.goldens.MathGoldens.assertClose;
import static org.ballast.core.goldens.MathGoldens.strings;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.ballast.core.goldens.MathGoldens;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TextMetricsTest {
    private static final JsonNode GOLDENS = MathGoldens.json("text_metrics.json");

    @Test
    void matchesAnswersAsTheGoldensDo() {
        List<TextMetrics.Answer> answers = new ArrayList<>();
        for (JsonNode row : GOLDENS.get("qa").get("rows")) {
            String prediction = row.get("prediction").textValue();
            TextMetrics.Answer answer = new TextMetrics.Answer(prediction, strings(row.get("references")));
            assertThat(TextMetrics.normalise(prediction))
                    .isEqualTo(row.get("normalised_prediction").textValue());
            assertClose("exact match of " + answer, TextMetrics.exactMatch(answer), row.get("exact_match"));
            assertClose("F1 of " + answer, TextMetrics.wordF1(answer), row.get("f1"));
            answers.add(answer);
        }
        TextMetrics metrics = TextMetrics.of(answers);
        assertClose("exact match", metrics.exactMatch(), GOLDENS.get("qa").get("exact_match"));
        assertClose("F1", metrics.wordF1(), GOLDENS.get("qa").get("f1"));
    }

    @Test
    void countsHallucinationsAsTheGoldensDo() {
        JsonNode golden = GOLDENS.get("chair");
        Map<String, List<String>> synonyms = new LinkedHashMap<>();
        golden.get("vocabulary").fields().forEachRemaining(e -> synonyms.put(e.getKey(), strings(e.getValue())));
        ObjectVocabulary vocabulary = ObjectVocabulary.of(synonyms, map(golden.get("irregular_plurals")));
        assertThat(vocabulary.surfaceForms()).isEqualTo(map(golden.get("surface_forms")));

        List<Chair.Caption> captions = new ArrayList<>();
        for (JsonNode row : golden.get("captions")) {
            String caption = row.get("caption").textValue();
            Set<String> truth = new HashSet<>(strings(row.get("ground_truth")));
            List<String> mentions = vocabulary.mentions(caption);
            assertThat(mentions).as(caption).isEqualTo(strings(row.get("mentions")));
            assertThat(mentions.stream().filter(m -> !truth.contains(m)))
                    .as(caption)
                    .containsExactlyElementsOf(strings(row.get("hallucinated")));
            captions.add(new Chair.Caption(caption, truth));
        }
        Chair chair = Chair.of(vocabulary, captions);
        assertClose("CHAIR_s", chair.chairS(), golden.get("chair_s"));
        assertClose("CHAIR_i", chair.chairI(), golden.get("chair_i"));
        assertClose("CHAIR_i distinct", chair.chairIDistinctObjects(), golden.get("chair_i_distinct_objects"));
        assertClose("recall", chair.recall(), golden.get("recall"));
    }

    private static Map<String, String> map(JsonNode object) {
        Map<String, String> map = new LinkedHashMap<>();
        object.fields().forEachRemaining(e -> map.put(e.getKey(), e.getValue().textValue()));
        return map;
    }

    @ParameterizedTest
    @ValueSource(strings = {"pope", "pope_only_no"})
    void readsYesAndNoAsTheGoldensDo(String name) {
        JsonNode golden = GOLDENS.get(name);
        List<Pope.Answer> answers = new ArrayList<>();
        for (JsonNode row : golden.get("answers")) {
            String answer = row.get("answer").textValue();
            assertThat(Pope.saysYes(answer))
                    .as(answer)
                    .isEqualTo(row.get("parsed").textValue().equals("yes"));
            answers.add(new Pope.Answer(answer, row.get("label").textValue().equals("yes")));
        }
        Pope pope = Pope.of(answers);
        assertThat(List.of(pope.truePositives(), pope.falsePositives(), pope.trueNegatives(), pope.falseNegatives()))
                .containsExactly(
                        golden.get("tp").intValue(),
                        golden.get("fp").intValue(),
                        golden.get("tn").intValue(),
                        golden.get("fn").intValue());
        assertClose("accuracy", pope.accuracy(), golden.get("accuracy"));
        assertClose("precision", pope.precision(), golden.get("precision"));
        assertClose("recall", pope.recall(), golden.get("recall"));
        assertClose("F1", pope.f1(), golden.get("f1"));
        assertClose("share of yes", pope.yesShare(), golden.get("yes_ratio"));
    }

    @Test
    void buildsTheVocabularyFromQuestions() {
        ObjectVocabulary vocabulary = ObjectVocabulary.ofQuestions(List.of(
                "Is there a hand in the picture?",
                "Is there a hands in the picture?",
                "Is there an o'clock in the picture?",
                "Is there a woman in the picture?"));
        assertThat(vocabulary.mentions("Two women, open hands: six O'Clock. Related: hand and clock."))
                .containsExactly("woman", "hand", "o clock", "hand");
        assertThat(vocabulary.objects(List.of("a hand.", "hands and a woman"))).containsExactly("hand", "woman");
        assertThatThrownBy(() -> ObjectVocabulary.ofQuestions(List.of("What is it?")))
                .hasMessageContaining("\"What is it?\"");
    }

    @Test
    void refusesAmbiguousFormsAndEmptySets() {
        assertThatThrownBy(() -> ObjectVocabulary.of(Map.of("bat", List.of("bat"), "club", List.of("bats")), Map.of()))
                .hasMessageContaining("surface form \"bats\"");
        assertThatThrownBy(() -> ObjectVocabulary.of(Map.of("7", List.of("7")), Map.of()))
                .hasMessageContaining("\"7\"");
        assertThatThrownBy(() -> TextMetrics.of(List.of())).hasMessageContaining("no answer");
        assertThatThrownBy(() -> Pope.of(List.of())).hasMessageContaining("no answer");
        assertThatThrownBy(() -> new TextMetrics.Answer("x", List.of())).hasMessageContaining("no reference");
    }

    @Test
    void leavesSharesWithoutDenominatorUndefined() {
        ObjectVocabulary vocabulary = ObjectVocabulary.of(Map.of("dog", List.of("dog")), Map.of());
        Chair chair = Chair.of(vocabulary, List.of(new Chair.Caption("Nothing here.", Set.of())));
        assertThat(chair.chairI()).isNull();
        assertThat(chair.recall()).isNull();
        assertThat(chair.chairS()).isZero();
    }
}
