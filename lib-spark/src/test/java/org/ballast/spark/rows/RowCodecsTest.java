package org.ballast.spark.rows;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.Function;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Completion;
import org.ballast.core.data.Domain;
import org.ballast.core.data.Duplicate;
import org.ballast.core.data.Feature;
import org.ballast.core.data.ImageRow;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.Quarantined;
import org.ballast.core.data.Reason;
import org.ballast.core.data.ReferenceLogProb;
import org.ballast.core.data.Sample;
import org.ballast.core.data.Sha256;
import org.ballast.core.data.Turn;
import org.ballast.core.data.VisionFeature;
import org.ballast.spark.SparkExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SparkExtension.class)
class RowCodecsTest {
    private final SparkSession spark;

    RowCodecsTest(SparkSession spark) {
        this.spark = spark;
    }

    private <T> void roundTrips(List<T> values, StructType schema, Function<T, Row> toRow, Function<Row, T> fromRow) {
        List<Row> rows = values.stream().map(toRow).toList();
        assertThat(rows.stream().map(fromRow).toList()).isEqualTo(values);
        assertThat(spark.createDataFrame(rows, schema).collectAsList().stream()
                        .map(fromRow)
                        .toList())
                .isEqualTo(values);
        // through the encoder, as tasks do it
        assertThat(spark
                        .createDataset(rows, Encoders.row(schema))
                        .map((MapFunction<Row, Row>) row -> row, Encoders.row(schema))
                        .collectAsList()
                        .stream()
                        .map(fromRow)
                        .toList())
                .isEqualTo(values);
    }

    @Test
    void recordsComeBackFromSparkAsTheyWere() {
        byte[] bytes = {1, 2, 3};
        roundTrips(
                List.of(new ImageRow(Sha256.of(bytes), bytes, "a/b.png", 4, 5, "png")),
                ImageRows.SCHEMA,
                ImageRows::toRow,
                ImageRows::fromRow);
        roundTrips(
                List.of(
                        new Sample("s", "i", "a [mask]", true, 3, "cat", Domain.IN_DISTRIBUTION, "train", "x", "w1"),
                        new Sample("t", "i", "", false, -1, null, Domain.OUT_OF_DISTRIBUTION, "open", "x", null)),
                SampleRows.SCHEMA,
                SampleRows::toRow,
                SampleRows::fromRow);
        roundTrips(
                List.of(
                        new Prompt("p", null, "Why?", List.of(), null, null, "train", "x", null),
                        new Prompt(
                                "q",
                                "i",
                                "And?",
                                List.of(new Turn("<image>\nWhat?", "A cat."), new Turn("So?", "")),
                                "describe",
                                7,
                                "val",
                                "x",
                                "w")),
                PromptRows.SCHEMA,
                PromptRows::toRow,
                PromptRows::fromRow);
        roundTrips(
                List.of(Completion.groundTruth("p", "Because.")),
                CompletionRows.SCHEMA,
                CompletionRows::toRow,
                CompletionRows::fromRow);
        roundTrips(
                List.of(new ReferenceLogProb("c", ReferenceLogProb.weakened(900, -3), "m", -12.5, 4)),
                ReferenceLogProbRows.SCHEMA,
                ReferenceLogProbRows::toRow,
                ReferenceLogProbRows::fromRow);
        roundTrips(
                List.of(
                        new Feature("i", "m", new float[] {1.5f, -2}, null),
                        new Feature("j", "m", new float[] {Float.MIN_VALUE}, new float[] {3})),
                FeatureRows.SCHEMA,
                FeatureRows::toRow,
                FeatureRows::fromRow);
        String id = Sha256.of(new byte[] {1});
        roundTrips(
                List.of(
                        new Duplicate(id, "a.png", Sha256.of(new byte[] {2}), Duplicate.Kind.PERCEPTUAL, 3),
                        new Duplicate(id, "b.png", id, Duplicate.Kind.EXACT, 0)),
                DuplicateRows.SCHEMA,
                DuplicateRows::toRow,
                DuplicateRows::fromRow);
        roundTrips(
                List.of(new VisionFeature("i", "m", 2, 3, new float[] {1.5f, -2, 0, 1e-30f, 7, 3e38f})),
                VisionFeatureRows.SCHEMA,
                VisionFeatureRows::toRow,
                VisionFeatureRows::fromRow);
        roundTrips(
                List.of(new Quarantined(null, "f.json", -1, Reason.NO_IMAGE, "no image", null)),
                QuarantinedRows.SCHEMA,
                QuarantinedRows::toRow,
                QuarantinedRows::fromRow);
    }
}
