package org.ballast.spark.shard;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.xxhash64;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.api.java.function.VoidFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;
import org.ballast.core.data.RowAccount;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.io.Waves;
import org.ballast.spark.rows.CompletionRows;
import org.ballast.spark.rows.PromptRows;
import org.ballast.spark.rows.QuarantinedRows;
import org.ballast.spark.rows.SampleRows;
import org.ballast.spark.session.Progress;
import org.ballast.spark.units.TooManyFailuresException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.collection.JavaConverters;

/**
 * Runs a {@link ShardPlan} into an open stage folder, in steps that are each written before the next begins, so that a
 * killed run continues at the first wave that is missing:
 *
 * <ol>
 *   <li>the driver streams the annotation files into {@code candidates}, text only;
 *   <li>candidates get unique keys ({@link RowResolver#keyed});
 *   <li>each picture that a row names is read once, by the executors, in waves of pictures;
 *   <li>rows and pictures are joined ({@link RowResolver#resolved}) and written as tables.
 * </ol>
 *
 * The caller opens and commits the folder.
 */
public final class ShardRunner {
    private static final Logger LOG = LoggerFactory.getLogger(ShardRunner.class);

    private final SparkSession spark;
    private final ShardPlan plan;
    private final StageFolder stage;
    private final ShardOptions options;
    private final int partitions;
    private final Map<String, Long> durations = new LinkedHashMap<>();

    private ShardRunner(SparkSession spark, ShardPlan plan, StageFolder stage) {
        this.spark = spark;
        this.plan = plan;
        this.stage = stage;
        this.options = plan.options();
        this.partitions = options.partitions() > 0
                ? options.partitions()
                : spark.sparkContext().defaultParallelism();
    }

    /**
     * Runs to the tables {@code images}, {@code quarantine}, and {@code samples} or {@code prompts} and
     * {@code completions} or all three, as the inputs' formats have it.
     *
     * @throws AnnotationException when an annotation file or an archive is broken as a whole
     * @throws TooManyFailuresException when more than the allowed share of rows is in quarantine; the table
     *     {@code quarantine} is there to be read
     */
    public static ShardResult run(SparkSession spark, ShardPlan plan, StageFolder stage) {
        try {
            return new ShardRunner(spark, plan, stage).run();
        } catch (AnnotationException e) {
            throw e;
        } catch (Exception e) {
            // an archive that an executor finds broken comes wrapped in Spark's account of its task
            for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
                if (cause instanceof AnnotationException broken) {
                    throw broken;
                }
            }
            throw e;
        }
    }

    private ShardResult run() {
        Waves candidates = Waves.of(stage, cut(Candidate.TABLE, options.waveRows()));
        long annotationRows = timed("annotations", () -> readAnnotations(candidates));
        Dataset<Row> keyed =
                timed("keys", () -> once(RowResolver.KEYED_TABLE, () -> RowResolver.keyed(candidates.read(spark))));
        Dataset<Row> pictures = timed("pictures", () -> readPictures(keyed));
        Dataset<Row> resolved =
                timed("join", () -> once(RowResolver.RESOLVED_TABLE, () -> RowResolver.resolved(keyed, pictures)));
        Map<String, Long> tables = timed("tables", () -> writeTables(resolved, pictures));
        return balanced(annotationRows, candidates.read(spark), tables);
    }

    /** Streams all files; waves that are finished are passed over. Returns the number of annotation rows. */
    private long readAnnotations(Waves waves) {
        long rows = 0;
        int wave = 0;
        List<Row> held = new ArrayList<>();
        Path prepared = stage.work("stage_rows");
        SourceRows.prepare(spark, plan, prepared);
        for (int i = 0; i < options.inputs().size(); i++) {
            try (SourceRows reader = SourceRows.open(spark.sparkContext().hadoopConfiguration(), plan, i, prepared)) {
                while (reader.advance()) {
                    if (!waves.isFinished(wave)) {
                        hold(reader, i, held);
                    }
                    rows++;
                    if (rows % options.waveRows() == 0) {
                        writeCandidates(waves, wave++, held);
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(
                        "cannot read " + plan.annotations().get(i), e);
            }
        }
        if (rows % options.waveRows() != 0) {
            writeCandidates(waves, wave, held);
        }
        LOG.info(
                "{}: {} annotation rows of {} files",
                stage.stage(),
                rows,
                options.inputs().size());
        return rows;
    }

    private void hold(SourceRows reader, int input, List<Row> held) {
        RowContext context = new RowContext(
                options.inputs().get(input), input, plan.rootOfInput().get(input), reader.position(), plan.classes());
        CandidateRows.of(reader.row(), context).forEach(candidate -> held.add(candidate.toRow()));
    }

    private void writeCandidates(Waves waves, int wave, List<Row> held) {
        waves.write(wave, () -> spark.createDataFrame(List.copyOf(held), Candidate.SCHEMA)
                .repartition(partitions));
        held.clear();
    }

    private Dataset<Row> readPictures(Dataset<Row> keyed) {
        Dataset<Row> paths = paths(keyed);
        long count = paths.count();
        int waveCount = (int) Math.max(1, Math.ceil((double) count / options.wavePictures()));
        Waves waves = Waves.of(stage, cut(PictureReader.TABLE, options.wavePictures()));
        List<ImageRoot> unpacked = unpacked();
        Dataset<Row> wanted = located(paths, unpacked);
        PictureFunction function = new PictureFunction(
                new PictureReader.Settings(unpacked, options.limits(), options.decode()), configuration());
        try (Progress progress = Progress.of(stage.stage(), "pictures", count)) {
            for (int i = 0; i < waveCount; i++) {
                int wave = i;
                waves.write(wave, () -> wanted.filter(col("wave").equalTo(wave))
                        .repartition(partitions, col("root"), col("image"))
                        .sortWithinPartitions("root", "offset", "image")
                        .mapPartitions(function, Encoders.row(PictureReader.SCHEMA)));
                progress.to(count * (wave + 1) / waveCount);
            }
        }
        return waves.read(spark);
    }

    /** Each picture that a good row names, once, with the wave that reads it: a matter of its name alone. */
    private Dataset<Row> paths(Dataset<Row> keyed) {
        StructType schema = new StructType()
                .add("root", DataTypes.IntegerType)
                .add("image", DataTypes.StringType)
                .add("wave", DataTypes.LongType);
        Table table =
                cut(new Table("paths", schema, List.of("wave", "root", "image"), false, false), options.wavePictures());
        return once(table, () -> {
            Dataset<Row> distinct = keyed.filter(
                            col("reason").isNull().and(col("image").isNotNull()))
                    .select("root", "image")
                    .distinct();
            long waveCount = Math.max(1, (distinct.count() + options.wavePictures() - 1) / options.wavePictures());
            return distinct.withColumn("wave", pmod(xxhash64(col("root"), col("image")), lit(waveCount)));
        });
    }

    /** Joins offset and length to what lies in tars. */
    private Dataset<Row> located(Dataset<Row> paths, List<ImageRoot> roots) {
        List<ImageRoot> tars =
                roots.stream().filter(root -> root.kind() == ImageRoot.Kind.TAR).toList();
        if (tars.isEmpty()) {
            return paths.withColumn("offset", lit(null).cast(DataTypes.LongType))
                    .withColumn("length", lit(null).cast(DataTypes.LongType));
        }
        Dataset<Row> index = once(
                TarArchives.TABLE,
                () -> spark.createDataFrame(
                        context().parallelize(tars, tars.size()).flatMap(new IndexTar(configuration())),
                        TarArchives.INDEX));
        // of several entries of one name the last counts, as when a tar is unpacked
        Dataset<Row> last = index.groupBy("root", "image")
                .agg(max(struct(col("offset"), col("length"))).as("place"))
                .select(col("root"), col("image"), col("place.offset"), col("place.length"));
        return paths.join(
                last, JavaConverters.asScalaBuffer(List.of("root", "image")).toSeq(), "left");
    }

    /** The image roots, each packed one as the plain tar that it was unpacked to. */
    private List<ImageRoot> unpacked() {
        List<ImageRoot> roots = new ArrayList<>();
        List<ImageRoot> packed = new ArrayList<>();
        for (ImageRoot root : plan.roots()) {
            if (root.kind().packed()) {
                Path target = new Path(stage.work("unpacked"), root.index() + ".tar");
                roots.add(new ImageRoot(root.index(), root.name(), target.toString(), ImageRoot.Kind.TAR));
                if (!exists(target)) {
                    packed.add(root);
                }
            } else {
                roots.add(root);
            }
        }
        if (!packed.isEmpty()) {
            LOG.info("{}: unpacking {} image archives", stage.stage(), packed.size());
            context()
                    .parallelize(packed, packed.size())
                    .foreach(new Unpack(stage.work("unpacked").toString(), configuration()));
        }
        return roots;
    }

    private Map<String, Long> writeTables(Dataset<Row> resolved, Dataset<Row> pictures) {
        Map<String, Long> tables = new TreeMap<>();
        long target = options.targetFileBytes();
        Dataset<Row> good = resolved.filter(col("reason").isNull());
        Dataset<Row> bad = resolved.filter(col("reason").isNotNull());
        tables.put(
                Table.QUARANTINE.name(),
                Tables.write(
                        bad.map(new StoredRows.ToQuarantined(options.inputs()), Encoders.row(QuarantinedRows.SCHEMA)),
                        stage,
                        Table.QUARANTINE,
                        target));
        requireFewFailures(resolved.count(), tables.get(Table.QUARANTINE.name()));
        if (options.inputs().stream().anyMatch(ShardInput::givesSamples)) {
            Dataset<Row> samples = good.filter(col("sample"))
                    .map(new StoredRows.ToSample(options.inputs(), plan.classes()), Encoders.row(SampleRows.SCHEMA));
            tables.put(Table.SAMPLES.name(), Tables.write(samples, stage, Table.SAMPLES, target));
            requireUnique(Table.SAMPLES, "sample_id");
        }
        if (options.inputs().stream().anyMatch(input -> !input.givesSamples())) {
            Dataset<Row> asked = good.filter(not(col("sample")));
            tables.put(
                    Table.PROMPTS.name(),
                    Tables.write(
                            asked.map(new StoredRows.ToPrompt(options.inputs()), Encoders.row(PromptRows.SCHEMA)),
                            stage,
                            Table.PROMPTS,
                            target));
            requireUnique(Table.PROMPTS, "prompt_id");
            tables.put(
                    Table.COMPLETIONS.name(),
                    Tables.write(
                            asked.flatMap(new StoredRows.ToCompletions(), Encoders.row(CompletionRows.SCHEMA)),
                            stage,
                            Table.COMPLETIONS,
                            target));
        }
        Dataset<Row> stored = pictures.filter(col("image_id").isNotNull());
        tables.put(Table.IMAGES.name(), Tables.write(stored, stage, Table.IMAGES, target, true));
        return tables;
    }

    private void requireFewFailures(long rows, long quarantined) {
        if (quarantined > options.maxFailureRate() * rows) {
            throw new TooManyFailuresException(stage.stage(), quarantined, rows, options.maxFailureRate(), reasons());
        }
    }

    /** Two different sources may spell out one id, "a" + "/0" and "a/0": nobody could tell those rows apart. */
    private void requireUnique(Table table, String key) {
        List<Row> twice = Tables.read(spark, stage, table)
                .groupBy(key)
                .count()
                .filter(col("count").gt(1))
                .orderBy(key)
                .limit(1)
                .collectAsList();
        if (!twice.isEmpty()) {
            throw new AnnotationException(
                    "%s '%s' of table '%s' comes from several rows: give their inputs an id prefix"
                            .formatted(key, twice.get(0).getString(0), table.name()));
        }
    }

    private ShardResult balanced(long annotationRows, Dataset<Row> candidates, Map<String, Long> tables) {
        long sources = candidates.select("input", "position").distinct().count();
        if (sources != annotationRows) {
            throw new IllegalStateException(
                    "%d annotation rows were read, but %d are accounted for".formatted(annotationRows, sources));
        }
        long out = tables.getOrDefault(Table.SAMPLES.name(), 0L) + tables.getOrDefault(Table.PROMPTS.name(), 0L);
        RowAccount rows = new RowAccount(candidates.count(), out, tables.get(Table.QUARANTINE.name()));
        return new ShardResult(annotationRows, rows, tables, reasons(), durations);
    }

    private Map<String, Long> reasons() {
        Map<String, Long> reasons = new LinkedHashMap<>();
        Tables.read(spark, stage, Table.QUARANTINE)
                .groupBy("reason")
                .count()
                .orderBy(col("count").desc(), col("reason"))
                .collectAsList()
                .forEach(row -> reasons.put(row.getString(0), row.getLong(1)));
        return reasons;
    }

    /** A step of one wave: written once, then read. */
    private Dataset<Row> once(Table table, Supplier<Dataset<Row>> rows) {
        Waves waves = Waves.of(stage, table);
        waves.write(0, rows);
        return waves.read(spark);
    }

    /** The waves of another size are other waves: a continued run must not mix them. */
    private static Table cut(Table table, int waveSize) {
        return new Table(table.name() + "_" + waveSize, table.schema(), table.key(), table.bySplit(), table.pictures());
    }

    private <T> T timed(String step, Supplier<T> work) {
        long start = System.nanoTime();
        T done = work.get();
        durations.put(step, (System.nanoTime() - start) / 1_000_000);
        return done;
    }

    private boolean exists(Path path) {
        try {
            return stage.fileSystem().exists(path);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot look for " + path, e);
        }
    }

    private JavaSparkContext context() {
        return JavaSparkContext.fromSparkContext(spark.sparkContext());
    }

    private SerializableConfiguration configuration() {
        return new SerializableConfiguration(spark.sparkContext().hadoopConfiguration());
    }

    /** Unpacks on an executor, one archive a task. */
    private record Unpack(String folder, SerializableConfiguration hadoop)
            implements VoidFunction<ImageRoot>, Serializable {
        @Override
        public void call(ImageRoot root) {
            PackedPictures.unpack(hadoop.value(), root, new Path(folder, root.index() + ".tar"));
        }
    }

    /** Reads the headers of one archive a task. */
    private record IndexTar(SerializableConfiguration hadoop) implements FlatMapFunction<ImageRoot, Row>, Serializable {
        @Override
        public Iterator<Row> call(ImageRoot root) {
            return TarArchives.index(hadoop.value(), root);
        }
    }

    /** Reads the pictures of a partition, one at a time. */
    private record PictureFunction(PictureReader.Settings settings, SerializableConfiguration hadoop)
            implements MapPartitionsFunction<Row, Row>, Serializable {
        @Override
        public Iterator<Row> call(Iterator<Row> wanted) {
            PictureReader reader = new PictureReader(settings, hadoop.value());
            TaskContext.get().addTaskCompletionListener((TaskCompletionListener) context -> reader.close());
            return new Iterator<>() {
                @Override
                public boolean hasNext() {
                    return wanted.hasNext();
                }

                @Override
                public Row next() {
                    Row row = wanted.next();
                    return reader.read(
                            row.<Integer>getAs("root"), row.getAs("image"), row.getAs("offset"), row.getAs("length"));
                }
            };
        }
    }
}
