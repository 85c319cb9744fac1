package org.ballast.spark.examples;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.struct;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.StorageLevel;
import org.ballast.core.data.Completion;
import org.ballast.core.data.CompletionType;
import org.ballast.core.data.ItemRandom;
import org.ballast.core.data.PreferencePair;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.Quarantined;
import org.ballast.core.data.Reason;
import org.ballast.core.data.ReferenceLogProb;
import org.ballast.core.image.ClipPreprocessor;
import org.ballast.core.image.ImageRejected;
import org.ballast.core.mllm.EncodedExample;
import org.ballast.core.text.TextRejected;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.StageInputException;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.model.ModelSpec;
import org.ballast.spark.model.OpenModel;
import org.ballast.spark.pairs.SampledPairs;
import org.ballast.spark.rows.CompletionRows;
import org.ballast.spark.rows.PromptRows;
import org.ballast.spark.train.ExampleSource;
import org.ballast.spark.train.Examples;
import org.ballast.spark.train.PartitionedExamples;

/**
 * Training rows of a data stage, tokenised and preprocessed on the executors. Rows that cannot be encoded (image tokens that
 * do not fit the model's length, for one) are kept apart with their reason.
 */
public final class TrainingRows implements AutoCloseable {
    private final JavaSparkContext spark;
    private final ModelSpec model;
    private final JavaRDD<Encoded> encoded;
    private final long count;
    private final List<Quarantined> rejected;

    /** An encoded row with its picture, or the reason why there is none. */
    private record Encoded(EncodedRow row, HeldPicture picture, Quarantined rejected) implements Serializable {}

    private TrainingRows(JavaSparkContext spark, ModelSpec model, JavaRDD<Encoded> encoded) {
        this.spark = spark;
        this.model = model;
        this.encoded = encoded.persist(StorageLevel.MEMORY_AND_DISK_SER());
        this.count = this.encoded.filter(row -> row.row() != null).count();
        this.rejected = this.encoded
                .filter(row -> row.row() == null)
                .map(Encoded::rejected)
                .collect();
    }

    /**
     * Prompts with their ground truth.
     *
     * @throws StageInputException when the source lacks a picture
     */
    public static TrainingRows supervised(
            SparkSession spark,
            List<StageFolder> data,
            PictureSource pictures,
            List<String> splits,
            List<String> kinds,
            ModelSpec model) {
        Dataset<Row> truth = Tables.read(spark, data, Table.COMPLETIONS)
                .filter(col("type").equalTo(CompletionType.GROUND_TRUTH.stored()))
                .select(col("prompt_id"), col("response"));
        Dataset<Row> rows =
                PromptWithPicture.prompts(spark, data, splits, kinds).join(truth, "prompt_id");
        pictures.require(rows);
        Dataset<Row> wide = pictures.join(rows).orderBy("prompt_id");
        return new TrainingRows(
                JavaSparkContext.fromSparkContext(spark.sparkContext()),
                model,
                wide.javaRDD().mapPartitions(new EncodeSupervised(model)));
    }

    /**
     * Pairs of the completions of each prompt.
     *
     * @param completions stages whose completions take part; those with the ground truth among them
     * @param reference stage with the log-probs of the frozen model
     * @param selection which pairs, and how often each is taken: copies are decided on before anything is encoded
     * @throws StageInputException when the source lacks a picture
     */
    public static TrainingRows pairs(
            SparkSession spark,
            List<StageFolder> data,
            PictureSource pictures,
            List<StageFolder> completions,
            StageFolder reference,
            List<String> splits,
            List<String> kinds,
            PairSelection selection,
            ModelSpec model) {
        Dataset<Row> logProbs = Tables.read(spark, List.of(reference), Table.REFERENCE_LOG_PROBS)
                .filter(col("model")
                        .equalTo(model.digest())
                        .and(col("image_condition").equalTo(ReferenceLogProb.CLEAN)))
                .select(col("completion_id"), col("log_prob"));
        Dataset<Row> byPrompt = Tables.read(spark, completions, Table.COMPLETIONS)
                .dropDuplicates("completion_id")
                .join(logProbs, "completion_id")
                .withColumn("completion", struct(columns(CompletionRows.SCHEMA.fieldNames())))
                .groupBy("prompt_id")
                .agg(collect_list(struct(col("completion"), col("log_prob"))).as(PairSelection.ANSWERS));
        Dataset<Row> rows =
                PromptWithPicture.prompts(spark, data, splits, kinds).join(byPrompt, "prompt_id");
        pictures.require(rows);
        Dataset<Row> wide = pictures.join(rows).orderBy("prompt_id");
        return new TrainingRows(
                JavaSparkContext.fromSparkContext(spark.sparkContext()),
                model,
                wide.javaRDD().mapPartitions(new EncodePairs(model, selection, selection.sampled(rows))));
    }

    /** Rows that were encoded. */
    public long count() {
        return count;
    }

    /** Rows that could not be. */
    public List<Quarantined> rejected() {
        return rejected;
    }

    /**
     * The rows for the trainer: in the memory of every executor up to a number of rows, else sent round by round.
     *
     * @param shuffleSeed puts each row to another row's picture, by this seed; null: as they are
     */
    public <E extends Serializable> Examples<E> examples(RowForm<E> form, int broadcastRows, Long shuffleSeed) {
        if (count <= broadcastRows) {
            return Examples.from(
                    inMemory(form, encoded.filter(row -> row.row() != null).collect(), shuffleSeed), count);
        }
        if (shuffleSeed != null) {
            throw new StageInputException(
                    "shuffle-pairs needs the rows in memory: raise execution.broadcast-rows above " + count);
        }
        ClipPreprocessor preprocessor = preprocessor();
        return PartitionedExamples.inOrder(
                encoded.filter(row -> row.row() != null)
                        .map(row -> form.of(row.row(), HeldPicture.input(row.picture(), preprocessor))),
                StorageLevel.DISK_ONLY());
    }

    /**
     * The first rows by id, in memory: what held-out loss is measured on.
     *
     * @param shuffleSeed as in {@link #examples}
     */
    public <E extends Serializable> HeldOutLoss.HeldOutSet<E> heldOut(RowForm<E> form, int rows, Long shuffleSeed) {
        List<Encoded> first = encoded.filter(row -> row.row() != null).take(rows);
        return new HeldOutLoss.HeldOutSet<>(inMemory(form, first, shuffleSeed), Math.min(rows, count));
    }

    private <E extends Serializable> ExampleSource<E> inMemory(RowForm<E> form, List<Encoded> rows, Long shuffleSeed) {
        List<EncodedRow> list = new ArrayList<>();
        Map<String, HeldPicture> pictures = new HashMap<>();
        for (Encoded one : rows) {
            list.add(one.row());
            if (one.picture() != null) {
                pictures.putIfAbsent(one.row().imageId(), one.picture());
            }
        }
        list.sort(Comparator.comparing(EncodedRow::id));
        InMemory held = new InMemory(shuffleSeed == null ? list : shuffled(list, shuffleSeed), pictures);
        return new InMemorySource<>(spark.broadcast(held), preprocessor(), form);
    }

    private ClipPreprocessor preprocessor() {
        try (var lease = OpenModel.lease(model)) {
            return lease.value().preprocessor();
        }
    }

    /** Each row that has a picture with that of another row, drawn among those with a different one. */
    private static List<EncodedRow> shuffled(List<EncodedRow> rows, long seed) {
        List<EncodedRow> shuffled = new ArrayList<>(rows.size());
        for (EncodedRow row : rows) {
            if (row.imageId() == null) {
                shuffled.add(row);
                continue;
            }
            var random = ItemRandom.of(seed, "shuffle-pairs", row.id(), 0);
            EncodedRow other = rows.get(random.nextInt(rows.size()));
            for (int i = 0; other.imageId() == null || other.imageId().equals(row.imageId()); i++) {
                if (i > 1000) {
                    throw new StageInputException("shuffle-pairs needs rows with different pictures");
                }
                other = rows.get(random.nextInt(rows.size()));
            }
            shuffled.add(row.showing(other.imageId()));
        }
        return shuffled;
    }

    @Override
    public void close() {
        encoded.unpersist(false);
    }

    private record InMemory(List<EncodedRow> rows, Map<String, HeldPicture> pictures) implements Serializable {}

    private record InMemorySource<E>(Broadcast<InMemory> held, ClipPreprocessor preprocessor, RowForm<E> form)
            implements ExampleSource<E> {
        @Override
        public List<E> fetch(long[] indexes) {
            InMemory all = held.value();
            List<E> fetched = new ArrayList<>(indexes.length);
            for (long index : indexes) {
                EncodedRow row = all.rows().get(Math.toIntExact(index));
                HeldPicture picture =
                        row.imageId() == null ? null : all.pictures().get(row.imageId());
                fetched.add(form.of(row, HeldPicture.input(picture, preprocessor)));
            }
            return fetched;
        }
    }

    private static Column[] columns(String[] names) {
        return Arrays.stream(names).map(name -> col(name)).toArray(Column[]::new);
    }

    private static Encoded rejectedRow(Prompt prompt, Exception fault, Reason reason) {
        return new Encoded(
                null,
                null,
                new Quarantined(prompt.promptId(), prompt.source(), -1, reason, fault.getMessage(), prompt.prompt()));
    }

    private record EncodeSupervised(ModelSpec spec) implements FlatMapFunction<Iterator<Row>, Encoded> {
        @Override
        public Iterator<Encoded> call(Iterator<Row> rows) {
            List<Encoded> encoded = new ArrayList<>();
            try (var lease = OpenModel.lease(spec)) {
                OpenModel model = lease.value();
                rows.forEachRemaining(row -> encoded.add(encode(model, row)));
            }
            return encoded.iterator();
        }

        private static Encoded encode(OpenModel model, Row row) {
            Prompt prompt = PromptRows.fromRow(row);
            try {
                EncodedExample example = model.encode(prompt.promptId(), null, prompt, row.getAs("response"));
                return new Encoded(
                        new EncodedRow(
                                prompt.promptId(),
                                prompt.imageId(),
                                example.promptIds(),
                                example.responseIds(),
                                null,
                                0,
                                0),
                        HeldPicture.of(model, row),
                        null);
            } catch (TextRejected e) {
                return rejectedRow(prompt, e, OpenModel.reason(e));
            } catch (ImageRejected e) {
                return rejectedRow(prompt, e, Reason.NOT_AN_IMAGE);
            }
        }
    }

    private record EncodePairs(ModelSpec spec, PairSelection selection, SampledPairs sampled)
            implements FlatMapFunction<Iterator<Row>, Encoded> {
        @Override
        public Iterator<Encoded> call(Iterator<Row> rows) {
            List<Encoded> encoded = new ArrayList<>();
            try (var lease = OpenModel.lease(spec)) {
                OpenModel model = lease.value();
                rows.forEachRemaining(row -> encode(model, row, encoded));
            }
            return encoded.iterator();
        }

        private void encode(OpenModel model, Row row, List<Encoded> encoded) {
            Prompt prompt = PromptRows.fromRow(row);
            Map<String, Double> logProbs = new HashMap<>();
            List<Completion> answers = new ArrayList<>();
            for (Row answer : row.<Row>getList(row.fieldIndex(PairSelection.ANSWERS))) {
                Completion completion = CompletionRows.fromRow(answer.getStruct(0));
                answers.add(completion);
                logProbs.put(completion.completionId(), answer.getDouble(1));
            }
            try {
                HeldPicture picture = HeldPicture.of(model, row);
                for (PreferencePair pair : selection.pairs(answers)) {
                    int copies = sampled.copies(prompt.split(), prompt.label(), pair.id());
                    if (copies == 0) {
                        continue;
                    }
                    EncodedRow once = encode(model, prompt, pair, logProbs);
                    for (int copy = 1; copy <= copies; copy++) {
                        encoded.add(new Encoded(once.copy(copy), picture, null));
                    }
                }
            } catch (TextRejected e) {
                encoded.add(rejectedRow(prompt, e, OpenModel.reason(e)));
            } catch (ImageRejected e) {
                encoded.add(rejectedRow(prompt, e, Reason.NOT_AN_IMAGE));
            }
        }

        private static EncodedRow encode(
                OpenModel model, Prompt prompt, PreferencePair pair, Map<String, Double> logProbs) throws TextRejected {
            Completion chosen = pair.chosen();
            Completion rejected = pair.rejected();
            EncodedExample better = model.encode(prompt.promptId(), null, prompt, chosen.response());
            EncodedExample worse = model.encode(prompt.promptId(), null, prompt, rejected.response());
            if (!Arrays.equals(better.promptIds(), worse.promptIds())) {
                throw new TextRejected(
                        TextRejected.Reason.TOO_LONG,
                        "the prompt was cut differently for chosen and rejected response: it is too long for a pair");
            }
            return new EncodedRow(
                    prompt.promptId() + "|" + chosen.completionId() + "|" + rejected.completionId(),
                    prompt.imageId(),
                    better.promptIds(),
                    better.responseIds(),
                    worse.responseIds(),
                    logProbs.get(chosen.completionId()),
                    logProbs.get(rejected.completionId()));
        }
    }
}
