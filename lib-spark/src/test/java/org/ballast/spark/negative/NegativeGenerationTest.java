package org.ballast.spark.negative;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.data.Completion;
import org.ballast.core.data.Domain;
import org.ballast.core.data.ImageRow;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.RowAccount;
import org.ballast.core.data.Sample;
import org.ballast.core.data.Sha256;
import org.ballast.core.negative.MatchRule;
import org.ballast.core.negative.QualityRule;
import org.ballast.core.negative.QualityRules;
import org.ballast.core.negative.SwapCategory;
import org.ballast.core.negative.SwapLexicon;
import org.ballast.spark.SparkExtension;
import org.ballast.spark.io.Manifest;
import org.ballast.spark.io.RunHeader;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.rows.CompletionRows;
import org.ballast.spark.rows.ImageRows;
import org.ballast.spark.rows.PromptRows;
import org.ballast.spark.rows.SampleRows;
import org.ballast.spark.session.Phases;
import org.ballast.spark.units.UnitOptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Negatives that need no model: exchanged words and retrieved responses, under rules. */
@ExtendWith(SparkExtension.class)
class NegativeGenerationTest {
    private static final long SEED = 17;
    private static final NegativeOptions.Share ALL = new NegativeOptions.Share(1, 1);
    private static final String ASKED = "<image>\nDescribe it.";

    private final SparkSession spark;

    @TempDir
    Path root;

    private StageFolder data;
    private final List<Prompt> prompts = new ArrayList<>();
    private final List<Completion> positives = new ArrayList<>();

    NegativeGenerationTest(SparkSession spark) {
        this.spark = spark;
    }

    private StageFolder open(String stage) {
        StageFolder folder = StageFolder.of(new Configuration(), root.toString(), stage);
        folder.open(RunHeader.now(stage, "test", "c", Map.of()), false);
        return folder;
    }

    private static String image(int i) {
        return Sha256.of(new byte[] {(byte) i});
    }

    private void prompt(String id, int image, String positive) {
        prompts.add(new Prompt(id, image(image), ASKED, List.of(), "describe", null, "train", "s", null));
        positives.add(Completion.groundTruth(id, positive));
    }

    @BeforeEach
    void store() {
        prompt("ball/0", 0, "A dog lies beside a red ball.");
        prompt("again/0", 0, "A dog lies beside a blue ball.");
        prompt("kite/0", 1, "Three people fly a green kite.");
        prompt("plain/0", 2, "Somebody thinks.");
        List<ImageRow> images = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            images.add(new ImageRow(image(i), new byte[] {(byte) i}, i + ".png", 1, 1, "png"));
        }
        data = open("data");
        Tables.write(
                rows(prompts.stream().map(PromptRows::toRow).toList(), Table.PROMPTS), data, Table.PROMPTS, 1 << 20);
        Tables.write(
                rows(positives.stream().map(CompletionRows::toRow).toList(), Table.COMPLETIONS),
                data,
                Table.COMPLETIONS,
                1 << 20);
        Tables.write(rows(images.stream().map(ImageRows::toRow).toList(), Table.IMAGES), data, Table.IMAGES, 1 << 20);
        Sample sample = new Sample("s", image(2), "c", false, 0, "thinker", Domain.IN_DISTRIBUTION, "train", "s", null);
        Tables.write(rows(List.of(SampleRows.toRow(sample)), Table.SAMPLES), data, Table.SAMPLES, 1 << 20);
        data.commit(new Manifest(
                data.header(), "{}", "v", Map.of(), Map.of(), new RowAccount(4, 4, 0), Map.of(), Map.of()));
    }

    private org.apache.spark.sql.Dataset<Row> rows(List<Row> rows, Table table) {
        return spark.createDataFrame(rows, table.schema());
    }

    private static NegativeOptions options(
            Set<SwapCategory> swapped, boolean retrieve, Set<QualityRule> rules, int attempts) {
        return new NegativeOptions(
                List.of("train"),
                List.of(),
                0,
                Optional.empty(),
                Optional.empty(),
                retrieve
                        ? Optional.of(new NegativeOptions.Retrieve(
                                ALL, new RetrieveOptions("train", MatchRule.ANY, attempts, 100_000, 0, 8, SEED)))
                        : Optional.empty(),
                swapped.isEmpty()
                        ? Optional.empty()
                        : Optional.of(new NegativeOptions.Swap(ALL, SwapLexicon.builtIn(), swapped, 1)),
                Optional.empty(),
                NegativeOptions.Price.NONE,
                new QualityRules(rules, List.of(), 0.33, 3, 0.8, attempts),
                NegativeOptions.Checks.NONE,
                1,
                new UnitOptions(2, 1, 1, 1));
    }

    private NegativeGeneration.Result run(StageFolder output, NegativeOptions options) {
        return new NegativeGeneration(spark, output, List.of(data), null, options, SEED)
                .run(new Phases(spark, output.stage()));
    }

    private Map<String, String> negatives(StageFolder output) {
        Map<String, String> negatives = new HashMap<>();
        for (Row row : Tables.read(spark, output, Table.COMPLETIONS).collectAsList()) {
            negatives.put(row.<String>getAs("prompt_id") + " " + row.<String>getAs("type"), row.getAs("response"));
        }
        return negatives;
    }

    private Map<String, String> reasons(StageFolder output) {
        Map<String, String> reasons = new HashMap<>();
        for (Row row : Tables.read(spark, output, Table.QUARANTINE).collectAsList()) {
            reasons.put(row.getAs("id"), row.getAs("reason"));
        }
        return reasons;
    }

    @Test
    void exchangesOneWordAndPutsAsideWhatHasNone() {
        StageFolder output = open("swapped");
        NegativeGeneration.Result outcome = run(output, options(EnumSet.of(SwapCategory.COLOR), false, Set.of(), 1));
        assertThat(outcome.rows()).isEqualTo(new RowAccount(4, 3, 1));
        Map<String, String> negatives = negatives(output);
        assertThat(negatives.get("ball/0 swapped-hal")).matches("A dog lies beside an? (?!red)\\w+ ball\\.");
        assertThat(negatives.get("kite/0 swapped-hal")).matches("Three people fly an? (?!green)\\w+ kite\\.");
        assertThat(reasons(output)).isEqualTo(Map.of("plain/0", "no-candidate"));
        assertThat(NegativeAccounts.write(
                        outcome.completions(), List.of(data), output, new AccountOptions(100, 2, SEED)))
                .containsEntry("accepted.swapped-hal", 3.0)
                .containsEntry("words.swapped-hal", 20.0 / 3)
                .containsEntry("words-of-positive.swapped-hal", 20.0 / 3)
                .containsEntry("length-ratio.swapped-hal.p50", 1.0);
    }

    @Test
    void retrievesTheNextResponseWhereTheFirstIsRejected() {
        StageFolder first = open("first");
        run(first, options(Set.of(), true, Set.of(), 1));
        String near = negatives(first).get("plain/0 retrieved-hal");
        assertThat(near).isNotNull();

        StageFolder strict = open("strict");
        NegativeGeneration.Result outcome =
                run(strict, options(Set.of(), true, EnumSet.of(QualityRule.LENGTH_RATIO), 2));
        assertThat(outcome.rows()).isEqualTo(new RowAccount(4, 3, 1));
        assertThat(reasons(strict)).isEqualTo(Map.of("plain/0", "length-ratio"));
    }

    @Test
    void rejectsWhatIsTrueOfThePictureByAnotherResponse() {
        // the pictures of "ball" and "again" are one, so a ball of either color is known to be right
        NegativeOptions options = options(EnumSet.of(SwapCategory.COLOR), false, EnumSet.of(QualityRule.NOT_WRONG), 30);
        StageFolder output = open("checked");
        run(output, options);
        Map<String, String> negatives = negatives(output);
        assertThat(negatives.get("ball/0 swapped-hal")).doesNotContain("blue").doesNotContain("red");
        assertThat(negatives.get("again/0 swapped-hal")).doesNotContain("blue").doesNotContain("red");
    }

    @Test
    void refusesToDoNothing() {
        assertThatThrownBy(() -> options(Set.of(), false, Set.of(), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("all off");
    }
}
