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
     * The tables of these classes, not yet stored: for a caller that puts them in place itself.
     *
     * @param statistics rows of {@link #STATISTICS}
     * @param sampling rows of {@link #SAMPLING}
     * @param figures for the manifest, see {@link TailReport}
     */
    public record Described(List<Row> statistics, List<Row> sampling, Map<String, Double> figures) {}

    /** Describes classes; empty where there are none. */
    public static Described describe(List<ClassCount> counts, ShapeOptions options) {
        List<ClassStatistic> statistics =
                ClassStatistic.of(counts, options.splits().trainSplit());
        return new Described(
                statistics.stream().map(ClassStatisticRows::toRow).toList(),
                ClassSampling.of(counts, options.sampling()).stream()
                        .map(ClassSamplingRows::toRow)
                        .toList(),
                TailReport.of(statistics));
    }

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
        Described described = describe(counts, options);
        Map<String, Long> rows = new TreeMap<>();
        Map.of(STATISTICS, described.statistics(), SAMPLING, described.sampling())
                .forEach((table, stored) -> {
                    if (!stored.isEmpty()) {
                        Dataset<Row> data = spark.createDataFrame(stored, table.schema());
                        rows.put(table.name(), Tables.write(data, stage, table, targetFileBytes));
                    }
                });
        return new Written(rows, described.figures());
    }

    /**
     * The classes of a table's rows, ordered.
     *
     * @param rows with {@code split} and {@code label}, and with {@code domain} and {@code label_name} for {@code samples}
     * @param table {@link Table#SAMPLES} or {@link Table#PROMPTS}
     */
    public static List<ClassCount> counts(Dataset<Row> rows, Table table) {
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
