package org.ballast.spark.negative;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.data.Completion;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.RowAccount;
import org.ballast.core.data.Sha256;
import org.ballast.core.negative.QualityRules;
import org.ballast.core.negative.SwapCategory;
import org.ballast.core.negative.SwapLexicon;
import org.ballast.spark.SparkExtension;
import org.ballast.spark.io.Manifest;
import org.ballast.spark.io.RunHeader;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.negative.NegativeOptions.Share;
import org.ballast.spark.rows.CompletionRows;
import org.ballast.spark.rows.PromptRows;
import org.ballast.spark.session.Phases;
import org.ballast.spark.units.UnitOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Negatives of data that grow, of policies that change, and of a part of the prompts. */
@ExtendWith(SparkExtension.class)
class NegativeUpdateTest {
    private static final long SEED = 17;
    private static final Share ALL = new Share(1, 1);
    private static final String[] COLORS = {"red", "blue", "green", "yellow", "black", "white", "brown", "orange"};

    private final SparkSession spark;

    @TempDir
    Path root;

    private int version;

    NegativeUpdateTest(SparkSession spark) {
        this.spark = spark;
    }

    /** A finished data stage with prompts {@code p<first>/0 .. p<end - 1>/0}. */
    private StageFolder data(int first, int end, Set<Integer> changed) {
        List<Row> prompts = new ArrayList<>();
        List<Row> positives = new ArrayList<>();
        for (int i = first; i < end; i++) {
            String id = "p%03d/0".formatted(i);
            String kind = i % 4 == 0 ? "question" : "describe";
            prompts.add(PromptRows.toRow(new Prompt(
                    id,
                    Sha256.of(Integer.toString(i)),
                    "<image>\nDescribe it.",
                    List.of(),
                    kind,
                    null,
                    "train",
                    "s",
                    null)));
            String color = COLORS[(changed.contains(i) ? i + 1 : i) % COLORS.length];
            positives.add(CompletionRows.toRow(Completion.groundTruth(
                    id, i % 10 == 9 ? "Nothing there." : "A %s ball beside thing %d.".formatted(color, i))));
        }
        StageFolder data = StageFolder.of(new Configuration(), root.toString(), "data" + version++);
        data.open(RunHeader.now(data.stage(), "test", "c", Map.of()), false);
        Tables.write(spark.createDataFrame(prompts, PromptRows.SCHEMA), data, Table.PROMPTS, 1 << 20);
        Tables.write(spark.createDataFrame(positives, CompletionRows.SCHEMA), data, Table.COMPLETIONS, 1 << 20);
        commit(data, new RowAccount(prompts.size(), prompts.size(), 0));
        return data;
    }

    private static void commit(StageFolder stage, RowAccount rows) {
        stage.commit(new Manifest(stage.header(), "{}", "v", Map.of(), Map.of(), rows, Map.of(), Map.of()));
    }

    private static NegativeOptions options(Share share, Set<SwapCategory> categories, int sample, UnitOptions units) {
        return new NegativeOptions(
                List.of("train"),
                List.of(),
                sample,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(new NegativeOptions.Swap(share, SwapLexicon.builtIn(), categories, 1)),
                Optional.empty(),
                NegativeOptions.Price.NONE,
                new QualityRules(Set.of(), List.of(), 0.33, 3, 0.8, 2),
                NegativeOptions.Checks.NONE,
                1,
                units);
    }

    private static NegativeOptions colors() {
        return options(ALL, EnumSet.of(SwapCategory.COLOR), 0, new UnitOptions(7, 2, 0, 1));
    }

    /** A run on a stage's folder, as the job makes it; {@code inputs} tells one run from the next. */
    private NegativeGeneration.Result run(String stage, StageFolder data, NegativeOptions options, String inputs) {
        StageFolder output = StageFolder.of(new Configuration(), root.toString(), stage);
        output.open(RunHeader.now(stage, "negatives", "c", Map.of("data", inputs)), false, true);
        NegativeGeneration.Result result = new NegativeGeneration(spark, output, List.of(data), null, options, SEED)
                .run(new Phases(spark, output.stage()));
        commit(output, result.rows());
        return result;
    }

    private Dataset<Row> table(String stage, Table table) {
        return Tables.read(spark, StageFolder.of(new Configuration(), root.toString(), stage), table);
    }

    private Set<String> stored(String stage, Table table) {
        Set<String> rows = new HashSet<>();
        List<Row> all = table(stage, table).collectAsList();
        all.forEach(row -> rows.add(row.toString()));
        assertThat(rows).as("rows of %s, none twice", table.name()).hasSize(all.size());
        return rows;
    }

    private void assertSame(String stage, String other) {
        for (Table table : List.of(Table.COMPLETIONS, Table.QUARANTINE, AttemptRows.TABLE)) {
            assertThat(stored(stage, table)).isEqualTo(stored(other, table));
        }
    }

    @Test
    void addsOnlyWhatGrewAndEndsAsOneRunWould() {
        run("grown", data(0, 30, Set.of()), colors(), "a");
        StageFolder more = data(0, 50, Set.of());
        NegativeGeneration.Result second = run("grown", more, colors(), "b");
        assertThat(second.rows()).isEqualTo(new RowAccount(50, 18, 2, 30));
        run("whole", more, colors(), "b");
        assertSame("grown", "whole");

        NegativeGeneration.Result third = run("grown", more, colors(), "c");
        assertThat(third.rows()).isEqualTo(new RowAccount(50, 0, 0, 50));
        assertSame("grown", "whole");
    }

    @Test
    void makesAgainWhatChangedAndDropsWhatIsGone() {
        run("changed", data(0, 30, Set.of()), colors(), "a");
        StageFolder other = data(5, 30, Set.of(6, 7));
        NegativeGeneration.Result second = run("changed", other, colors(), "b");
        assertThat(second.rows()).isEqualTo(new RowAccount(25, 2, 0, 23));
        run("whole", other, colors(), "b");
        assertSame("changed", "whole");
    }

    @Test
    void keepsNegativesOfOtherSettingsBesideTheNewOnes() {
        StageFolder data = data(0, 30, Set.of());
        run("both", data, colors(), "a");
        Set<String> before = stored("both", Table.COMPLETIONS);
        NegativeOptions wider =
                options(ALL, EnumSet.of(SwapCategory.COLOR, SwapCategory.POSITION), 0, new UnitOptions(7, 2, 0, 1));
        NegativeGeneration.Result second = run("both", data, wider, "b");
        assertThat(second.rows().unchanged()).isEqualTo(30);
        assertThat(second.rows().out()).isEqualTo(27);
        assertThat(stored("both", Table.COMPLETIONS)).containsAll(before).hasSize(54);
        assertThat(table("both", Table.COMPLETIONS).select("policy").distinct().count())
                .isEqualTo(2);
    }

    @Test
    void goesOnFromAPilotOfEachKind() {
        StageFolder data = data(0, 40, Set.of());
        NegativeOptions pilot = options(ALL, EnumSet.of(SwapCategory.COLOR), 8, new UnitOptions(7, 2, 0, 1));
        NegativeGeneration.Result first = run("pilot", data, pilot, "a");
        assertThat(first.rows().in()).isEqualTo(8);
        long questions = Tables.read(spark, List.of(data), Table.PROMPTS)
                .filter("kind = 'question'")
                .join(table("pilot", AttemptRows.TABLE), "prompt_id")
                .count();
        assertThat(questions).as("a quarter of the prompts are questions").isEqualTo(2);
        assertThat(run("pilot", data, colors(), "b").rows().unchanged()).isEqualTo(8);
        run("whole", data, colors(), "b");
        assertSame("pilot", "whole");
    }

    @Test
    void aShareGrowsWithoutNewDraws() {
        StageFolder data = data(0, 200, Set.of());
        UnitOptions units = new UnitOptions(16, 4, 0, 1);
        long half = run("part", data, options(new Share(0.5, 1), EnumSet.of(SwapCategory.COLOR), 0, units), "a")
                .rows()
                .in();
        assertThat(half).isBetween(70L, 130L);
        NegativeGeneration.Result rest =
                run("part", data, options(new Share(1, 2), EnumSet.of(SwapCategory.COLOR), 0, units), "b");
        assertThat(rest.rows().unchanged()).isEqualTo(half);
        assertThat(rest.rows().in()).isEqualTo(400);
        assertThat(table("part", Table.COMPLETIONS)
                        .groupBy("prompt_id")
                        .agg(org.apache
                                .spark
                                .sql
                                .functions
                                .countDistinct("response")
                                .as("different"))
                        .filter("different < 2")
                        .count())
                .as("prompts whose two negatives are one")
                .isZero();
    }

    @Test
    void wavesByTimeAndUnitsAtOnceChangeNothing() {
        StageFolder data = data(0, 120, Set.of());
        NegativeOptions several = options(
                ALL,
                EnumSet.of(SwapCategory.COLOR),
                0,
                new UnitOptions(7, 1, 3, 1).withWaves(1, 3).withUnitsAtOnce(4));
        run("waves", data, several, "a");
        run("plain", data, colors(), "a");
        assertSame("waves", "plain");
    }
}
