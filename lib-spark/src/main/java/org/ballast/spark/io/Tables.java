package org.ballast.spark.io;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.element_at;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.octet_length;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.to_json;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.DataFrameWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.expressions.Murmur3HashFunction;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.FloatType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructField;
import org.ballast.spark.rows.ImageRows;

/**
 * Parquet tables of stage folders. Which row stands in which file, and where, hangs on the rows and the target size
 * alone: the same rows give files of the same contents, however Spark had partitioned them.
 */
public final class Tables {
    /** Size of a file, before compression, where no setting names one. */
    public static final long TARGET_FILE_BYTES = 1L << 28;

    /** What a task that writes text holds of it. */
    private static final String TEXT_ROW_GROUP_BYTES = Integer.toString(1 << 25);

    private static final String FILE = "__file";
    /** Bound on the files of a split, for a target size set by mistake. */
    private static final int MAX_FILES = 10_000;
    /** Seed of Spark's hash partitioning. */
    private static final int PARTITIONING_SEED = 42;

    private Tables() {}

    /** {@link #write(Dataset, StageFolder, Table, long, boolean)} of rows whose keys differ. */
    public static long write(Dataset<Row> rows, StageFolder stage, Table table, long targetFileBytes) {
        return write(rows, stage, table, targetFileBytes, false);
    }

    /**
     * Writes a table whole, in place of what was there.
     *
     * @param rows any order; read twice, so they must come from storage or be cheap and always the same
     * @param targetFileBytes size of a file before compression, at least 1
     * @param firstOfKey true: of several rows with one key only the first by the remaining comparable columns is kept
     * @return rows written
     */
    public static long write(
            Dataset<Row> rows, StageFolder stage, Table table, long targetFileBytes, boolean firstOfKey) {
        Dataset<Row> laid = laidOut(rows, table, targetFileBytes, firstOfKey);
        stage.clear(table.name());
        // not overwrite: that deletes the folder, and a table may share its folder with run.json
        save(laid, table, SaveMode.Append, stage.table(table.name()));
        return read(rows.sparkSession(), stage, table).count();
    }

    /** {@link #write(Dataset, StageFolder, Table, long)} to a folder of its own under {@code _work}, in place of what was there. */
    public static void write(Dataset<Row> rows, StageFolder stage, Table table, Path staged, long targetFileBytes) {
        stage.requireMine();
        save(laidOut(rows, table, targetFileBytes, false), table, SaveMode.Overwrite, staged);
    }

    private static void save(Dataset<Row> laid, Table table, SaveMode mode, Path folder) {
        DataFrameWriter<Row> writer = writer(laid, table).mode(mode);
        (table.bySplit() ? writer.partitionBy(Table.SPLIT) : writer).save(folder.toString());
    }

    /** Rows in the files and the order in which they are stored. */
    private static Dataset<Row> laidOut(Dataset<Row> rows, Table table, long targetFileBytes, boolean firstOfKey) {
        if (targetFileBytes < 1) {
            throw new IllegalArgumentException("target file size must be at least 1 byte, was " + targetFileBytes);
        }
        Dataset<Row> columns = rows.select(columns(table));
        Dataset<Row> spread = spread(columns, table, targetFileBytes);
        Column[] order = Stream.concat(
                        table.bySplit() ? Stream.of(Table.SPLIT) : Stream.<String>empty(),
                        Stream.concat(table.key().stream(), firstOfKey ? rest(table) : Stream.empty()))
                .map(name -> col(name))
                .toArray(Column[]::new);
        Dataset<Row> sorted = spread.sortWithinPartitions(order).select(columns(table));
        return firstOfKey ? sorted.mapPartitions(new FirstOfKey(table.key()), Encoders.row(table.schema())) : sorted;
    }

    /** Deletes what an earlier or killed run wrote of a table. */
    public static void clear(StageFolder stage, Table table) {
        stage.clear(table.name());
    }

    /**
     * A table of several finished stages, read as one; columns in the order of {@link Table#schema()}. A stage that borrows
     * the table ({@link BorrowedTables}) gives that of the stages that hold it.
     *
     * @throws IllegalArgumentException for no stage
     * @throws IllegalStateException naming stage and folder when one is not finished or has no such table
     */
    public static Dataset<Row> read(SparkSession spark, List<StageFolder> stages, Table table) {
        if (stages.isEmpty()) {
            throw new IllegalArgumentException("no stage to read table '" + table.name() + "' from");
        }
        for (StageFolder stage : stages) {
            if (!stage.finished()) {
                throw new IllegalStateException(
                        "table '%s': stage '%s' in %s is not finished (no manifest.json). Run it first."
                                .formatted(table.name(), stage.stage(), stage));
            }
        }
        List<StageFolder> holders = BorrowedTables.holders(stages, table);
        Dataset<Row> all = null;
        for (StageFolder holder : holders) {
            Dataset<Row> one = read(spark, holder, table);
            all = all == null ? one : all.union(one);
        }
        // a stage that borrows from several sees what both hold once, as if it were its own
        return holders.size() > stages.size() ? all.dropDuplicates(table.key().toArray(String[]::new)) : all;
    }

    /**
     * A table of one stage that may still be running.
     *
     * @throws IllegalStateException naming stage and folder when there is no such table
     */
    public static Dataset<Row> read(SparkSession spark, StageFolder stage, Table table) {
        if (!stage.files().exists(stage.table(table.name()))) {
            throw new IllegalStateException(
                    "stage '%s' has no table '%s' in %s".formatted(stage.stage(), table.name(), stage));
        }
        return read(spark, stage.table(table.name()), table);
    }

    /** A folder of files of a table, wherever it stands. */
    public static Dataset<Row> read(SparkSession spark, Path folder, Table table) {
        return spark.read().schema(table.schema()).parquet(folder.toString()).select(columns(table));
    }

    /**
     * A writer that adds files to a folder of this table, by split where the table has splits; the caller starts it with
     * {@code save}. Nothing is cleared, and no {@code _SUCCESS} is written.
     */
    public static DataFrameWriter<Row> appender(Dataset<Row> rows, Table table) {
        DataFrameWriter<Row> writer = writer(rows.select(columns(table)), table)
                .mode(SaveMode.Append)
                .option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "false");
        return table.bySplit() ? writer.partitionBy(Table.SPLIT) : writer;
    }

    /**
     * Puts each row into the Spark partition that it names.
     *
     * @param partition an integer column, 0 .. partitions - 1
     */
    public static Dataset<Row> placed(Dataset<Row> rows, Column partition, int partitions) {
        Column[] salts = salts(partitions).stream().map(salt -> lit(salt)).toArray(Column[]::new);
        return rows.withColumn(FILE, element_at(array(salts), partition.plus(lit(1))))
                .repartition(partitions, col(FILE))
                .drop(FILE);
    }

    /** A writer with the codec, page checks and format of the table; the caller adds partitioning and path. */
    static DataFrameWriter<Row> writer(Dataset<Row> rows, Table table) {
        DataFrameWriter<Row> writer = rows.write()
                .mode(SaveMode.Overwrite)
                .option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "true")
                .option("compression", table.pictures() ? "uncompressed" : "zstd");
        if (!table.pictures()) {
            return writer.format("parquet").option("parquet.block.size", TEXT_ROW_GROUP_BYTES);
        }
        return writer.format(HuggingFaceParquet.class.getName()).options(HuggingFaceParquet.OPTIONS);
    }

    /** One Spark partition a file, each row in the file that its key decides. */
    private static Dataset<Row> spread(Dataset<Row> rows, Table table, long targetFileBytes) {
        Column split = table.bySplit() ? col(Table.SPLIT) : lit("");
        TreeMap<String, Long> bytes = new TreeMap<>();
        for (Row row : rows.groupBy(split.as("group"))
                .agg(coalesce(sum(bytes(table)), lit(0L)).as("bytes"))
                .collectAsList()) {
            bytes.put(row.getString(0), row.getLong(1));
        }
        if (bytes.isEmpty()) {
            return rows.coalesce(1);
        }
        Column key = xxhash64(table.key().stream().map(name -> col(name)).toArray(Column[]::new));
        Column file = null;
        int files = 0;
        for (var entry : bytes.entrySet()) {
            int count = (int) Math.max(1, Math.min(MAX_FILES, Math.ceil((double) entry.getValue() / targetFileBytes)));
            Column number = pmod(key, lit((long) count)).plus(lit((long) files)).cast(DataTypes.IntegerType);
            Column of = table.bySplit() ? split.equalTo(lit(entry.getKey())) : lit(true);
            file = file == null ? when(of, number) : file.when(of, number);
            files += count;
        }
        return placed(rows, file, files);
    }

    /** For each partition a number that Spark's hash partitioning sends there. */
    private static List<Integer> salts(int partitions) {
        Integer[] salts = new Integer[partitions];
        int found = 0;
        for (int candidate = 0; found < partitions; candidate++) {
            long hash = Murmur3HashFunction.hash(candidate, DataTypes.IntegerType, PARTITIONING_SEED);
            int partition = Math.floorMod((int) hash, partitions);
            if (salts[partition] == null) {
                salts[partition] = candidate;
                found++;
            }
        }
        return List.of(salts);
    }

    /** Bytes of a row before compression, from its values alone. */
    private static Column bytes(Table table) {
        if (table.pictures() && List.of(table.schema().fieldNames()).contains("bytes")) {
            return col("bytes");
        }
        Column total = lit(0L);
        for (StructField field : table.schema().fields()) {
            Column column = col(field.name());
            Column bytes;
            if (field.dataType() instanceof StringType) {
                bytes = octet_length(column);
            } else if (field.dataType() instanceof ArrayType array && array.elementType() instanceof FloatType) {
                bytes = when(column.isNull(), lit(0)).otherwise(size(column).multiply(Float.BYTES));
            } else if (field.dataType() instanceof ArrayType array
                    && array.elementType().equals(ImageRows.IMAGE)) {
                bytes = expr("aggregate(transform(%s, x -> octet_length(x.bytes)), 0, (a, b) -> a + b)"
                        .formatted(field.name()));
            } else if (field.dataType() instanceof ArrayType) {
                bytes = octet_length(to_json(column));
            } else {
                bytes = lit(Long.BYTES);
            }
            total = total.plus(coalesce(bytes.cast(DataTypes.LongType), lit(0L)));
        }
        return total;
    }

    private static Column[] columns(Table table) {
        return Stream.of(table.schema().fieldNames()).map(name -> col(name)).toArray(Column[]::new);
    }

    /** Names that order rows of one key: comparable columns without blobs. */
    private static Stream<String> rest(Table table) {
        List<String> names = new ArrayList<>();
        for (StructField field : table.schema().fields()) {
            if (table.pictures() && field.name().equals("image")) {
                names.add("image.path");
            } else if (!(field.dataType() instanceof ArrayType) && !table.key().contains(field.name())) {
                names.add(field.name());
            }
        }
        return names.stream();
    }

    /** Drops rows whose key equals that of the row before. */
    private record FirstOfKey(List<String> key) implements MapPartitionsFunction<Row, Row> {
        private static final long serialVersionUID = 1L;

        @Override
        public Iterator<Row> call(Iterator<Row> rows) {
            List<Object> previous = new ArrayList<>();
            Iterable<Row> all = () -> rows;
            return StreamSupport.stream(all.spliterator(), false)
                    .filter(row -> {
                        List<Object> current = new ArrayList<>();
                        key.forEach(name -> current.add(row.getAs(name)));
                        boolean first = !current.equals(previous);
                        previous.clear();
                        previous.addAll(current);
                        return first;
                    })
                    .iterator();
        }
    }
}
