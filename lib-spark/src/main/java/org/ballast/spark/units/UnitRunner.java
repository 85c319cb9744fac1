package org.ballast.spark.units;

import static org.apache.spark.sql.functions.col;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.util.LongAccumulator;
import org.ballast.core.data.Quarantined;
import org.ballast.core.data.RowAccount;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.io.Waves;
import org.ballast.spark.rows.QuarantinedRows;
import org.ballast.spark.session.Progress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;

/**
 * Runs a {@link UnitFunction} over rows, a wave of units at a time, and writes what comes of them as a table and as
 * {@code quarantine}. Unit u holds the rows number u x unitRows and on, in the order of their keys. A rerun goes on behind
 * the last finished wave.
 */
public final class UnitRunner {
    private static final Logger LOG = LoggerFactory.getLogger(UnitRunner.class);
    private static final String UNIT = "unit";
    private static final String ORDINAL = "ordinal";
    private static final String ROW = "row";
    private static final String QUARANTINED = "quarantined";

    private final SparkSession spark;
    private final StageFolder stage;
    private final Table table;
    private final UnitOptions options;

    public UnitRunner(SparkSession spark, StageFolder stage, Table table, UnitOptions options) {
        this.spark = spark;
        this.stage = stage;
        this.table = table;
        this.options = options;
    }

    /**
     * What was done.
     *
     * @param rows attempts in, rows of the table out, and those in quarantine
     * @param reasons how many of the latter for each reason, most frequent first
     */
    public record Outcome(RowAccount rows, Map<String, Long> reasons) {}

    /**
     * Runs.
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
        Table waveTable = waveTable();
        Waves waves = Waves.of(stage, waveTable);
        JavaRDD<Row> numbered = numbered(rows, key);
        StructType numberedSchema = rows.schema().add(UNIT, DataTypes.IntegerType, false);
        long total = numbered.count();
        int waveCount = Math.toIntExact((total + options.waveRows() - 1) / options.waveRows());
        LongAccumulator rejected = spark.sparkContext().longAccumulator(QUARANTINED);
        Dataset<Row> units = spark.createDataFrame(numbered, numberedSchema);
        try (Progress progress = Progress.of(stage.stage(), "rows", total)) {
            for (int wave = 0; wave < waveCount; wave++) {
                int first = wave * options.waveUnits();
                int end = Math.toIntExact(Math.min(
                        (long) first + options.waveUnits(), (total + options.unitRows() - 1) / options.unitRows()));
                waves.write(wave, () -> {
                    Dataset<Row> wide = widen.apply(
                            units.filter(col(UNIT).geq(first).and(col(UNIT).lt(end))));
                    return waveRows(wide, key, first, end, function, waveTable.schema(), rejected);
                });
                progress.to(Math.min(total, (wave + 1L) * options.waveRows()));
                // beyond hope already: do not go on for days
                checkFailures(rejected.value(), total * attempts, Map.of());
            }
        } finally {
            numbered.unpersist(false);
        }
        return finish(waves, total, total * attempts, targetFileBytes);
    }

    private Outcome finish(Waves waves, long total, long attempts, long targetFileBytes) {
        Dataset<Row> done = waves.read(spark);
        long written =
                Tables.write(done.filter(col(ROW).isNotNull()).select(col(ROW + ".*")), stage, table, targetFileBytes);
        Dataset<Row> bad = done.filter(col(QUARANTINED).isNotNull()).select(col(QUARANTINED + ".*"));
        Map<String, Long> reasons = new LinkedHashMap<>();
        bad.groupBy("reason")
                .count()
                .orderBy(col("count").desc(), col("reason"))
                .collectAsList()
                .forEach(row -> reasons.put(row.getString(0), row.getLong(1)));
        long quarantined = Tables.write(bad, stage, Table.QUARANTINE, targetFileBytes);
        checkFailures(quarantined, attempts, reasons);
        if (quarantined > 0) {
            LOG.warn("{}: {} of {} attempts in quarantine: {}", stage.stage(), quarantined, attempts, reasons);
        }
        return new Outcome(new RowAccount(attempts, written, quarantined), reasons);
    }

    private void checkFailures(long rejected, long attempts, Map<String, Long> reasons) {
        if (rejected > options.maxFailureRate() * attempts) {
            throw new TooManyFailuresException(stage.stage(), rejected, attempts, options.maxFailureRate(), reasons);
        }
    }

    private JavaRDD<Row> numbered(Dataset<Row> rows, String key) {
        int unitRows = options.unitRows();
        JavaRDD<Row> numbered = rows.orderBy(col(key)).javaRDD().zipWithIndex().map(pair -> {
            Row row = pair._1;
            Object[] values = new Object[row.size() + 1];
            for (int i = 0; i < row.size(); i++) {
                values[i] = row.get(i);
            }
            values[row.size()] = Math.toIntExact(pair._2 / unitRows);
            return RowFactory.create(values);
        });
        return numbered.persist(StorageLevel.MEMORY_AND_DISK_SER());
    }

    private Dataset<Row> waveRows(
            Dataset<Row> wide,
            String key,
            int first,
            int end,
            UnitFunction function,
            StructType schema,
            LongAccumulator rejected) {
        int slots = options.partitions() > 0
                ? options.partitions()
                : spark.sparkContext().defaultParallelism();
        int partitions = Math.max(1, Math.min(end - first, slots));
        JavaRDD<Row> made = wide.javaRDD()
                .mapToPair(row -> new Tuple2<>(new UnitKey(row.getAs(UNIT), row.<String>getAs(key)), row))
                .repartitionAndSortWithinPartitions(new ByUnit(first, partitions))
                .mapPartitions(new EachUnit(function, table.schema().size(), rejected));
        return spark.createDataFrame(made, schema);
    }

    private Table waveTable() {
        StructType schema = new StructType()
                .add(UNIT, DataTypes.IntegerType, false)
                .add(ORDINAL, DataTypes.IntegerType, false)
                .add(ROW, table.schema(), true)
                .add(QUARANTINED, QuarantinedRows.SCHEMA, true);
        return new Table(table.name() + "_units", schema, List.of(UNIT, ORDINAL), false, table.pictures());
    }

    /** Rows are sorted by unit, then key. */
    private record UnitKey(int unit, String key) implements Comparable<UnitKey>, Serializable {
        @Override
        public int compareTo(UnitKey other) {
            return unit != other.unit ? Integer.compare(unit, other.unit) : key.compareTo(other.key);
        }
    }

    /** Units dealt out in turn, so that each partition has its fair number. */
    private static final class ByUnit extends Partitioner {
        private static final long serialVersionUID = 1L;

        private final int first;
        private final int partitions;

        ByUnit(int first, int partitions) {
            this.first = first;
            this.partitions = partitions;
        }

        @Override
        public int numPartitions() {
            return partitions;
        }

        @Override
        public int getPartition(Object key) {
            return Math.floorMod(((UnitKey) key).unit() - first, partitions);
        }
    }

    /** Gathers the rows of a unit, applies the function, and goes on to the next when its rows are asked for. */
    private record EachUnit(UnitFunction function, int columns, LongAccumulator rejected)
            implements FlatMapFunction<Iterator<Tuple2<UnitKey, Row>>, Row> {
        @Override
        public Iterator<Row> call(Iterator<Tuple2<UnitKey, Row>> sorted) {
            return new Iterator<>() {
                private Tuple2<UnitKey, Row> ahead = sorted.hasNext() ? sorted.next() : null;
                private Iterator<Row> made = List.<Row>of().iterator();

                @Override
                public boolean hasNext() {
                    while (!made.hasNext() && ahead != null) {
                        made = nextUnit();
                    }
                    return made.hasNext();
                }

                @Override
                public Row next() {
                    if (!hasNext()) {
                        throw new NoSuchElementException();
                    }
                    return made.next();
                }

                private Iterator<Row> nextUnit() {
                    int unit = ahead._1.unit();
                    List<Row> rows = new ArrayList<>();
                    while (ahead != null && ahead._1.unit() == unit) {
                        rows.add(ahead._2);
                        ahead = sorted.hasNext() ? sorted.next() : null;
                    }
                    return apply(unit, rows).iterator();
                }
            };
        }

        private List<Row> apply(int unit, List<Row> rows) {
            List<Row> made = new ArrayList<>();
            UnitFunction.Output out = new UnitFunction.Output() {
                @Override
                public void accept(Row row) {
                    if (row.size() != columns) {
                        throw new IllegalStateException(
                                "a row of " + row.size() + " columns for a table of " + columns);
                    }
                    made.add(RowFactory.create(unit, made.size(), row, null));
                }

                @Override
                public void reject(Quarantined quarantined) {
                    rejected.add(1);
                    made.add(RowFactory.create(unit, made.size(), null, QuarantinedRows.toRow(quarantined)));
                }
            };
            try {
                function.apply(rows, out);
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException("unit " + unit + ": " + e.getMessage(), e);
            }
            return made;
        }
    }

    /** The reasons as one line, for messages. */
    static String summary(Map<String, Long> reasons) {
        return reasons.entrySet().stream()
                .limit(5)
                .map(entry -> entry.getKey() + " " + entry.getValue())
                .collect(Collectors.joining(", "));
    }
}
