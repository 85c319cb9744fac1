package org.ballast.spark.shape;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.when;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.RowAccount;
import org.ballast.core.data.split.GroupBy;
import org.ballast.spark.io.BorrowedTables;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.StageInputException;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.io.Waves;
import org.ballast.spark.units.TooManyFailuresException;

/**
 * Shapes finished data stages anew: a stage of its own with their {@code samples}, {@code prompts} and {@code completions} in
 * other splits, and with the class tables. Pictures stay where they are ({@link BorrowedTables}). The caller opens and
 * commits the folder.
 */
public final class Reshape {
    /** What is needed of a row to shape it. */
    private static final StructType NARROW = new StructType()
            .add(ShapeColumns.KEY, DataTypes.StringType)
            .add(ShapeColumns.ID, DataTypes.StringType)
            .add(ShapeColumns.IMAGE_ID, DataTypes.StringType)
            .add(ShapeColumns.LABEL, DataTypes.IntegerType)
            .add(ShapeColumns.SPLIT, DataTypes.StringType)
            .add(ShapeColumns.SAMPLE, DataTypes.BooleanType)
            .add(ShapeColumns.SOURCE, DataTypes.StringType)
            .add(ShapeColumns.DOMAIN, DataTypes.StringType)
            .add(ShapeColumns.DUPLICATE_OF, DataTypes.StringType)
            .add(ShapeColumns.PREVIOUS_SPLIT, DataTypes.StringType)
            .add("stage", DataTypes.StringType)
            .add(ShapeColumns.REASON, DataTypes.StringType)
            .add(ShapeColumns.MESSAGE, DataTypes.StringType);

    private static final Table ROWS =
            new Table("rows", NARROW, List.of(ShapeColumns.SAMPLE, ShapeColumns.KEY), false, false);
    private static final Table SPLIT =
            new Table("split_rows", NARROW, List.of(ShapeColumns.SAMPLE, ShapeColumns.KEY), false, false);

    private final SparkSession spark;
    private final StageFolder output;
    private final List<StageFolder> data;
    private final List<StageFolder> previous;
    private final ReshapeOptions options;

    private Reshape(
            SparkSession spark,
            StageFolder output,
            List<StageFolder> data,
            List<StageFolder> previous,
            ReshapeOptions options) {
        this.spark = spark;
        this.output = output;
        this.data = data;
        this.previous = previous;
        this.options = options;
    }

    /**
     * What a run did.
     *
     * @param rows of {@code samples} and {@code prompts}: in, out, quarantined
     * @param tables rows by table
     * @param figures for the manifest, by name
     */
    public record Result(RowAccount rows, Map<String, Long> tables, Map<String, Double> figures) {}

    /**
     * Runs.
     *
     * @param data finished stages with {@code samples} or {@code prompts} or both
     * @param previous finished stages in which rows with the same ids have the splits that they are to keep; empty for none
     * @throws StageInputException when no stage has such rows, two have one of the same id, or near-duplicates are asked for
     *     and no stage has marked them
     * @throws TooManyFailuresException when more than the allowed share of rows is in quarantine
     */
    public static Result run(
            SparkSession spark,
            StageFolder output,
            List<StageFolder> data,
            List<StageFolder> previous,
            ReshapeOptions options) {
        return new Reshape(spark, output, data, previous, options).run();
    }

    private Result run() {
        Dataset<Row> rows = once(ROWS, narrow());
        requireUnique(rows);
        Shaped shaped = Shaping.shape(
                rows, options.shape(), split -> once(SPLIT, split.select(ShapeColumns.columns(SPLIT.schema()))));
        Dataset<Row> decided = shaped.rows();
        Map<String, Long> tables = new TreeMap<>();
        long in = rows.count();
        tables.put(Table.QUARANTINE.name(), writeQuarantine(decided, in));
        long out = 0;
        for (Table table : List.of(Table.SAMPLES, Table.PROMPTS)) {
            List<StageFolder> holders = with(data, table);
            if (!holders.isEmpty()) {
                long written = write(table, holders, decided);
                tables.put(table.name(), written);
                out += written;
            }
        }
        List<StageFolder> answered = with(data, Table.COMPLETIONS);
        if (!answered.isEmpty() && tables.containsKey(Table.PROMPTS.name())) {
            Dataset<Row> asked = Tables.read(spark, output, Table.PROMPTS).select("prompt_id");
            Dataset<Row> kept = Tables.read(spark, answered, Table.COMPLETIONS)
                    .join(asked, new String[] {"prompt_id"}, "left_semi");
            tables.put(
                    Table.COMPLETIONS.name(), Tables.write(kept, output, Table.COMPLETIONS, options.targetFileBytes()));
        }
        ClassTables.Written classes = ClassTables.write(spark, output, options.shape(), options.targetFileBytes());
        tables.putAll(classes.rows());
        borrow();
        Map<String, Double> figures = new TreeMap<>(shaped.figures());
        figures.putAll(classes.figures());
        figures.putAll(bySplit(decided));
        return new Result(new RowAccount(in, out, tables.get(Table.QUARANTINE.name())), tables, figures);
    }

    /** The rows of all stages, as far as shaping looks at them. */
    private Dataset<Row> narrow() {
        Dataset<Row> all = null;
        for (StageFolder stage : data) {
            for (Table table : List.of(Table.SAMPLES, Table.PROMPTS)) {
                if (stage.has(table.name())) {
                    Dataset<Row> rows = narrow(stage, table);
                    all = all == null ? rows : all.union(rows);
                }
            }
        }
        if (all == null) {
            throw new StageInputException("there is nothing to reshape: stages %s have neither samples nor prompts"
                    .formatted(data.stream().map(StageFolder::stage).toList()));
        }
        Column none = lit(null).cast(DataTypes.StringType);
        Dataset<Row> marked = options.shape().splits().groupBy().contains(GroupBy.NEAR_DUPLICATE)
                ? all.join(lookAlikes(), new String[] {ShapeColumns.IMAGE_ID}, "left")
                : all.withColumn(ShapeColumns.DUPLICATE_OF, none);
        Dataset<Row> known = previous.isEmpty()
                ? marked.withColumn(ShapeColumns.PREVIOUS_SPLIT, none)
                : marked.join(earlier(), new String[] {ShapeColumns.SAMPLE, ShapeColumns.KEY}, "left");
        return ShapeColumns.marked(known).select(ShapeColumns.columns(NARROW));
    }

    private Dataset<Row> narrow(StageFolder stage, Table table) {
        boolean samples = isSamples(table);
        String key = table.key().get(0);
        return Tables.read(spark, List.of(stage), table)
                .select(
                        col(key).as(ShapeColumns.KEY),
                        Shaping.sourceId(lit(samples), col(key)).as(ShapeColumns.ID),
                        col(ShapeColumns.IMAGE_ID),
                        col(ShapeColumns.LABEL),
                        col(ShapeColumns.SPLIT),
                        lit(samples).as(ShapeColumns.SAMPLE),
                        col(ShapeColumns.SOURCE),
                        (samples ? col("domain") : lit(null).cast(DataTypes.StringType)).as(ShapeColumns.DOMAIN),
                        lit(stage.stage()).as("stage"));
    }

    /** For each picture one that it looks like. */
    private Dataset<Row> lookAlikes() {
        List<StageFolder> marked = with(data, Table.DUPLICATES);
        if (marked.isEmpty()) {
            throw new StageInputException(
                    "splits.group-by near-duplicate needs a stage with the table duplicates, which none of %s has: shard with perceptual duplicates marked"
                            .formatted(data.stream().map(StageFolder::stage).toList()));
        }
        return Shaping.lookAlikes(Tables.read(spark, marked, Table.DUPLICATES));
    }

    /** The splits of an earlier shape. */
    private Dataset<Row> earlier() {
        Dataset<Row> all = null;
        for (StageFolder stage : previous) {
            for (Table table : List.of(Table.SAMPLES, Table.PROMPTS)) {
                if (stage.has(table.name())) {
                    Dataset<Row> rows = Tables.read(spark, List.of(stage), table)
                            .select(
                                    lit(isSamples(table)).as(ShapeColumns.SAMPLE),
                                    col(table.key().get(0)).as(ShapeColumns.KEY),
                                    col(Table.SPLIT).as(ShapeColumns.PREVIOUS_SPLIT));
                    all = all == null ? rows : all.union(rows);
                }
            }
        }
        if (all == null) {
            throw new StageInputException("inputs.previous %s has neither samples nor prompts"
                    .formatted(previous.stream().map(StageFolder::stage).toList()));
        }
        return all;
    }

    private void requireUnique(Dataset<Row> rows) {
        List<Row> twice = rows.groupBy(ShapeColumns.SAMPLE, ShapeColumns.KEY)
                .count()
                .filter(col("count").gt(1))
                .orderBy(ShapeColumns.KEY)
                .limit(1)
                .collectAsList();
        if (!twice.isEmpty()) {
            throw new StageInputException("%d rows have the id '%s' in stages %s: nobody could tell them apart"
                    .formatted(
                            twice.get(0).getLong(2),
                            twice.get(0).getString(1),
                            data.stream().map(StageFolder::stage).toList()));
        }
    }

    private long writeQuarantine(Dataset<Row> decided, long in) {
        Column table = when(col(ShapeColumns.SAMPLE), lit(Table.SAMPLES.name())).otherwise(lit(Table.PROMPTS.name()));
        Dataset<Row> bad = decided.filter(col(ShapeColumns.REASON).isNotNull())
                .select(
                        col(ShapeColumns.KEY).as("id"),
                        concat(col("stage"), lit("/"), table).as("source_file"),
                        lit(-1L).as("position"),
                        col(ShapeColumns.REASON),
                        col(ShapeColumns.MESSAGE),
                        lit(null).cast(DataTypes.StringType).as("raw"));
        long quarantined = Tables.write(bad, output, Table.QUARANTINE, options.targetFileBytes());
        if (quarantined > options.maxFailureRate() * in) {
            Map<String, Long> reasons = new TreeMap<>();
            bad.groupBy(ShapeColumns.REASON)
                    .count()
                    .collectAsList()
                    .forEach(row -> reasons.put(row.getString(0), row.getLong(1)));
            throw new TooManyFailuresException(output.stage(), quarantined, in, options.maxFailureRate(), reasons);
        }
        return quarantined;
    }

    /** A text table with the splits as decided. */
    private long write(Table table, List<StageFolder> holders, Dataset<Row> decided) {
        String key = table.key().get(0);
        Column mine = isSamples(table) ? col(ShapeColumns.SAMPLE) : not(col(ShapeColumns.SAMPLE));
        Dataset<Row> places = decided.filter(mine.and(col(ShapeColumns.REASON).isNull()))
                .select(col(ShapeColumns.KEY).as(key), col(ShapeColumns.SPLIT));
        Dataset<Row> rows = Tables.read(spark, holders, table).drop(Table.SPLIT).join(places, new String[] {key});
        return Tables.write(rows, output, table, options.targetFileBytes());
    }

    private void borrow() {
        Map<String, List<String>> borrowed = new TreeMap<>();
        for (Table table : List.of(Table.IMAGES, Table.DUPLICATES)) {
            List<String> stages =
                    with(data, table).stream().map(StageFolder::stage).toList();
            if (!stages.isEmpty()) {
                borrowed.put(table.name(), stages);
            }
        }
        BorrowedTables.write(output, borrowed);
    }

    private static Map<String, Double> bySplit(Dataset<Row> decided) {
        Map<String, Double> figures = new TreeMap<>();
        for (Row row : decided.filter(col(ShapeColumns.REASON).isNull())
                .groupBy(ShapeColumns.SAMPLE, ShapeColumns.SPLIT)
                .count()
                .collectAsList()) {
            Table table = row.getBoolean(0) ? Table.SAMPLES : Table.PROMPTS;
            figures.put("rows.%s.%s".formatted(table.name(), row.getString(1)), (double) row.getLong(2));
        }
        return figures;
    }

    private Dataset<Row> once(Table table, Dataset<Row> rows) {
        Waves waves = Waves.of(output, table);
        waves.write(0, () -> rows);
        return waves.read(spark);
    }

    /** The stages that hold a table, or use one that another holds. */
    private static List<StageFolder> with(List<StageFolder> stages, Table table) {
        return stages.stream()
                .filter(stage -> BorrowedTables.holders(List.of(stage), table).stream()
                        .anyMatch(holder -> holder.has(table.name())))
                .toList();
    }

    private static boolean isSamples(Table table) {
        return table.name().equals(Table.SAMPLES.name());
    }
}
