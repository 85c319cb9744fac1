package org.ballast.spark.units;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.spark.SparkExtension;
import org.ballast.spark.io.RunHeader;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(SparkExtension.class)
class UnitRunnerTest {
    private static final Table NUMBERS =
            new Table("numbers", new StructType().add("id", DataTypes.StringType, false), List.of("id"), false, false);

    private final SparkSession spark;

    @TempDir
    private Path root;

    UnitRunnerTest(SparkSession spark) {
        this.spark = spark;
    }

    /** Numbers of so many rows, a unit each; the folder where the waves' work lies. */
    private Path run(int rows, UnitOptions options) {
        StageFolder stage = StageFolder.of(new Configuration(), root.toString(), "counted");
        stage.open(RunHeader.now(stage.stage(), "test", "c", Map.of()), false);
        UnitFunction copy = (unit, out) -> unit.forEach(row -> out.accept(RowFactory.create(row.<String>getAs("id"))));
        UnitRunner.Made made = new UnitRunner(spark, stage, NUMBERS, options)
                .work(
                        spark.range(rows).select(col("id").cast("string").as("id")),
                        "id",
                        UnaryOperator.identity(),
                        copy,
                        lit(1));
        assertThat(made.attempts()).isEqualTo(rows);
        assertThat(made.rows().distinct().count()).isEqualTo(rows);
        return root.resolve("counted/_work");
    }

    private static List<Integer> sizes(Path work) throws IOException {
        List<Integer> sizes = new ArrayList<>();
        for (Path note = note(work, 0); Files.exists(note); note = note(work, sizes.size())) {
            JsonNode range = new ObjectMapper().readTree(note.toFile());
            sizes.add(range.path("end").asInt() - range.path("first").asInt());
        }
        return sizes;
    }

    private static Path note(Path work, int wave) {
        return work.resolve("numbers_units-range-%05d.json".formatted(wave));
    }

    private static File[] files(Path work, int wave) {
        return work.resolve("numbers_units/wave-%05d".formatted(wave))
                .toFile()
                .listFiles((folder, name) -> name.endsWith(".parquet"));
    }

    @Test
    void wavesThatBeginTogetherDiffer() throws IOException {
        assertThat(sizes(run(20, new UnitOptions(1, 6, 0, 3, 1, 0, 1)))).containsExactly(2, 4, 6, 6, 2);
    }

    @Test
    void aWaveTakesAllSlots() throws IOException {
        int slots = spark.sparkContext().defaultParallelism();
        Path work = run(8 * slots, new UnitOptions(1, 4 * slots, 0, 2, 1, 0, 1));
        assertThat(files(work, 1)).hasSize(slots);
    }

    @Test
    void wavesShareTheSlotsWhereUnitsWait() throws IOException {
        int slots = spark.sparkContext().defaultParallelism();
        assertThat(slots).isGreaterThan(1);
        Path work = run(8 * slots, new UnitOptions(1, 4 * slots, 0, 2, 4, 0, 1));
        assertThat(files(work, 1)).hasSize(slots / 2);
    }
}
