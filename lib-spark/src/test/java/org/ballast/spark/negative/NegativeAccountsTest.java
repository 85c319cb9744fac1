package org.ballast.spark.negative;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.data.Completion;
import org.ballast.core.data.CompletionType;
import org.ballast.core.data.Prompt;
import org.ballast.spark.SparkExtension;
import org.ballast.spark.io.MetricsJson;
import org.ballast.spark.negative.NegativeMetrics.Diversity;
import org.ballast.spark.negative.NegativeMetrics.Example;
import org.ballast.spark.negative.NegativeMetrics.LengthRatio;
import org.ballast.spark.negative.NegativeMetrics.Source;
import org.ballast.spark.negative.NegativeMetrics.TypeMetrics;
import org.ballast.spark.negative.NegativeMetrics.WeakenedPoint;
import org.ballast.spark.rows.CompletionRows;
import org.ballast.spark.rows.PromptRows;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SparkExtension.class)
class NegativeAccountsTest {
    private static final String ASKED = "<image>\nDescribe it.";

    private final SparkSession spark;
    private final List<Row> prompts = new ArrayList<>();
    private final List<Row> data = new ArrayList<>();
    private final List<Row> negatives = new ArrayList<>();

    NegativeAccountsTest(SparkSession spark) {
        this.spark = spark;
    }

    private void prompt(String id, String image, String... positives) {
        prompts.add(PromptRows.toRow(new Prompt(id, image, ASKED, List.of(), "describe", null, "train", "s", null)));
        for (int i = 0; i < positives.length; i++) {
            data.add(CompletionRows.toRow(
                    Completion.given(id, positives[i], CompletionType.GROUND_TRUTH, 1, Completion.SOURCE, i)));
        }
    }

    private void negative(String prompt, CompletionType type, String text, String finished, int tokens) {
        negative(prompt, type, text, finished, tokens, "{}");
    }

    private void negative(
            String prompt, CompletionType type, String text, String finished, int tokens, String parameters) {
        negatives.add(CompletionRows.toRow(new Completion(
                Completion.id(prompt, type.stored() + parameters, 0, 0),
                prompt,
                text,
                type,
                0,
                "model of " + type.stored(),
                "policy",
                parameters,
                7,
                finished,
                10 * tokens,
                tokens)));
    }

    private NegativeMetrics metrics(int examples) {
        Dataset<Row> pairs = NegativeAccounts.pairs(
                spark.createDataset(negatives, Encoders.row(CompletionRows.SCHEMA)),
                spark.createDataset(prompts, Encoders.row(PromptRows.SCHEMA)),
                spark.createDataset(data, Encoders.row(CompletionRows.SCHEMA)));
        return NegativeAccounts.of(pairs, new AccountOptions(20_000, examples, 17));
    }

    private static long at(List<Long> counts, int words) {
        return counts.get(LengthHistogram.bin(words));
    }

    @Test
    void areThoseOfPairsCountedByHand() {
        prompt("one", "i1", "A red ball.");
        prompt("two", "i2", "The dog on the grass");
        prompt("three", null, "红色");
        negative("one", CompletionType.WEAKENED, "A ball, a ball", "stop", 5);
        negative("two", CompletionType.WEAKENED, "the cat", "length", 3);
        negative("three", CompletionType.WEAKENED, "蓝色", "stop", 2);
        negative("one", CompletionType.SWAPPED, "A blue ball.", "stop", 0);

        NegativeMetrics metrics = metrics(2);

        assertThat(metrics.types().keySet()).containsExactly("mllm-hal", "swapped-hal");
        assertThat(metrics.bagOfWords()).as("four pairs").isNull();
        TypeMetrics weakened = metrics.types().get("mllm-hal");
        assertThat(weakened.accepted()).isEqualTo(3);
        assertThat(weakened.completionTokens()).isEqualTo(10);
        assertThat(weakened.promptTokens()).isEqualTo(100);
        assertThat(weakened.words()).isEqualTo(8 / 3.0);
        assertThat(weakened.wordsOfPositive()).isEqualTo(10 / 3.0);
        assertThat(weakened.longer()).isEqualTo(1 / 3.0);
        assertThat(weakened.sameLength()).isEqualTo(1 / 3.0);
        assertThat(weakened.lengthRatio()).isEqualTo(new LengthRatio(0.4, 1.0, 4 / 3.0));
        // a ball a ball, the cat, 蓝 色: a, ball, the, cat, 蓝, 色; a-ball, ball-a, the-cat, 蓝-色 of 5
        assertThat(weakened.diversity()).isEqualTo(new Diversity(8, 6, 6 / 8.0, 4 / 5.0));
        // a red ball, the dog on the grass, 红 色
        assertThat(weakened.diversityOfPositives()).isEqualTo(new Diversity(10, 9, 9 / 10.0, 1.0));
        assertThat(at(weakened.lengths().positive(), 3)).isEqualTo(1);
        assertThat(at(weakened.lengths().positive(), 5)).isEqualTo(1);
        assertThat(at(weakened.lengths().negative(), 2)).isEqualTo(2);
        assertThat(weakened.lengths().negative().stream().mapToLong(n -> n).sum())
                .isEqualTo(3);
        assertThat(weakened.sources())
                .containsExactly(
                        new Source("model of mllm-hal", "length", 1), new Source("model of mllm-hal", "stop", 2));
        assertThat(weakened.examples()).hasSize(2).doesNotHaveDuplicates();
        assertThat(metrics.types().get("swapped-hal").examples())
                .containsExactly(new Example(
                        Completion.id("one", "swapped-hal{}", 0, 0),
                        "one",
                        "i1",
                        ASKED,
                        "A red ball.",
                        "A blue ball."));
    }

    @Test
    void drawAWeakeningCurve() {
        prompt("one", "i1", "A red ball lies on the grass.");
        prompt("two", "i2", "The");
        negative("one", CompletionType.WEAKENED, "A red ball.", "stop", 0, "{\"step\": 410}");
        negative(
                "one", CompletionType.WEAKENED, "On the grass a blue ball lies, a ball.", "stop", 0, "{\"step\": 499}");
        negative("one", CompletionType.WEAKENED, "cat", "stop", 0, "{\"step\": 900}");
        negative("two", CompletionType.WEAKENED, "cat", "stop", 0, "{\"step\": 0}");
        negative("one", CompletionType.SWAPPED, "A blue ball lies on the grass.", "stop", 0);

        NegativeMetrics metrics = metrics(0);

        // red, ball, lie, on, grass: two of them, then four
        assertThat(metrics.types().get("mllm-hal").weakening())
                .containsExactly(
                        new WeakenedPoint(0, 100, 1, null),
                        new WeakenedPoint(400, 500, 2, 0.6000000000000001),
                        new WeakenedPoint(900, 1000, 1, 0.0));
        assertThat(metrics.types().get("swapped-hal").weakening()).isEmpty();
    }

    @Test
    void countANegativeOnceWhateverThePositives() {
        prompt("one", "i1", "first", "second of these");
        negative("one", CompletionType.RETRIEVED, "another", "stop", 0);

        TypeMetrics retrieved = metrics(1).types().get("retrieved-hal");

        assertThat(retrieved.accepted()).isEqualTo(1);
        String first =
                Completion.id("one", Completion.SOURCE, 0, 0).compareTo(Completion.id("one", Completion.SOURCE, 0, 1))
                                < 0
                        ? "first"
                        : "second of these";
        assertThat(retrieved.examples().get(0).positive()).isEqualTo(first);
    }

    @Test
    void tellWordsApartByTypeAndOfTheMix() {
        for (int i = 0; i < 60; i++) {
            prompt("p" + i, "i" + i, "right w" + i);
            negative("p" + i, CompletionType.WEAKENED, "wrong w" + i, "stop", 1);
            negative("p" + i, CompletionType.SWAPPED, "w" + i + " right", "stop", 1);
        }

        NegativeMetrics metrics = metrics(0);

        assertThat(metrics.figures())
                .containsEntry("bag-of-words.mllm-hal", 1.0)
                .containsEntry("bag-of-words.swapped-hal", 0.5)
                .containsEntry("bag-of-words.all", 0.75)
                .containsEntry("accepted.mllm-hal", 60.0)
                .containsEntry("distinct-1.swapped-hal", 61 / 120.0);
        String json = MetricsJson.write(metrics);
        assertThat(MetricsJson.read(json, NegativeMetrics.class, "metrics.json"))
                .isEqualTo(metrics);
    }

    @Test
    void areThoseOfNothing() {
        NegativeMetrics metrics = metrics(3);

        assertThat(metrics.types()).isEmpty();
        assertThat(metrics.figures()).isEqualTo(Map.of());
        assertThat(MetricsJson.read(MetricsJson.write(metrics), NegativeMetrics.class, "metrics.json"))
                .isEqualTo(metrics);
    }

    @Test
    void hasNoDiversityOfTextsWithoutAWord() {
        prompt("one", "i1", "...");
        negative("one", CompletionType.RETRIEVED, "!", "stop", 0);

        TypeMetrics retrieved = metrics(1).types().get("retrieved-hal");

        assertThat(retrieved.diversity()).isEqualTo(new Diversity(0, 0, null, null));
        assertThat(retrieved.lengthRatio()).isEqualTo(new LengthRatio(0, 0, 0));
    }
}
