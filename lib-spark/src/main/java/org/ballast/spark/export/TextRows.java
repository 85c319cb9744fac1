package org.ballast.spark.export;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.negate;
import static org.apache.spark.sql.functions.sort_array;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.udf;

import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF3;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Completion;
import org.ballast.core.data.PairRule;
import org.ballast.core.longtail.PairSampling;
import org.ballast.spark.io.Table;
import org.ballast.spark.pairs.SampledPairs;
import org.ballast.spark.rows.CompletionRows;
import org.ballast.spark.rows.PromptRows;

/**
 * The rows of an export before their pictures are joined: {@code key, image_id, split, body}, texts only. What a body
 * holds hangs on the kind of rows. A row whose prompt is in none of the stages has a null split.
 */
final class TextRows {
    static final String KEY = "key";
    static final String IMAGE_ID = "image_id";
    static final String BODY = "body";

    /** Body of a pair. */
    static final StructType PAIR_BODY =
            prompt().add("chosen", DataTypes.StringType).add("rejected", DataTypes.StringType);

    /** Body of a prompt with its best response. */
    static final StructType SFT_BODY = prompt().add("response", DataTypes.StringType);

    /** One completion in a body of {@link #PROMPT_BODY}; {@code rank} is the score negated, so that the best sorts first. */
    static final StructType SCORED = new StructType()
            .add("rank", DataTypes.DoubleType)
            .add("completion_id", DataTypes.StringType)
            .add("response", DataTypes.StringType)
            .add("type", DataTypes.StringType)
            .add("score", DataTypes.DoubleType)
            .add("model", DataTypes.StringType);

    /** Body of a prompt with all its completions, the best first. */
    static final StructType PROMPT_BODY = prompt().add("kind", DataTypes.StringType)
            .add("label", DataTypes.IntegerType)
            .add("source", DataTypes.StringType)
            .add("window", DataTypes.StringType)
            .add("completions", DataTypes.createArrayType(SCORED));

    /** Body of a sample. */
    static final StructType SAMPLE_BODY = new StructType()
            .add("caption", DataTypes.StringType)
            .add("caption_masked", DataTypes.BooleanType)
            .add("label", DataTypes.IntegerType)
            .add("label_name", DataTypes.StringType)
            .add("domain", DataTypes.StringType)
            .add("source", DataTypes.StringType)
            .add("window", DataTypes.StringType);

    private static final StructType PAIR = answer("chosen", "rejected");
    private static final StructType BEST = answer("response");

    private TextRows() {}

    private static StructType prompt() {
        return new StructType()
                .add("prompt_id", DataTypes.StringType)
                .add("prompt", DataTypes.StringType)
                .add("history", DataTypes.createArrayType(PromptRows.TURN));
    }

    private static StructType answer(String... responses) {
        StructType schema = new StructType().add(KEY, DataTypes.StringType).add("asked_id", DataTypes.StringType);
        for (String response : responses) {
            schema = schema.add(response, DataTypes.StringType);
        }
        return schema;
    }

    /**
     * The pairs of the rule, each as often as the sampling takes it; key: the pair's id, and {@code #2} and so on behind it
     * where it comes again.
     */
    static Dataset<Row> pairs(ExportInputs inputs, PairRule rule, PairSampling sampling, List<String> splits) {
        Dataset<Row> pairs = byPrompt(inputs).flatMap(new Pairs(rule), Encoders.row(PAIR));
        if (sampling.takesAll()) {
            return asked(inputs, pairs, splits, PAIR_BODY);
        }
        Dataset<Row> joined = joined(inputs, pairs, splits);
        SampledPairs sampled = SampledPairs.of(
                joined.filter(col(Table.SPLIT).isNotNull()).select(col(Table.SPLIT), col("label"), lit(1L).as("pairs")),
                sampling);
        Column copies = udf(new Copies(sampled), DataTypes.createArrayType(DataTypes.StringType))
                .apply(col(Table.SPLIT), col("label"), col(KEY));
        return shaped(joined.withColumn(KEY, explode(copies)), col(KEY), PAIR_BODY);
    }

    /** The best response of each prompt among the types that may be chosen; key: the completion's id. */
    static Dataset<Row> best(ExportInputs inputs, PairRule rule, List<String> splits) {
        return asked(inputs, byPrompt(inputs).flatMap(new Best(rule), Encoders.row(BEST)), splits, SFT_BODY);
    }

    /** Every prompt with its completions; key: the prompt's id. */
    static Dataset<Row> prompts(ExportInputs inputs, List<String> splits) {
        Dataset<Row> scored = inputs.allCompletions()
                .groupBy(col("prompt_id").as("asked_id"))
                .agg(sort_array(collect_list(struct(
                                negate(col("score")).as("rank"),
                                col("completion_id"),
                                col("response"),
                                col("type"),
                                col("score"),
                                col("model"))))
                        .as("completions"));
        Dataset<Row> joined = inputs.data(Table.PROMPTS, List.of())
                .join(scored, col("prompt_id").equalTo(col("asked_id")), "full_outer");
        return shaped(ofSplits(joined, splits), col("prompt_id"), PROMPT_BODY);
    }

    /** Every sample; key: its id. */
    static Dataset<Row> samples(ExportInputs inputs, List<String> splits) {
        return shaped(inputs.data(Table.SAMPLES, splits), col("sample_id"), SAMPLE_BODY);
    }

    private static Dataset<Row> byPrompt(ExportInputs inputs) {
        return inputs.allCompletions()
                .groupBy("prompt_id")
                .agg(collect_list(struct(columns(CompletionRows.SCHEMA))).as("completions"));
    }

    private static Dataset<Row> asked(ExportInputs inputs, Dataset<Row> answers, List<String> splits, StructType body) {
        return shaped(joined(inputs, answers, splits), col(KEY), body);
    }

    private static Dataset<Row> joined(ExportInputs inputs, Dataset<Row> answers, List<String> splits) {
        Dataset<Row> joined = answers.join(
                inputs.data(Table.PROMPTS, List.of()), col("asked_id").equalTo(col("prompt_id")), "left");
        return ofSplits(joined, splits);
    }

    /** The rows of the splits, and those whose prompt is nowhere: they are reported, not dropped. */
    private static Dataset<Row> ofSplits(Dataset<Row> joined, List<String> splits) {
        Dataset<Row> rows = joined.withColumn("prompt_id", coalesce(col("prompt_id"), col("asked_id")));
        return splits.isEmpty()
                ? rows
                : rows.filter(col(Table.SPLIT).isNull().or(col(Table.SPLIT).isin(splits.toArray())));
    }

    private static Dataset<Row> shaped(Dataset<Row> rows, Column key, StructType body) {
        return rows.select(
                key.as(KEY),
                col(IMAGE_ID),
                col(Table.SPLIT),
                struct(columns(body)).as(BODY));
    }

    private static Column[] columns(StructType schema) {
        return Stream.of(schema.fieldNames()).map(name -> col(name)).toArray(Column[]::new);
    }

    private static List<Completion> completions(Row row) {
        return row.<Row>getList(row.fieldIndex("completions")).stream()
                .map(CompletionRows::fromRow)
                .toList();
    }

    /** Applies the rule to the completions of one prompt. */
    private record Pairs(PairRule rule) implements FlatMapFunction<Row, Row> {
        private static final long serialVersionUID = 1L;

        @Override
        public Iterator<Row> call(Row row) {
            return rule.pairs(completions(row)).stream()
                    .map(pair -> (Row) new GenericRowWithSchema(
                            new Object[] {
                                pair.id(),
                                pair.promptId(),
                                pair.chosen().response(),
                                pair.rejected().response()
                            },
                            PAIR))
                    .iterator();
        }
    }

    /** The keys of a pair's copies. */
    private record Copies(SampledPairs sampled) implements UDF3<String, Integer, String, List<String>> {
        private static final long serialVersionUID = 1L;

        @Override
        public List<String> call(String split, Integer label, String pairId) {
            return IntStream.rangeClosed(1, sampled.copies(split, label, pairId))
                    .mapToObj(copy -> copy == 1 ? pairId : pairId + "#" + copy)
                    .toList();
        }
    }

    /** The completion of the highest score; of several the first by id. */
    private record Best(PairRule rule) implements FlatMapFunction<Row, Row> {
        private static final long serialVersionUID = 1L;

        @Override
        public Iterator<Row> call(Row row) {
            return completions(row).stream()
                    .filter(completion -> rule.chosen().contains(completion.type()))
                    .filter(completion ->
                            rule.maxWords() == 0 || PairRule.words(completion.response()) <= rule.maxWords())
                    .max(Comparator.comparingDouble(Completion::score)
                            .thenComparing(Completion::completionId, Comparator.reverseOrder()))
                    .stream()
                    .map(best -> (Row) new GenericRowWithSchema(
                            new Object[] {best.completionId(), best.promptId(), best.response()}, BEST))
                    .iterator();
        }
    }
}
