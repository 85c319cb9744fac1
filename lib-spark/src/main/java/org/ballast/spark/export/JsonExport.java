package org.ballast.spark.export;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.first;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.api.java.function.PairFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.LongAccumulator;
import org.ballast.core.data.Quarantined;
import org.ballast.core.data.Reason;
import org.ballast.core.data.RowAccount;
import org.ballast.core.data.RowRejected;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.io.Waves;
import org.ballast.spark.rows.QuarantinedRows;
import scala.Tuple2;

/**
 * Writes {@code <stage>/<name>/<split>.json}, one array a split, sorted by key and streamed by one task, and the pictures
 * that its rows name under {@code <stage>/images}. A split is a wave; so are some of the pictures.
 */
final class JsonExport {
    static final String PICTURES = "images";

    private static final StructType WRITTEN = new StructType()
            .add(TextRows.KEY, DataTypes.StringType)
            .add(TextRows.IMAGE_ID, DataTypes.StringType)
            .add(Table.SPLIT, DataTypes.StringType)
            .add("text", DataTypes.StringType)
            .add("reason", DataTypes.StringType)
            .add("message", DataTypes.StringType)
            .add(PicturePlaces.PLACE, PicturePlaces.SCHEMA);

    private final SparkSession spark;
    private final StageFolder stage;
    private final String name;
    private final ExportOptions options;

    JsonExport(SparkSession spark, StageFolder stage, String name, ExportOptions options) {
        this.spark = spark;
        this.stage = stage;
        this.name = name;
        this.options = options;
    }

    /**
     * Writes all.
     *
     * @param located complete rows, from storage
     * @param form of the rows
     * @param prefix what stands before the path of a picture below the folder of pictures
     * @param beside text of a file beside the tables by the splits that were written, for what the format wants there
     */
    RowAccount write(Dataset<Row> located, JsonRows form, String prefix, Function<List<String>, NamedText> beside) {
        Waves texts = Waves.of(stage, new Table(name + "_text", WRITTEN, List.of(TextRows.KEY), false, false));
        texts.write(0, () -> located.map(new ToText(form, prefix), Encoders.row(WRITTEN)));
        Dataset<Row> rows = texts.read(spark);
        Dataset<Row> good = rows.filter(col("reason").isNull());
        Dataset<Row> bad = rows.filter(col("reason").isNotNull());
        long quarantined = Tables.write(
                bad.map(new ToQuarantined(stage.stage()), Encoders.row(QuarantinedRows.SCHEMA)),
                stage,
                Table.QUARANTINE,
                Tables.TARGET_FILE_BYTES);
        writePictures(good);
        List<String> splits = good.select(Table.SPLIT).distinct().collectAsList().stream()
                .map(row -> row.getString(0))
                .sorted()
                .toList();
        long out = 0;
        WaveMarks marks = new WaveMarks(stage, name + "_done");
        for (int i = 0; i < splits.size(); i++) {
            if (marks.rows(i).isEmpty()) {
                marks.finish(i, writeSplit(good, splits.get(i)));
            }
            out += marks.rows(i).orElseThrow();
        }
        NamedFiles.clearTemporary(stage, stage.file(name));
        NamedText text = beside.apply(splits);
        if (text != null) {
            stage.write(text.name(), text.text());
        }
        return new RowAccount(rows.count(), out, quarantined);
    }

    /** A small file. */
    record NamedText(String name, String text) {}

    private long writeSplit(Dataset<Row> rows, String split) {
        Path folder = stage.file(name);
        NamedFiles.clearTemporary(stage, folder);
        LongAccumulator count = spark.sparkContext().longAccumulator();
        JavaPairRDD<String, Row> records = rows.filter(col(Table.SPLIT).equalTo(split))
                .select(TextRows.KEY, "text")
                .repartition(1)
                .sortWithinPartitions(TextRows.KEY)
                .select("text")
                .toJavaRDD()
                .mapToPair(new ToRecord(fileName(split), count));
        NamedFiles.write(spark, records, FileContainer.Kind.JSON_ARRAY, Optional.empty(), folder);
        return count.value();
    }

    static String fileName(String split) {
        return Assembler.escaped(split) + ".json";
    }

    /** Each stored picture that a row names, once. */
    private void writePictures(Dataset<Row> rows) {
        StructType body = new StructType().add("picture", DataTypes.StringType);
        Table table = new Table("pictures_wanted", LocatedRow.schema(body), List.of(TextRows.KEY), false, false);
        Waves wanted = Waves.of(stage, table);
        wanted.write(0, () -> rows.filter(col(TextRows.IMAGE_ID)
                        .isNotNull()
                        .and(col(PicturePlaces.PLACE + ".reference").isNull()))
                .groupBy(TextRows.IMAGE_ID)
                .agg(first(PicturePlaces.PLACE).as(PicturePlaces.PLACE))
                .select(
                        col(TextRows.IMAGE_ID).as(TextRows.KEY),
                        col(TextRows.IMAGE_ID),
                        lit(PICTURES).as(Table.SPLIT),
                        struct(col(TextRows.IMAGE_ID).as("picture")).as(TextRows.BODY),
                        col(PicturePlaces.PLACE)));
        Assembler assembler = options.pictures() == ExportOptions.Pictures.FILES
                ? new PictureFiles.Loose()
                : new PictureFiles.Shards();
        PackedFiles plan = PackedFiles.plan(
                spark, stage, PICTURES, wanted.read(spark), assembler, options.targetFileBytes(), options.waveBytes());
        long written = new PictureWaves(spark, stage, PICTURES, assembler).write(plan);
        long asked = wanted.read(spark).count();
        if (written != asked) {
            throw new IllegalStateException("%d pictures were asked for, %d written".formatted(asked, written));
        }
    }

    /** A row's text, or why there is none. */
    private record ToText(JsonRows form, String prefix) implements MapFunction<Row, Row> {
        private static final long serialVersionUID = 1L;

        @Override
        public Row call(Row row) {
            LocatedRow located = LocatedRow.of(row);
            String picture = located.reference();
            if (located.imageId() != null && picture == null) {
                picture = prefix + LocatedRow.fileName(located.imageId(), located.extension());
            }
            String text = null;
            String reason = null;
            String message = null;
            try {
                text = JsonText.of(form.row(located, picture));
            } catch (RowRejected e) {
                reason = e.reason().code();
                message = e.getMessage();
            }
            Object[] values = {
                located.key(), located.imageId(), located.split(), text, reason, message, row.getAs(PicturePlaces.PLACE)
            };
            return new GenericRowWithSchema(values, WRITTEN);
        }
    }

    private record ToQuarantined(String stage) implements MapFunction<Row, Row> {
        private static final long serialVersionUID = 1L;

        @Override
        public Row call(Row row) {
            return QuarantinedRows.toRow(new Quarantined(
                    row.getAs(TextRows.KEY), stage, -1, Reason.of(row.getAs("reason")), row.getAs("message"), null));
        }
    }

    private record ToRecord(String file, LongAccumulator count) implements PairFunction<Row, String, Row> {
        private static final long serialVersionUID = 1L;

        @Override
        public Tuple2<String, Row> call(Row row) {
            count.add(1);
            return new Tuple2<>(file, row);
        }
    }
}
