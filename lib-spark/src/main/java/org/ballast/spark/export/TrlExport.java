package org.ballast.spark.export;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Completion;
import org.ballast.core.data.PairRule;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.RowAccount;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.io.Waves;
import org.ballast.spark.rows.CompletionRows;
import org.ballast.spark.rows.PromptRows;
import org.ballast.spark.session.Progress;

/**
 * Writes preference pairs with their pictures as TRL reads them. The caller opens and commits the folder; the data card
 * that commit writes gives Hugging Face {@code load_dataset} the splits.
 */
public final class TrlExport {
    /** Pairs a wave: the most that a killed run does again. */
    private static final int WAVE_PAIRS = 20_000;

    private static final StructType PAIR = new StructType()
            .add("pair_id", DataTypes.StringType)
            .add("pair_prompt_id", DataTypes.StringType)
            .add("chosen_response", DataTypes.StringType)
            .add("rejected_response", DataTypes.StringType);

    private TrlExport() {}

    /**
     * Runs.
     *
     * @param stage open; the caller commits it
     * @param prompts stages with {@code prompts} and {@code images}
     * @param completions stages with {@code completions}, ground truth among them; one that is named twice counts once
     * @param rule which completions form pairs
     * @param splits of the prompts whose pairs are written; empty for all
     * @param targetFileBytes size of a Parquet file
     * @return in: pairs that the rule gives in these splits; out: rows written; none is ever dropped
     * @throws IllegalStateException naming the pair whose prompt or picture is in none of the stages
     */
    public static RowAccount run(
            SparkSession spark,
            StageFolder stage,
            List<StageFolder> prompts,
            List<StageFolder> completions,
            PairRule rule,
            List<String> splits,
            long targetFileBytes) {
        Dataset<Row> asked = Tables.read(spark, prompts, Table.PROMPTS);
        Waves derived = Waves.of(stage, new Table("derived", PAIR, List.of("pair_id"), false, false));
        derived.write(0, () -> {
            List<StageFolder> once = new ArrayList<>(completions.stream()
                    .collect(Collectors.toMap(StageFolder::path, folder -> folder, (a, b) -> a, LinkedHashMap::new))
                    .values());
            Dataset<Row> pairs = pairs(Tables.read(spark, once, Table.COMPLETIONS), rule);
            return splits.isEmpty() ? pairs : ofSplits(pairs, asked, splits);
        });
        Dataset<Row> stored = derived.read(spark);
        long count = stored.count();
        Dataset<Row> joined = joined(stored, asked, Tables.read(spark, prompts, Table.IMAGES));
        int waveCount = (int) Math.max(1, Math.ceil((double) count / WAVE_PAIRS));
        Waves waves = Waves.of(stage, new Table("pair_waves", TrlRows.SCHEMA, TrlRows.TABLE.key(), true, true));
        try (Progress progress = Progress.of(stage.stage(), "pairs", count)) {
            for (int i = 0; i < waveCount; i++) {
                int wave = i;
                waves.write(wave, () -> joined.filter(pmod(xxhash64(col("pair_id")), lit((long) waveCount))
                                .equalTo(wave))
                        .map(new ToTrl(), Encoders.row(TrlRows.SCHEMA)));
                progress.to(count * (wave + 1) / waveCount);
            }
        }
        return new RowAccount(count, Tables.write(waves.read(spark), stage, TrlRows.TABLE, targetFileBytes), 0);
    }

    /** Pairs of the splits, and those whose prompt is nowhere: they are reported later, not dropped here. */
    private static Dataset<Row> ofSplits(Dataset<Row> pairs, Dataset<Row> prompts, List<String> splits) {
        Dataset<Row> places = prompts.select(col("prompt_id").as("known_prompt_id"), col(Table.SPLIT));
        return pairs.join(places, col("pair_prompt_id").equalTo(col("known_prompt_id")), "left")
                .filter(col("known_prompt_id").isNull().or(col(Table.SPLIT).isin(splits.toArray())))
                .select(Stream.of(PAIR.fieldNames()).map(name -> col(name)).toArray(Column[]::new));
    }

    /** The pairs of each prompt, texts only. */
    private static Dataset<Row> pairs(Dataset<Row> completions, PairRule rule) {
        return completions
                .groupBy("prompt_id")
                .agg(collect_list(struct(Stream.of(CompletionRows.SCHEMA.fieldNames())
                                .map(name -> col(name))
                                .toArray(Column[]::new)))
                        .as("completions"))
                .flatMap(new Pair(rule), Encoders.row(PAIR));
    }

    private static Dataset<Row> joined(Dataset<Row> pairs, Dataset<Row> prompts, Dataset<Row> images) {
        Dataset<Row> asked = pairs.join(prompts, col("pair_prompt_id").equalTo(col("prompt_id")), "left");
        Dataset<Row> pictures =
                images.select(col("image_id").as("picture_id"), col("image").as("picture"));
        return asked.join(pictures, col("image_id").equalTo(col("picture_id")), "left");
    }

    /** Applies the rule to the completions of one prompt. */
    private record Pair(PairRule rule) implements FlatMapFunction<Row, Row> {
        private static final long serialVersionUID = 1L;

        @Override
        public Iterator<Row> call(Row row) {
            List<Completion> completions = row.<Row>getList(row.fieldIndex("completions")).stream()
                    .map(CompletionRows::fromRow)
                    .toList();
            return rule.pairs(completions).stream()
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

    /** Texts and picture to chat messages. */
    private record ToTrl() implements MapFunction<Row, Row> {
        private static final long serialVersionUID = 1L;

        @Override
        public Row call(Row row) {
            if (row.getAs("prompt_id") == null) {
                throw new IllegalStateException("pair '%s': prompt '%s' is in none of the stages that were given"
                        .formatted(row.getAs("pair_id"), row.getAs("pair_prompt_id")));
            }
            Prompt prompt = PromptRows.fromRow(row);
            Row picture = row.getAs("picture");
            if (prompt.hasImage() && picture == null) {
                throw new IllegalStateException("prompt '%s': picture %s is in none of the stages that were given"
                        .formatted(prompt.promptId(), prompt.imageId()));
            }
            return TrlRows.row(
                    row.getAs("pair_id"),
                    picture,
                    TrlMessages.prompt(prompt),
                    TrlMessages.response(row.getAs("chosen_response")),
                    TrlMessages.response(row.getAs("rejected_response")),
                    prompt.split());
        }
    }
}
