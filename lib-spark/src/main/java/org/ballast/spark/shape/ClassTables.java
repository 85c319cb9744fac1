package org.ballast.spark.shape;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.ballast.core.data.Domain;
import org.ballast.core.longtail.ClassCount;
import org.ballast.core.longtail.ClassSampling;
import org.ballast.core.longtail.ClassStatistic;
import org.ballast.core.longtail.TailReport;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.rows.ClassSamplingRows;
import org.ballast.spark.rows.ClassStatisticRows;

/** The tables that describe a stage's classes; the driver holds a row for each class of each split. */
public final class ClassTables {
    public static final Table STATISTICS = new Table(
            "class_statistics",
            ClassStatisticRows.SCHEMA,
            List.of("table_name", "split", "domain", "label"),
            false,
            false);
    public static final Table SAMPLING = new Table(
            "sampling", ClassSamplingRows.SCHEMA, List.of("table_name", "split", "domain", "label"), false, false);

    private ClassTables() {}

    /**
     * What was written.
     *
     * @param rows by table
     * @param figures for the manifest, see {@link TailReport}
     */
    public record Written(Map<String, Long> rows, Map<String, Double> figures) {}

    /**
     * Writes {@code class_statistics} and {@code sampling} of the stage's {@code samples} and {@code prompts}, as far as it
     * has these tables and their rows have labels; nothing where none has.
     *
     * @param stage open, with its rows written
     */
    public static Written write(SparkSession spark, StageFolder stage, ShapeOptions options, long targetFileBytes) {
        List<ClassCount> counts = new ArrayList<>();
        for (Table table : List.of(Table.SAMPLES, Table.PROMPTS)) {
            if (stage.has(table.name())) {
                counts.addAll(counts(Tables.read(spark, stage, table), table));
            }
        }
        Map<String, Long> rows = new TreeMap<>();
        List<ClassStatistic> statistics =
                ClassStatistic.of(counts, options.splits().trainSplit());
        if (!statistics.isEmpty()) {
            List<Row> stored =
                    statistics.stream().map(ClassStatisticRows::toRow).toList();
            rows.put(
                    STATISTICS.name(),
                    Tables.write(
                            spark.createDataFrame(stored, STATISTICS.schema()), stage, STATISTICS, targetFileBytes));
        }
        List<ClassSampling> sampling = ClassSampling.of(counts, options.sampling());
        if (!sampling.isEmpty()) {
            List<Row> stored = sampling.stream().map(ClassSamplingRows::toRow).toList();
            rows.put(
                    SAMPLING.name(),
                    Tables.write(spark.createDataFrame(stored, SAMPLING.schema()), stage, SAMPLING, targetFileBytes));
        }
        return new Written(rows, TailReport.of(statistics));
    }

    /** The classes of a table's rows, ordered. */
    static List<ClassCount> counts(Dataset<Row> rows, Table table) {
        boolean samples = table.name().equals(Table.SAMPLES.name());
        Column none = lit(null).cast(DataTypes.StringType);
        List<ClassCount> counts = new ArrayList<>();
        for (Row row : rows.filter(col("label").isNotNull())
                .groupBy(col("split"), (samples ? col("domain") : none).as("domain"), col("label"))
                .agg(count(lit(1)), min(samples ? col("label_name") : none))
                .orderBy("split", "domain", "label")
                .collectAsList()) {
            counts.add(new ClassCount(
                    table.name(),
                    row.getString(0),
                    row.isNullAt(1) ? null : Domain.of(row.getString(1)),
                    row.getInt(2),
                    row.getString(4),
                    row.getLong(3)));
        }
        return counts;
    }
}
