package org.ballast.spark.evaluate;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.concat_ws;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.regexp_replace;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.sha2;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.when;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.PairFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.LongAccumulator;
import org.ballast.core.data.Completion;
import org.ballast.core.data.CompletionType;
import org.ballast.core.data.Prompt;
import org.ballast.core.metric.ObjectVocabulary;
import org.ballast.spark.evaluate.EvaluationPlan.PlannedRow;
import org.ballast.spark.evaluate.EvaluationPlan.Task;
import org.ballast.spark.evaluate.EvaluationPlan.Unit;
import org.ballast.spark.evaluate.Metrics.AdapterMetrics;
import org.ballast.spark.evaluate.RowResult.Caption;
import org.ballast.spark.evaluate.RowResult.Pictures;
import org.ballast.spark.evaluate.RowResult.Rejected;
import org.ballast.spark.model.OpenModel;
import org.ballast.spark.rows.CompletionRows;
import org.ballast.spark.rows.PromptRows;
import org.ballast.spark.session.Progress;
import org.ballast.spark.train.ExecutorCache;
import scala.Tuple2;

/**
 * Evaluates models on held-out rows: the driver plans units of ids, executors score and answer them with every model, the
 * driver sums up. What comes back is a few texts and numbers a row, for at most as many rows as the options allow.
 */
public final class Evaluation {
    private static final String PROMPT_ID = "prompt_id";
    private static final String IMAGE_ID = "image_id";
    private static final StructType ASSIGNMENT = new StructType()
            .add("unit", DataTypes.IntegerType)
            .add("task", DataTypes.StringType)
            .add(PROMPT_ID, DataTypes.StringType)
            .add("own_image_id", DataTypes.StringType)
            .add("other_image_id", DataTypes.StringType)
            .add("example", DataTypes.BooleanType);

    private final SparkSession spark;
    private final EvaluationInputs inputs;
    private final List<NamedModel> models;
    private final EvaluateOptions options;

    private Evaluation(SparkSession spark, EvaluationInputs inputs, List<NamedModel> models, EvaluateOptions options) {
        this.spark = spark;
        this.inputs = inputs;
        this.models = List.copyOf(models);
        this.options = options;
    }

    /**
     * Runs the evaluation.
     *
     * @param models base first: implicit rewards are against it, and the weakening curve is its
     * @param adapter figures of the drift adapter to stand beside, null for none
     * @throws IllegalArgumentException naming a split without rows, a question that is no POPE question, or models of one
     *     name
     */
    public static EvaluationResult run(
            SparkSession spark,
            EvaluationInputs inputs,
            List<NamedModel> models,
            EvaluateOptions options,
            AdapterMetrics adapter) {
        int partitions = 4 * new JavaSparkContext(spark.sparkContext()).defaultParallelism();
        return run(spark, inputs, models, options, adapter, partitions);
    }

    /** As above, in at most so many partitions; what is found does not depend on them. */
    static EvaluationResult run(
            SparkSession spark,
            EvaluationInputs inputs,
            List<NamedModel> models,
            EvaluateOptions options,
            AdapterMetrics adapter,
            int partitions) {
        Set<String> names = new HashSet<>();
        for (NamedModel model : models) {
            if (!names.add(model.name())) {
                throw new IllegalArgumentException("two models are called " + model.name());
            }
        }
        if (models.isEmpty()) {
            throw new IllegalArgumentException("no model to evaluate");
        }
        return new Evaluation(spark, inputs, models, options).run(adapter, partitions);
    }

    private EvaluationResult run(AdapterMetrics adapter, int maxPartitions) {
        EvaluationPlan plan = EvaluationPlanner.plan(candidates(), options);
        List<RowResult> results = evaluate(plan, maxPartitions);
        List<Rejected> rejected = results.stream()
                .filter(Rejected.class::isInstance)
                .map(Rejected.class::cast)
                .toList();
        long evaluated = results.stream()
                .filter(result -> models.get(0).name().equals(result.model()))
                .count();
        Metrics metrics = new MetricsBuilder(results, models, options, vocabulary()).build(adapter);
        return new EvaluationResult(metrics, examples(plan, results), plan.rows(), evaluated, rejected);
    }

    /** Ids of the prompts of all splits, at most the configured number of a split and kind, drawn by seed. */
    private List<HeldOutRow> candidates() {
        Dataset<Row> prompts = inputs.prompts()
                .filter(col(IMAGE_ID).isNotNull())
                .select(col(PROMPT_ID), col(IMAGE_ID), col("split"), col("kind"));
        Column pope = coalesce(col("kind").startsWith(options.popePrefix()), lit(false));
        Dataset<Row> heldOut = prompts.filter(col("split").isin(options.splits().toArray()))
                .withColumn("group", when(pope, col("kind")).otherwise(lit("")));
        if (!options.captionKinds().isEmpty()) {
            heldOut = heldOut.filter(
                    pope.or(col("kind").isin(options.captionKinds().toArray())));
        }
        List<HeldOutRow> rows = new ArrayList<>(drawn(heldOut, options.maxRowsPerSplit()));
        if (options.trainPrompts() > 0) {
            Dataset<Row> withPairs = inputs.completions()
                    .filter(col("type")
                            .isin(options.pairs().rejected().stream()
                                    .filter(type -> type != CompletionType.GROUND_TRUTH)
                                    .map(CompletionType::stored)
                                    .toArray()))
                    .select(PROMPT_ID)
                    .distinct();
            rows.addAll(drawn(
                    prompts.filter(col("split").equalTo(options.trainSplit()))
                            .join(withPairs, withPairs.col(PROMPT_ID).equalTo(prompts.col(PROMPT_ID)), "left_semi")
                            .withColumn("group", lit("")),
                    options.trainPrompts()));
        }
        return rows;
    }

    private List<HeldOutRow> drawn(Dataset<Row> rows, int limit) {
        Column draw = sha2(concat_ws("/", lit(Long.toString(options.seed())), col(PROMPT_ID)), 256);
        return rows
                .withColumn(
                        "rank",
                        row_number()
                                .over(Window.partitionBy("split", "group")
                                        .orderBy(draw, col(PROMPT_ID), col(IMAGE_ID))))
                .filter(col("rank").leq(limit))
                .select(PROMPT_ID, IMAGE_ID, "split", "kind")
                .collectAsList()
                .stream()
                .map(row -> new HeldOutRow(row.getString(0), row.getString(1), row.getString(2), row.getString(3)))
                .sorted(Comparator.comparing(HeldOutRow::promptId))
                .toList();
    }

    /** Objects that any POPE question of the input names, whatever its split; null without questions. */
    private ObjectVocabulary vocabulary() {
        List<String> questions = inputs
                .prompts()
                .filter(col("kind").startsWith(options.popePrefix()))
                .select(regexp_replace(col("prompt"), "^\\s*" + Prompt.IMAGE + "\\s*", ""))
                .distinct()
                .collectAsList()
                .stream()
                .map(row -> row.getString(0))
                .sorted()
                .toList();
        return questions.isEmpty() ? null : ObjectVocabulary.ofQuestions(questions);
    }

    private List<RowResult> evaluate(EvaluationPlan plan, int maxPartitions) {
        LongAccumulator done = spark.sparkContext().longAccumulator("evaluated rows");
        int partitions = Math.max(1, Math.min(plan.units().size(), maxPartitions));
        JavaPairRDD<Integer, Iterable<RowData>> units =
                rows(plan).toJavaRDD().mapToPair(new ToRowData()).groupByKey(partitions);
        long total = plan.units().stream()
                .mapToLong(unit -> (long) unit.rows().size() * (unit.task() == Task.WEAKENING ? 1 : models.size()))
                .sum();
        Map<Integer, List<RowResult>> byUnit = new HashMap<>();
        for (Tuple2<Integer, List<RowResult>> unit : collect(
                units.mapPartitions(new EvaluateUnits(models, options, done)).collectAsync(), done, total)) {
            byUnit.put(unit._1, unit._2);
        }
        List<RowResult> results = new ArrayList<>();
        for (Unit unit : plan.units()) {
            results.addAll(byUnit.getOrDefault(unit.number(), List.of()));
        }
        return results;
    }

    private static <T> List<T> collect(JavaFutureAction<List<T>> running, LongAccumulator done, long total) {
        try (Progress progress = Progress.of("evaluate", "rows", total)) {
            while (true) {
                try {
                    List<T> results = running.get(500, TimeUnit.MILLISECONDS);
                    progress.to(total);
                    return results;
                } catch (TimeoutException e) {
                    progress.to(Math.min(total, done.value()));
                }
            }
        } catch (InterruptedException e) {
            running.cancel(true);
            Thread.currentThread().interrupt();
            throw new IllegalStateException("evaluation was interrupted", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("evaluation failed: " + e.getCause().getMessage(), e.getCause());
        }
    }

    /** The planned rows with prompt, pictures and completions; what is not found is null and found out by the reader. */
    private Dataset<Row> rows(EvaluationPlan plan) {
        List<Row> assigned = new ArrayList<>();
        for (Unit unit : plan.units()) {
            for (PlannedRow row : unit.rows()) {
                assigned.add(RowFactory.create(
                        unit.number(),
                        unit.task().name(),
                        row.promptId(),
                        row.imageId(),
                        row.otherImageId(),
                        row.example()));
            }
        }
        Dataset<Row> assignment = spark.createDataFrame(assigned, ASSIGNMENT);
        Dataset<Row> prompts =
                inputs.prompts().select(col(PROMPT_ID), all(PromptRows.SCHEMA).as("prompt_row"));
        Dataset<Row> completions = inputs.completions()
                .join(assignment.select(PROMPT_ID).distinct(), PROMPT_ID)
                .groupBy(PROMPT_ID)
                .agg(collect_list(all(CompletionRows.SCHEMA)).as("completion_rows"));
        Dataset<Row> images = inputs.images()
                .dropDuplicates(IMAGE_ID)
                .select(col(IMAGE_ID), col("image.bytes").as("bytes"));
        return assignment
                .join(prompts, PROMPT_ID)
                .join(completions, scalaSeq(PROMPT_ID), "left")
                .join(images.toDF("own_image_id", "own_bytes"), scalaSeq("own_image_id"), "left")
                .join(images.toDF("other_image_id", "other_bytes"), scalaSeq("other_image_id"), "left");
    }

    private static Column all(StructType schema) {
        return struct(Arrays.stream(schema.fieldNames()).map(name -> col(name)).toArray(Column[]::new));
    }

    private static scala.collection.Seq<String> scalaSeq(String column) {
        return scala.collection.JavaConverters.asScalaBuffer(List.of(column)).toSeq();
    }

    /** A joined row as what its unit needs. */
    private record ToRowData() implements PairFunction<Row, Integer, RowData> {
        @Override
        public Tuple2<Integer, RowData> call(Row row) {
            Prompt prompt = PromptRows.fromRow(row.getAs("prompt_row"));
            PlannedRow planned = new PlannedRow(
                    prompt.promptId(), row.getAs("own_image_id"), row.getAs("other_image_id"), row.getAs("example"));
            byte[] other = planned.otherImageId() == null
                    ? null
                    : present(row.getAs("other_bytes"), prompt, planned.otherImageId());
            List<Completion> completions = new ArrayList<>();
            List<Row> stored = row.isNullAt(row.fieldIndex("completion_rows"))
                    ? List.of()
                    : row.getList(row.fieldIndex("completion_rows"));
            stored.forEach(completion -> completions.add(CompletionRows.fromRow(completion)));
            completions.sort(Comparator.comparing(Completion::completionId));
            return new Tuple2<>(
                    row.getAs("unit"),
                    new RowData(
                            Task.valueOf(row.getAs("task")),
                            planned,
                            prompt,
                            present(row.getAs("own_bytes"), prompt, planned.imageId()),
                            other,
                            completions));
        }

        private static byte[] present(byte[] bytes, Prompt prompt, String imageId) {
            if (bytes == null) {
                throw new IllegalStateException(
                        "prompt " + prompt.promptId() + ": its picture " + imageId + " is in no images table");
            }
            return bytes;
        }
    }

    /** The units of a partition, with every model open the while; rows in the order of their ids, whatever the shuffle did. */
    private record EvaluateUnits(List<NamedModel> models, EvaluateOptions options, LongAccumulator done)
            implements FlatMapFunction<Iterator<Tuple2<Integer, Iterable<RowData>>>, Tuple2<Integer, List<RowResult>>> {
        @Override
        public Iterator<Tuple2<Integer, List<RowResult>>> call(Iterator<Tuple2<Integer, Iterable<RowData>>> units) {
            List<Tuple2<Integer, List<RowResult>>> results = new ArrayList<>();
            List<ExecutorCache<OpenModel>.Lease> leases = new ArrayList<>();
            try {
                Map<String, OpenModel> open = new LinkedHashMap<>();
                for (NamedModel model : models) {
                    ExecutorCache<OpenModel>.Lease lease = OpenModel.lease(model.spec());
                    leases.add(lease);
                    open.put(model.name(), lease.value());
                }
                try (UnitEvaluator evaluator = new UnitEvaluator(open, options, done::add)) {
                    while (units.hasNext()) {
                        Tuple2<Integer, Iterable<RowData>> unit = units.next();
                        List<RowData> rows = new ArrayList<>();
                        unit._2.forEach(rows::add);
                        rows.sort(Comparator.comparing(row -> row.prompt().promptId()));
                        results.add(new Tuple2<>(
                                unit._1, evaluator.evaluate(rows.get(0).task(), rows)));
                    }
                }
            } finally {
                leases.forEach(ExecutorCache.Lease::close);
            }
            return results.iterator();
        }
    }

    /** The examples' pictures with what every model answered, in the order of the splits and ids. */
    private List<Example> examples(EvaluationPlan plan, List<RowResult> results) {
        Map<String, List<Caption>> answers = new LinkedHashMap<>();
        Map<String, Pictures> pictures = new LinkedHashMap<>();
        for (RowResult result : results) {
            if (result instanceof Pictures found) {
                pictures.put(found.key().promptId(), found);
            } else if (result instanceof Caption caption) {
                answers.computeIfAbsent(caption.key().promptId(), id -> new ArrayList<>())
                        .add(caption);
            }
        }
        List<Example> examples = new ArrayList<>();
        pictures.forEach((id, found) -> {
            Caption first = answers.get(id).get(0);
            examples.add(new Example(
                    id,
                    first.key().split(),
                    found.clean(),
                    found.weakened(),
                    options.exampleStep(),
                    first.prompt(),
                    first.reference(),
                    first.negatives(),
                    answers.get(id).stream()
                            .map(caption -> new Example.Labelled(
                                    caption.model(), caption.answer().text()))
                            .toList()));
        });
        return examples;
    }
}
