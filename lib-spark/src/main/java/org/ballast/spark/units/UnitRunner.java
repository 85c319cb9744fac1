package org.ballast.spark.units;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.pmod;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.LongAccumulator;
import org.ballast.core.data.RowAccount;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.io.Waves;
import org.ballast.spark.rows.QuarantinedRows;
import org.ballast.spark.session.Phases;
import org.ballast.spark.session.Progress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a {@link UnitFunction} over rows, a wave of units at a time, and writes what comes of them as a table and as
 * {@code quarantine}. Unit u holds the rows number u x unitRows and on, in the order of their keys. A rerun goes on behind
 * the finished waves.
 */
public final class UnitRunner {
    private static final Logger LOG = LoggerFactory.getLogger(UnitRunner.class);
    private static final String ORDINAL = "ordinal";
    private static final String ROW = "row";
    private static final String QUARANTINED = "quarantined";
    private static final String NOTE = "note";

    private final SparkSession spark;
    private final StageFolder stage;
    private final Table table;
    private final Table notes;
    private final UnitOptions options;
    private final Phases phases;

    public UnitRunner(SparkSession spark, StageFolder stage, Table table, UnitOptions options) {
        this(spark, stage, table, null, options, new Phases(spark, stage.stage()));
    }

    /**
     * @param notes second table, whose rows the function gives to {@link UnitFunction.Output#note}; null: none
     * @param phases of the stage: {@code plan}, then {@code waves}, then {@code store}, which is left open
     */
    public UnitRunner(
            SparkSession spark, StageFolder stage, Table table, Table notes, UnitOptions options, Phases phases) {
        this.spark = spark;
        this.stage = stage;
        this.table = table;
        this.notes = notes;
        this.options = options;
        this.phases = phases;
    }

    /**
     * What was done.
     *
     * @param rows attempts in, rows of the table out, and those in quarantine
     * @param reasons how many of the latter for each reason, most frequent first
     * @param durationsMillis wall-clock time by phase
     */
    public record Outcome(RowAccount rows, Map<String, Long> reasons, Map<String, Long> durationsMillis) {}

    /**
     * What all waves hold, to be stored while the stage's work folder is there.
     *
     * @param rows of the table
     * @param quarantined of {@code quarantine}
     * @param notes of the second table; null without one
     * @param attempts that were to be made
     */
    public record Made(Dataset<Row> rows, Dataset<Row> quarantined, Dataset<Row> notes, long attempts) {}

    /**
     * Runs and stores the tables.
     *
     * @param rows small columns only, their keys unique
     * @param key column that orders them
     * @param widen joins what the function needs besides, pictures for example; may not drop or add rows
     * @param attempts rows and rejects that the function makes of each row: its books are balanced against it
     * @param targetFileBytes size at which a file of the table ends
     * @throws TooManyFailuresException when more than the allowed share of attempts was rejected
     */
    public Outcome run(
            Dataset<Row> rows,
            String key,
            UnaryOperator<Dataset<Row>> widen,
            UnitFunction function,
            int attempts,
            long targetFileBytes) {
        Made made = work(rows, key, widen, function, lit(attempts));
        long written = Tables.write(made.rows(), stage, table, targetFileBytes);
        Map<String, Long> reasons = reasons(made.quarantined());
        long quarantined = Tables.write(made.quarantined(), stage, Table.QUARANTINE, targetFileBytes);
        check(quarantined, made.attempts(), reasons);
        phases.end();
        return new Outcome(new RowAccount(made.attempts(), written, quarantined), reasons, phases.durationsMillis());
    }

    /**
     * Runs, and leaves it to the caller to store what was made.
     *
     * @param attempts as in {@link #run}, a whole number that may differ from row to row
     */
    public Made work(
            Dataset<Row> rows, String key, UnaryOperator<Dataset<Row>> widen, UnitFunction function, Column attempts) {
        Table waveTable = waveTable();
        Waves waves = Waves.of(stage, waveTable);
        LongAccumulator rejected = spark.sparkContext().longAccumulator(QUARANTINED);
        phases.begin("plan");
        try (UnitRows units = new UnitRows(spark, rows, key, attempts, options.unitRows());
                Progress progress = Progress.of(stage.stage(), "rows", units.rows())) {
            long total = units.attempts();
            phases.begin("waves");
            new WaveSchedule(spark, stage, waves, options)
                    .run(
                            units.units(),
                            range -> waveRows(
                                    widen.apply(units.of(range.first(), range.end())),
                                    key,
                                    range,
                                    function,
                                    waveTable.schema(),
                                    rejected),
                            range -> {
                                progress.to(Math.min(units.rows(), (long) range.end() * options.unitRows()));
                                // beyond hope already: do not go on for days
                                requireAllowed(rejected.value(), total, Map.of());
                            });
            phases.begin("store");
            Dataset<Row> done = waves.read(spark);
            return new Made(
                    done.filter(col(ROW).isNotNull()).select(col(ROW + ".*")),
                    done.filter(col(QUARANTINED).isNotNull()).select(col(QUARANTINED + ".*")),
                    notes == null ? null : done.filter(col(NOTE).isNotNull()).select(col(NOTE + ".*")),
                    total);
        }
    }

    /** How many rows of {@code quarantine} there are for each reason, most frequent first. */
    public static Map<String, Long> reasons(Dataset<Row> quarantined) {
        Map<String, Long> reasons = new LinkedHashMap<>();
        quarantined
                .groupBy("reason")
                .count()
                .orderBy(col("count").desc(), col("reason"))
                .collectAsList()
                .forEach(row -> reasons.put(row.getString(0), row.getLong(1)));
        return reasons;
    }

    /**
     * Says what was put aside.
     *
     * @throws TooManyFailuresException when it is more than the allowed share of attempts
     */
    public void check(long quarantined, long attempts, Map<String, Long> reasons) {
        requireAllowed(quarantined, attempts, reasons);
        if (quarantined > 0) {
            LOG.warn("{}: {} of {} attempts in quarantine: {}", stage.stage(), quarantined, attempts, reasons);
        }
    }

    private void requireAllowed(long rejected, long attempts, Map<String, Long> reasons) {
        if (rejected > options.maxFailureRate() * attempts) {
            throw new TooManyFailuresException(stage.stage(), rejected, attempts, options.maxFailureRate(), reasons);
        }
    }

    private Dataset<Row> waveRows(
            Dataset<Row> wide,
            String key,
            Waves.Range range,
            UnitFunction function,
            StructType schema,
            LongAccumulator rejected) {
        int slots = options.partitions() > 0 ? options.partitions() : slots();
        int partitions = Math.max(1, Math.min(range.end() - range.first(), slots));
        // units are dealt out in turn, so that each partition has its fair number
        Column partition = pmod(col(UnitRows.UNIT).minus(range.first()), lit(partitions));
        JavaRDD<Row> made = Tables.placed(wide, partition, partitions)
                .sortWithinPartitions(UnitRows.UNIT, key)
                .javaRDD()
                .mapPartitions(new UnitTask(function, table.schema().size(), options.unitsAtOnce(), rejected));
        return spark.createDataFrame(made, schema);
    }

    /** Slots that a wave is cut for. Tasks that wait for servers leave room for the other waves, whose tasks would begin a wave's time later. */
    private int slots() {
        int all = spark.sparkContext().defaultParallelism();
        return options.unitsAtOnce() > 1 ? all / options.wavesAtOnce() : all;
    }

    private Table waveTable() {
        StructType schema = new StructType()
                .add(UnitRows.UNIT, DataTypes.IntegerType, false)
                .add(ORDINAL, DataTypes.IntegerType, false)
                .add(ROW, table.schema(), true)
                .add(QUARANTINED, QuarantinedRows.SCHEMA, true)
                .add(NOTE, notes == null ? QuarantinedRows.SCHEMA : notes.schema(), true);
        return new Table(table.name() + "_units", schema, List.of(UnitRows.UNIT, ORDINAL), false, table.pictures());
    }

    /** The reasons as one line, for messages. */
    static String summary(Map<String, Long> reasons) {
        return reasons.entrySet().stream()
                .limit(5)
                .map(entry -> entry.getKey() + " " + entry.getValue())
                .collect(Collectors.joining(", "));
    }
}
