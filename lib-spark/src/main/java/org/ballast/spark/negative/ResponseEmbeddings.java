package org.ballast.spark.negative;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_set;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.sort_array;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.Iterator;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.util.TaskCompletionListener;
import org.ballast.core.text.SentenceEncoder;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.StageInputException;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.io.Waves;

/** Embeds the responses of a stage's prompts, each text once, in waves that a continued run need not compute again. */
final class ResponseEmbeddings {
    /** Responses of a wave at about most. */
    private static final long WAVE_ROWS = 1_000_000;

    private ResponseEmbeddings() {}

    /**
     * The responses about pictures that search or may be a match, {@link Embedded#SCHEMA}, stored.
     *
     * @throws StageInputException when no response is in the split to look through
     */
    static Dataset<Row> of(SparkSession spark, StageFolder stage, Responses responses, RetrieveOptions options) {
        Column candidate = col("split").equalTo(options.from());
        Dataset<Row> searching =
                responses.queries().select(col("prompt_id"), lit(true).as("searches"));
        Dataset<Row> pictured = responses
                .rows()
                .filter(col("image_id").isNotNull())
                .join(searching, new String[] {"prompt_id"}, "left")
                .withColumn("searches", col("searches").isNotNull())
                .filter(candidate.or(col("searches")));
        if (pictured.filter(candidate).isEmpty()) {
            throw new StageInputException(
                    "retrieve.split is " + options.from() + ", but no prompt with a picture is in it");
        }
        int waves = Math.toIntExact((pictured.count() + WAVE_ROWS - 1) / WAVE_ROWS);
        Dataset<Row> labelled = options.rule().otherClass()
                ? withLabels(spark, responses.data(), pictured)
                : pictured.withColumn("labels", none());
        int slots = 4 * JavaSparkContext.fromSparkContext(spark.sparkContext()).defaultParallelism();
        Waves stored = Waves.of(stage, Embedded.TABLE);
        for (int wave = 0; wave < waves; wave++) {
            Column inWave = pmod(xxhash64(col("response")), lit((long) waves)).equalTo((long) wave);
            stored.write(wave, () -> labelled.filter(inWave)
                    .select(
                            col("prompt_id"),
                            col("image_id"),
                            col("kind"),
                            col("labels"),
                            col("response"),
                            candidate.as("candidate"),
                            col("searches"))
                    // equal texts come together, so that one of them is computed
                    .repartition(slots, col("response"))
                    .sortWithinPartitions("response")
                    .mapPartitions(new Embed(), Encoders.row(Embedded.SCHEMA)));
        }
        return stored.read(spark);
    }

    /** The prompt's own label, else those of the samples that show its picture. */
    private static Dataset<Row> withLabels(SparkSession spark, List<StageFolder> data, Dataset<Row> rows) {
        Column own = when(col("label").geq(0), array(col("label")));
        List<StageFolder> sampled =
                data.stream().filter(stage -> stage.has(Table.SAMPLES.name())).toList();
        if (sampled.isEmpty()) {
            return rows.withColumn("labels", coalesce(own, none()));
        }
        Dataset<Row> shown = Tables.read(spark, sampled, Table.SAMPLES)
                .filter(col("label").geq(0))
                .groupBy(col("image_id").as("shown_id"))
                .agg(sort_array(collect_set("label")).as("shown"));
        return rows.join(shown, col("image_id").equalTo(col("shown_id")), "left")
                .withColumn("labels", coalesce(own, col("shown"), none()));
    }

    private static Column none() {
        return array().cast(DataTypes.createArrayType(DataTypes.IntegerType));
    }

    /** Rows of one text follow each other. */
    private record Embed() implements MapPartitionsFunction<Row, Row> {
        private static final long serialVersionUID = 1L;

        @Override
        public Iterator<Row> call(Iterator<Row> rows) {
            var lease = Embeddings.encoder();
            TaskCompletionListener close = context -> lease.close();
            TaskContext.get().addTaskCompletionListener(close);
            SentenceEncoder encoder = lease.value();
            return new Iterator<>() {
                private String text;
                private byte[] vector;

                @Override
                public boolean hasNext() {
                    return rows.hasNext();
                }

                @Override
                public Row next() {
                    Row row = rows.next();
                    String response = row.getAs("response");
                    if (!response.equals(text)) {
                        text = response;
                        vector = Embedded.bytes(encoder.encode(response));
                    }
                    return RowFactory.create(
                            row.get(0), row.get(1), row.get(2), row.get(3), response, row.get(5), row.get(6), vector);
                }
            };
        }
    }
}
