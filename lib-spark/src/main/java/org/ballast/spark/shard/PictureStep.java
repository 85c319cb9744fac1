package org.ballast.spark.shard;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.api.java.function.VoidFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import org.ballast.core.data.RowRejected;
import org.ballast.spark.io.AppendLog;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.io.Waves;
import org.ballast.spark.rows.ImageRows;
import org.ballast.spark.session.Progress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads each picture that a row names once and stores each new one once, straight into {@code images}, in waves: each wave is
 * one Spark write, after which its verdicts are stored and a marker names its files.
 *
 * <p>Equal pictures have equal lengths, so pictures go to waves and tasks by their length; a length with more bytes than a
 * task takes is first cut further by a fingerprint of its pictures' ends. Equal pictures thus meet in one task, which keeps the
 * first by root and path.
 */
final class PictureStep {
    private static final Logger LOG = LoggerFactory.getLogger(PictureStep.class);

    private static final Table UNREAD = new Table("unread", PictureStat.SCHEMA, PictureStat.TABLE.key(), false, false);

    private static final Table REMEMBERED = new Table(
            "remembered",
            new StructType()
                    .add("root", DataTypes.IntegerType)
                    .add("image", DataTypes.StringType)
                    .add("image_id", DataTypes.StringType)
                    .add("reason", DataTypes.StringType)
                    .add("message", DataTypes.StringType),
            List.of("root", "image"),
            false,
            false);

    private static final Column[] FOUND = {col("root"), col("image"), col("image_id"), col("reason"), col("message")};

    private final ShardContext shard;
    private final Waves verdicts;

    PictureStep(ShardContext shard) {
        this.shard = shard;
        this.verdicts =
                Waves.of(shard.stage(), shard.cut(Verdict.TABLE, shard.options().wavePictures()));
    }

    /**
     * Runs to the table {@code images}.
     *
     * @param keyed rows as {@link RowResolver#keyed} gives them
     * @return {@code root, image, image_id, reason, message} of each picture that a good row names
     */
    Dataset<Row> run(Dataset<Row> keyed) {
        List<ImageRoot> roots = unpacked();
        PictureFiles.Settings files = new PictureFiles.Settings(
                roots, shard.options().inspector().limits().maxBytes());
        Dataset<Row> paths = shard.once(PictureStat.TABLE, () -> located(keyed, roots)
                .mapPartitions(new PictureStat(files, shard.hadoop()), Encoders.row(PictureStat.SCHEMA)));
        Dataset<Row> there = paths.filter(col("reason").isNull());
        Dataset<Row> remembered = shard.updates()
                ? shard.once(REMEMBERED, () -> PictureMemory.of(shard).remembered(there))
                : null;
        Dataset<Row> toRead = remembered == null
                ? there
                : shard.once(
                        UNREAD,
                        () -> there.join(
                                remembered.select("root", "image").hint("merge"),
                                ShardContext.on("root", "image"),
                                "left_anti"));
        readAll(toRead, files);
        Dataset<Row> judged = paths.filter(col("reason").isNotNull())
                .withColumn("image_id", lit(null).cast(DataTypes.StringType))
                .select(FOUND)
                .unionByName(verdicts.read(shard.spark()).select(FOUND));
        return remembered == null ? judged : judged.unionByName(remembered.select(FOUND));
    }

    /** What the waves found, as rows of {@link Verdict#SCHEMA}. */
    Dataset<Row> verdicts() {
        return verdicts.read(shard.spark());
    }

    private void readAll(Dataset<Row> toRead, PictureFiles.Settings files) {
        Dataset<Row> lengths = toRead.groupBy("length").agg(count(lit(1)).as("pictures"));
        Column bytes = col("length").multiply(col("pictures"));
        Row total = lengths.agg(coalesce(sum(col("pictures")), lit(0L)), coalesce(sum(bytes), lit(0L)))
                .head();
        long pictures = total.getLong(0);
        AppendLog log = AppendLog.of(shard.stage(), Table.IMAGES);
        log.discardUnknown();
        if (pictures == 0 && shard.updates()) {
            return;
        }
        long target = shard.options().targetFileBytes();
        int wavePictures = shard.options().wavePictures();
        int tasks = PicturePlan.tasks(total.getLong(1), pictures, target, wavePictures);
        int buckets = PicturePlan.buckets(total.getLong(1), pictures, target, wavePictures);
        long share = Math.max(1, total.getLong(1) / tasks);
        Object[] heavy = lengths.filter(bytes.gt(share)).select("length").collectAsList().stream()
                .map(row -> row.get(0))
                .toArray();
        Dataset<Row> wanted = shard.once(PictureTask.TABLE, () -> wanted(toRead, heavy, buckets, files));
        PicturePlan plan = plan(wanted, buckets, target, wavePictures);
        LOG.info(
                "{}: {} pictures of {} MB to read, in {} tasks and {} waves",
                shard.stage().stage(),
                pictures,
                total.getLong(1) / 1_000_000,
                tasks,
                plan.waves());
        Broadcast<int[]> tasksOfBuckets = shard.context().broadcast(plan.taskOfBucket());
        Dataset<Row> placed = wanted.withColumn("task", taskOf(tasksOfBuckets).apply(col("bucket")))
                .withColumn("unknown", col("known").isNull());
        try (Progress progress = Progress.of(shard.stage().stage(), "waves of pictures", plan.waves())) {
            for (int wave = 0; wave < plan.waves(); wave++) {
                if (!log.isFinished(wave)) {
                    wave(
                            wave,
                            plan,
                            placed,
                            new PictureTask(
                                    files, shard.options().inspector(), shard.hadoop(), shard.blobs("verdicts")));
                    log.finish(wave);
                }
                progress.to(wave + 1);
            }
        }
        tasksOfBuckets.destroy();
    }

    private void wave(int wave, PicturePlan plan, Dataset<Row> placed, PictureTask read) {
        verdicts.discard(wave);
        int first = plan.firstOfWave()[wave];
        int end = plan.firstOfWave()[wave + 1];
        Column[] order = PictureTask.ORDER.stream().map(name -> col(name)).toArray(Column[]::new);
        Dataset<Row> rows = placed.filter(col("task").geq(first).and(col("task").lt(end)));
        Dataset<Row> pictures = Tables.placed(rows, col("task").minus(lit(first)), end - first)
                .sortWithinPartitions(order)
                .mapPartitions(read, Encoders.row(ImageRows.SCHEMA));
        Tables.appender(pictures, Table.IMAGES)
                .save(shard.stage().table(Table.IMAGES.name()).toString());
        List<byte[]> packed = read.verdicts().value();
        verdicts.write(wave, () -> shard.spark()
                .createDataFrame(
                        shard.context()
                                .parallelize(packed, Math.max(1, Math.min(packed.size(), shard.partitions())))
                                .flatMap(new Unpack()),
                        Verdict.SCHEMA));
        read.verdicts().reset();
    }

    /** What is to be read, and in an update the ids of equal length that are stored already, each with its bucket. */
    private Dataset<Row> wanted(Dataset<Row> toRead, Object[] heavy, int buckets, PictureFiles.Settings files) {
        Dataset<Row> plain = toRead.select("root", "image", "offset", "length", "modified")
                .withColumn("edge", lit(null).cast(DataTypes.LongType))
                .withColumn("known", lit(null).cast(DataTypes.StringType));
        Dataset<Row> all = plain;
        if (heavy.length > 0) {
            Column isHeavy = col("length").isin(heavy);
            Dataset<Row> edged = plain.filter(isHeavy)
                    .repartition(shard.partitions() * 4, col("root"), col("image"))
                    .mapPartitions(new Edges(files, shard.hadoop()), Encoders.row(plain.schema()));
            all = plain.filter(not(isHeavy)).unionByName(edged);
        }
        if (shard.updates()) {
            Dataset<Row> known =
                    PictureMemory.of(shard).known(toRead.select("length").distinct());
            Column edge = heavy.length == 0 ? lit(null) : when(col("length").isin(heavy), col("edge"));
            all = all.unionByName(known.withColumn("edge", edge.cast(DataTypes.LongType)));
        }
        Column hash =
                when(col("edge").isNull(), xxhash64(col("length"))).otherwise(xxhash64(col("length"), col("edge")));
        return all.withColumn("bucket", pmod(hash, lit((long) buckets)).cast(DataTypes.IntegerType));
    }

    private static PicturePlan plan(Dataset<Row> wanted, int buckets, long target, int wavePictures) {
        long[] bytes = new long[buckets];
        long[] pictures = new long[buckets];
        for (Row row : wanted.filter(col("known").isNull())
                .groupBy("bucket")
                .agg(sum("length"), count(lit(1)))
                .collectAsList()) {
            bytes[row.getInt(0)] = row.getLong(1);
            pictures[row.getInt(0)] = row.getLong(2);
        }
        return PicturePlan.of(bytes, pictures, target, wavePictures);
    }

    private static UserDefinedFunction taskOf(Broadcast<int[]> tasksOfBuckets) {
        return udf((UDF1<Integer, Integer>) bucket -> tasksOfBuckets.value()[bucket], DataTypes.IntegerType);
    }

    /** Each picture that a good row names, once; with its place where it lies in a tar. */
    private Dataset<Row> located(Dataset<Row> keyed, List<ImageRoot> roots) {
        Dataset<Row> named = keyed.filter(
                        col("reason").isNull().and(col("image").isNotNull()))
                .select("root", "image");
        Dataset<Row> distinct =
                named.repartition(shard.shuffles(), col("root"), col("image")).distinct();
        List<ImageRoot> tars = roots.stream()
                .filter(root -> root.kind() != ImageRoot.Kind.FOLDER)
                .toList();
        if (tars.isEmpty()) {
            Column none = lit(null).cast(DataTypes.LongType);
            return distinct.withColumn("offset", none)
                    .withColumn("length", none)
                    .withColumn("modified", none);
        }
        Dataset<Row> index = shard.once(TarArchives.TABLE, () -> shard.spark()
                .createDataFrame(
                        shard.context().parallelize(tars, tars.size()).flatMap(new IndexTar(stamps(), shard.hadoop())),
                        TarArchives.INDEX));
        // of several entries of one name the last counts, as when a tar is unpacked
        Dataset<Row> last = index.repartition(shard.shuffles(), col("root"), col("image"))
                .groupBy("root", "image")
                .agg(max(struct(col("offset"), col("length"), col("modified"))).as("place"))
                .select(col("root"), col("image"), col("place.offset"), col("place.length"), col("place.modified"));
        return distinct.join(last.hint("merge"), ShardContext.on("root", "image"), "left");
    }

    /** For each root a number that changes with its archive. */
    private List<Long> stamps() {
        return shard.plan().roots().stream()
                .map(root -> shard.plan().stamp(root))
                .toList();
    }

    /** The image roots, each packed one as the plain tar that it was unpacked to. */
    private List<ImageRoot> unpacked() {
        List<ImageRoot> roots = new ArrayList<>();
        List<ImageRoot> packed = new ArrayList<>();
        Path folder = shard.stage().work("unpacked");
        for (ImageRoot root : shard.plan().roots()) {
            if (root.kind().packed()) {
                Path target = new Path(folder, root.index() + ".tar");
                roots.add(new ImageRoot(root.index(), root.name(), target.toString(), ImageRoot.Kind.TAR));
                if (!shard.exists(target)) {
                    packed.add(root);
                }
            } else {
                roots.add(root);
            }
        }
        if (!packed.isEmpty()) {
            LOG.info("{}: unpacking {} image archives", shard.stage().stage(), packed.size());
            shard.context()
                    .parallelize(packed, packed.size())
                    .foreach(new UnpackTar(folder.toString(), shard.hadoop()));
        }
        return roots;
    }

    /** Unpacks on an executor, one archive a task. */
    private record UnpackTar(String folder, SerializableConfiguration hadoop)
            implements VoidFunction<ImageRoot>, Serializable {
        @Override
        public void call(ImageRoot root) {
            PackedPictures.unpack(hadoop.value(), root, new Path(folder, root.index() + ".tar"));
        }
    }

    /** Reads the headers of one archive a task. */
    private record IndexTar(List<Long> stamps, SerializableConfiguration hadoop)
            implements FlatMapFunction<ImageRoot, Row>, Serializable {
        @Override
        public Iterator<Row> call(ImageRoot root) {
            return TarArchives.index(hadoop.value(), root, stamps.get(root.index()));
        }
    }

    private record Unpack() implements FlatMapFunction<byte[], Row>, Serializable {
        @Override
        public Iterator<Row> call(byte[] packed) {
            return Verdict.unpack(packed).stream().map(Verdict::toRow).iterator();
        }
    }

    /** Reads both ends of pictures; of one that cannot be read, the read that follows says so. */
    private record Edges(PictureFiles.Settings settings, SerializableConfiguration hadoop)
            implements MapPartitionsFunction<Row, Row>, Serializable {
        @Override
        public Iterator<Row> call(Iterator<Row> rows) {
            PictureFiles files = new PictureFiles(settings, hadoop.value());
            ShardContext.closeWithTask(files);
            return new Iterator<>() {
                @Override
                public boolean hasNext() {
                    return rows.hasNext();
                }

                @Override
                public Row next() {
                    return edged(rows.next(), files);
                }
            };
        }

        private static Row edged(Row row, PictureFiles files) {
            StructType schema = row.schema();
            Object[] values = new Object[schema.length()];
            for (int i = 0; i < values.length; i++) {
                values[i] = row.get(i);
            }
            try {
                values[schema.fieldIndex("edge")] = files.edge(
                        row.<Integer>getAs("root"), row.getAs("image"), row.getAs("offset"), row.<Long>getAs("length"));
            } catch (RowRejected e) {
                values[schema.fieldIndex("edge")] = 0L;
            } catch (IOException e) {
                throw new UncheckedIOException("cannot read picture '%s'".formatted(row.<String>getAs("image")), e);
            }
            return new org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema(values, schema);
        }
    }
}
