package org.ballast.spark.export;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.sha2;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.TreeMap;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Waves;

/**
 * The plan of an export with pictures: which wave writes a row, and into which file. A wave takes whole files of the
 * table {@code images}, so that each picture is read once however many waves there are. Within a wave and split the rows
 * are in the order of their pictures' ids, which are as good as shuffled and the same in every run, and fill one file
 * after another.
 *
 * <p>The plan hangs on rows and sizes alone, and is stored before the first wave is written.
 */
final class PackedFiles {
    /** Most rows of a wave, where pictures are tiny: what names their files is sent to every executor. */
    static final int WAVE_ROWS = 200_000;

    static final String ORDER = "order_id";
    static final String WAVE = "wave";
    static final String FILE = "file";
    private static final String SIZE = "size";
    private static final String PICTURE_FILE = PicturePlaces.PLACE + ".file";

    /**
     * Files of a wave in one split.
     *
     * @param first number in its split of the first of them
     * @param files how many there are
     */
    record Share(String split, int first, int files) {}

    private final Dataset<Row> rows;
    private final List<List<Share>> waves;

    private PackedFiles(Dataset<Row> rows, List<List<Share>> waves) {
        this.rows = rows;
        this.waves = waves;
    }

    /** The rows: {@link LocatedRow#schema}, {@link #ORDER}, {@link #WAVE}, and {@link #FILE} from 0 in each wave and split. */
    Dataset<Row> rows() {
        return rows;
    }

    /** What each wave writes, splits in order. */
    List<List<Share>> waves() {
        return waves;
    }

    /**
     * Makes the plan, or finds it in the work folder.
     *
     * @param located complete rows, from storage: they are read twice
     */
    static PackedFiles plan(
            SparkSession spark,
            StageFolder stage,
            String name,
            Dataset<Row> located,
            Assembler assembler,
            long fileBytes,
            long waveBytes) {
        StructType body = (StructType) located.schema().apply(TextRows.BODY).dataType();
        StructType sized = LocatedRow.schema(body).add(SIZE, DataTypes.LongType).add(ORDER, DataTypes.StringType);
        StructType packed = sized.add(WAVE, DataTypes.IntegerType).add(FILE, DataTypes.IntegerType);
        Waves plan = Waves.of(stage, new Table(name + "_plan", packed, List.of(TextRows.KEY), false, false));
        plan.write(0, () -> packed(spark, sized(located, body, assembler), packed, fileBytes, waveBytes));
        return new PackedFiles(plan.read(spark), shares(plan.read(spark)));
    }

    private static Dataset<Row> sized(Dataset<Row> located, StructType body, Assembler assembler) {
        StructType schema = LocatedRow.schema(body).add(SIZE, DataTypes.LongType);
        return located.map(new Sized(assembler, schema), Encoders.row(schema))
                .withColumn(ORDER, coalesce(col(TextRows.IMAGE_ID), sha2(col(TextRows.KEY), 256)));
    }

    private static Dataset<Row> packed(
            SparkSession spark, Dataset<Row> rows, StructType schema, long fileBytes, long waveBytes) {
        List<Row> waveOfFile = new ArrayList<>();
        int waveCount = waves(rows, waveBytes, waveOfFile);
        Dataset<Row> assigned = spark.createDataFrame(
                waveOfFile,
                new StructType().add("picture_file", DataTypes.StringType).add("picture_wave", DataTypes.IntegerType));
        Column ofText = pmod(xxhash64(col(TextRows.KEY)), lit((long) waveCount)).cast(DataTypes.IntegerType);
        return rows.join(functions.broadcast(assigned), col(PICTURE_FILE).equalTo(col("picture_file")), "left")
                .withColumn(WAVE, coalesce(col("picture_wave"), ofText))
                .drop("picture_file", "picture_wave")
                .repartition(col(WAVE), col(Table.SPLIT))
                .sortWithinPartitions(WAVE, Table.SPLIT, ORDER, TextRows.KEY)
                .mapPartitions(new Fill(schema, fileBytes), Encoders.row(schema));
    }

    /** Cuts the picture files, in the order of the first id that each gives, into waves; returns how many there are. */
    private static int waves(Dataset<Row> rows, long waveBytes, List<Row> waveOfFile) {
        long total = 0;
        long bytes = 0;
        long held = 0;
        int wave = 0;
        for (Row file : rows.groupBy(col(PICTURE_FILE).as("picture_file"))
                .agg(
                        min(TextRows.IMAGE_ID).as("first"),
                        sum(SIZE).as("bytes"),
                        count(lit(1)).as("rows"))
                .orderBy("first", "picture_file")
                .collectAsList()) {
            total += file.getLong(2);
            if (file.isNullAt(0)) {
                continue;
            }
            if (held > 0 && (bytes + file.getLong(2) > waveBytes || held + file.getLong(3) > WAVE_ROWS)) {
                wave++;
                bytes = 0;
                held = 0;
            }
            bytes += file.getLong(2);
            held += file.getLong(3);
            waveOfFile.add(RowFactory.create(file.getString(0), wave));
        }
        // rows without a picture are spread over the waves, and over more where they are the bulk
        return (int) Math.max(wave + 1, Math.min(100_000, (total + waveBytes - 1) / waveBytes));
    }

    private static List<List<Share>> shares(Dataset<Row> plan) {
        TreeMap<Integer, TreeMap<String, Integer>> counts = new TreeMap<>();
        plan.groupBy(WAVE, Table.SPLIT).agg(max(FILE)).collectAsList().forEach(row -> counts.computeIfAbsent(
                        row.getInt(0), wave -> new TreeMap<>())
                .put(row.getString(1), row.getInt(2) + 1));
        TreeMap<String, Integer> next = new TreeMap<>();
        List<List<Share>> waves = new ArrayList<>();
        for (int wave = 0; wave <= (counts.isEmpty() ? -1 : counts.lastKey()); wave++) {
            List<Share> shares = new ArrayList<>();
            counts.getOrDefault(wave, new TreeMap<>()).forEach((split, files) -> {
                int first = next.merge(split, files, Integer::sum) - files;
                shares.add(new Share(split, first, files));
            });
            waves.add(shares);
        }
        return waves;
    }

    /** Adds the size. */
    private record Sized(Assembler assembler, StructType schema) implements MapFunction<Row, Row> {
        private static final long serialVersionUID = 1L;

        @Override
        public Row call(Row row) {
            return appended(row, schema, assembler.size(LocatedRow.of(row)));
        }
    }

    /** Numbers the files of each wave and split: a file ends before the row that would be too much for it. */
    private record Fill(StructType schema, long fileBytes) implements MapPartitionsFunction<Row, Row> {
        private static final long serialVersionUID = 1L;

        @Override
        public Iterator<Row> call(Iterator<Row> sorted) {
            return new Iterator<>() {
                private int wave = -1;
                private String split;
                private String key;
                private int file;
                private long bytes;

                @Override
                public boolean hasNext() {
                    return sorted.hasNext();
                }

                @Override
                public Row next() {
                    Row row = sorted.next();
                    int ofWave = row.<Integer>getAs(WAVE);
                    String ofSplit = row.getAs(Table.SPLIT);
                    String ofKey = row.getAs(TextRows.KEY);
                    long size = row.<Long>getAs(SIZE);
                    if (ofWave != wave || !ofSplit.equals(split)) {
                        wave = ofWave;
                        split = ofSplit;
                        file = 0;
                        bytes = 0;
                    } else if (ofKey.equals(key)) {
                        throw new IllegalStateException(
                                "row '%s' of split '%s' comes from several of the stages that were given"
                                        .formatted(ofKey, ofSplit));
                    } else if (bytes + size > fileBytes && bytes > 0) {
                        file++;
                        bytes = 0;
                    }
                    key = ofKey;
                    bytes += size;
                    return appended(row, schema, file);
                }
            };
        }
    }

    private static Row appended(Row row, StructType schema, Object last) {
        Object[] values = new Object[schema.length()];
        for (int i = 0; i < values.length - 1; i++) {
            values[i] = row.get(i);
        }
        values[values.length - 1] = last;
        return new GenericRowWithSchema(values, schema);
    }
}
