package org.ballast.spark.export;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.data.Completion;
import org.ballast.core.data.CompletionType;
import org.ballast.core.data.PairRule;
import org.ballast.core.data.Prompt;
import org.ballast.core.longtail.PairRepeats;
import org.ballast.core.longtail.PairSampling;
import org.ballast.spark.SparkExtension;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Tables;
import org.ballast.spark.pairs.SampledPairs;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Pairs that are written as often as their class asks for. */
@ExtendWith(SparkExtension.class)
class SampledExportTest {
    private static final PairRule RULE = PairRule.groundTruthAgainst(EnumSet.of(CompletionType.WEAKENED), 0);

    private final SparkSession spark;

    @TempDir
    Path root;

    SampledExportTest(SparkSession spark) {
        this.spark = spark;
    }

    /** Classes of 60, 12 and 3 pairs, and 10 pairs without a class, in train; 5 of one class in val. */
    private static List<Prompt> prompts() {
        List<Prompt> prompts = new ArrayList<>();
        for (int i = 0; i < 90; i++) {
            Integer label =
                    i < 60 ? Integer.valueOf(0) : i < 72 ? Integer.valueOf(1) : i < 75 ? Integer.valueOf(2) : null;
            prompts.add(new Prompt(
                    "p" + i,
                    null,
                    "What?",
                    List.of(),
                    null,
                    i < 85 ? label : Integer.valueOf(0),
                    i < 85 ? "train" : "val",
                    "s",
                    null));
        }
        return prompts;
    }

    @Test
    void eachClassComesAsOftenAndEachSplitByItself() {
        Stages stages = new Stages(spark, root, 1 << 20);
        List<Completion> completions = new ArrayList<>();
        for (Prompt prompt : prompts()) {
            completions.add(Completion.groundTruth(prompt.promptId(), prompt.split() + " " + prompt.label()));
            completions.add(Stages.negative(prompt.promptId(), CompletionType.WEAKENED, "No."));
        }
        StageFolder data = stages.prompts("data", prompts(), List.of());
        StageFolder answers = stages.completions("answers", completions);
        StageFolder out = stages.open("out");
        PairSampling sampling = new PairSampling(1, 0, 17);
        Exporter.run(
                spark,
                out,
                new ExportOptions(
                        ExportFormat.TRL,
                        ExportOptions.Rows.PREFERENCE,
                        ExportOptions.Pictures.FILES,
                        RULE,
                        sampling,
                        List.of(),
                        1 << 20,
                        1 << 20),
                List.of(data),
                List.of(answers));
        Stages.commit(out);

        Map<String, Integer> taken = new HashMap<>();
        TreeSet<String> ids = new TreeSet<>();
        for (Row row : Tables.read(spark, StageFolder.of(new Configuration(), root.toString(), "out"), TrlRows.PAIRS)
                .collectAsList()) {
            taken.merge(row.<Row>getList(row.fieldIndex("chosen")).get(0).getAs("content"), 1, Integer::sum);
            assertThat(ids.add(row.getAs("pair_id"))).isTrue();
        }
        assertThat(taken).containsEntry("val 0", 5).containsEntry("train null", 10);
        // 25 of each class; what is rounded has a standard deviation of at most half the root of the pairs
        assertThat(taken.get("train 0")).isBetween(25 - 12, 25 + 12);
        assertThat(taken.get("train 1")).isBetween(25 - 5, 25 + 5);
        assertThat(taken.get("train 2")).isBetween(24, 27);
        assertThat(ids).anyMatch(id -> id.endsWith("#8"));
    }

    @Test
    void partitionsDoNotMatter() {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            rows.add(RowFactory.create(i % 3 == 0 ? "val" : "train", i % 7 == 0 ? null : i * i / 9000, (long) (i % 4)));
        }
        Dataset<Row> counted = spark.createDataFrame(rows, SampledPairs.COUNTED);
        PairSampling sampling = new PairSampling(0.7, 90, 17);
        SampledPairs one = SampledPairs.of(counted.coalesce(1), sampling);
        SampledPairs many = SampledPairs.of(counted.repartition(7), sampling);
        Map<Integer, Long> train = new HashMap<>();
        rows.stream()
                .filter(row -> row.getString(0).equals("train"))
                .forEach(row -> train.merge(row.<Integer>getAs(1), row.getLong(2), Long::sum));
        PairRepeats expected = PairRepeats.of(train, sampling);
        for (int i = 0; i < 100; i++) {
            Integer label = i % 5 == 4 ? null : Integer.valueOf(i % 5);
            assertThat(one.copies("train", label, "p" + i))
                    .isEqualTo(many.copies("train", label, "p" + i))
                    .isEqualTo(expected.copies(label, "p" + i));
        }
        assertThat(one.copies(null, null, "x")).isEqualTo(1);
    }
}
