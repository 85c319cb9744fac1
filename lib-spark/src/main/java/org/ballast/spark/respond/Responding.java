package org.ballast.spark.respond;

import java.io.IOException;
import java.util.function.UnaryOperator;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.model.ModelSpec;
import org.ballast.spark.units.UnitRunner;

/** Answers rows, or scores the responses that they bring along. */
public final class Responding {
    private Responding() {}

    /** Runs; each row ends in {@code responses} or in {@code quarantine}. */
    public static UnitRunner.Outcome run(
            SparkSession spark, StageFolder output, InputFiles input, ModelSpec model, RespondOptions options)
            throws IOException {
        Dataset<Row> rows;
        UnaryOperator<Dataset<Row>> widen;
        switch (input.form()) {
            case PARQUET -> {
                ParquetRows stored = new ParquetRows(spark, input);
                rows = stored.rows();
                widen = stored::withPictures;
            }
            case JSON_LINES -> {
                rows = JsonLines.read(spark, input);
                widen = UnaryOperator.identity();
            }
            default -> throw new IllegalStateException("no reader for " + input.form());
        }
        SerializableConfiguration hadoop =
                new SerializableConfiguration(spark.sparkContext().hadoopConfiguration());
        return new UnitRunner(spark, output, Table.RESPONSES, options.units())
                .run(
                        RequestRows.keyed(rows),
                        RequestRows.KEY,
                        widen,
                        new RespondUnit(model, options, hadoop),
                        1,
                        Tables.TARGET_FILE_BYTES);
    }
}
