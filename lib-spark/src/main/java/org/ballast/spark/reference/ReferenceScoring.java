package org.ballast.spark.reference;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat_ws;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.Quarantined;
import org.ballast.core.data.Reason;
import org.ballast.core.data.ReferenceLogProb;
import org.ballast.core.image.ImageRejected;
import org.ballast.core.mllm.EncodedExample;
import org.ballast.core.mllm.ImageInput;
import org.ballast.core.mllm.MemorySettings;
import org.ballast.core.mllm.Scorer;
import org.ballast.core.text.TextRejected;
import org.ballast.spark.examples.PictureSource;
import org.ballast.spark.examples.PromptWithPicture;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.model.ModelSpec;
import org.ballast.spark.model.OpenModel;
import org.ballast.spark.rows.PromptRows;
import org.ballast.spark.rows.ReferenceLogProbRows;
import org.ballast.spark.units.UnitFunction;
import org.ballast.spark.units.UnitOptions;
import org.ballast.spark.units.UnitRunner;

/** Scores every completion of the chosen prompts with the picture as it is. */
public final class ReferenceScoring {
    private static final String ORDER = "scoring_order";

    private ReferenceScoring() {}

    /**
     * Runs.
     *
     * @param pictures what the prompts of the data show
     * @param completions stages whose completions are scored
     * @param splits empty: all
     * @param memory what is computed at once
     * @throws org.ballast.spark.io.StageInputException when the source lacks a picture
     */
    public static UnitRunner.Outcome run(
            SparkSession spark,
            StageFolder output,
            List<StageFolder> data,
            PictureSource pictures,
            List<StageFolder> completions,
            List<String> splits,
            ModelSpec model,
            MemorySettings memory,
            UnitOptions options) {
        Dataset<Row> prompts = PromptWithPicture.prompts(spark, data, splits, List.of());
        Dataset<Row> rows = Tables.read(spark, completions, Table.COMPLETIONS)
                .dropDuplicates("completion_id")
                .select(col("completion_id"), col("prompt_id"), col("response"))
                .join(prompts, "prompt_id")
                // rows of one prompt share a unit and with it the picture
                .withColumn(ORDER, concat_ws("/", col("prompt_id"), col("completion_id")));
        pictures.require(rows);
        return new UnitRunner(spark, output, Table.REFERENCE_LOG_PROBS, options)
                .run(rows, ORDER, pictures::join, new Score(model, memory), 1, Tables.TARGET_FILE_BYTES);
    }

    private record Score(ModelSpec spec, MemorySettings memory) implements UnitFunction {
        @Override
        public void apply(List<Row> rows, Output out) {
            try (var lease = OpenModel.lease(spec);
                    Scorer scorer = lease.value().scorer(memory)) {
                List<EncodedExample> examples = new ArrayList<>();
                Map<String, ImageInput> pictures = new HashMap<>();
                for (Row row : rows) {
                    encode(lease.value(), row, pictures, examples, out);
                }
                List<double[]> logProbs = scorer.responseLogProbs(examples);
                for (int i = 0; i < examples.size(); i++) {
                    store(examples.get(i), logProbs.get(i), out);
                }
            }
        }

        private static void encode(
                OpenModel model, Row row, Map<String, ImageInput> pictures, List<EncodedExample> examples, Output out) {
            Prompt prompt = PromptRows.fromRow(row);
            String id = row.getAs("completion_id");
            String response = row.getAs("response");
            try {
                // rows of one picture hold one array
                ImageInput image = pictures.get(prompt.imageId());
                if (image == null && prompt.hasImage()) {
                    image = PictureSource.input(model, row);
                    pictures.put(prompt.imageId(), image);
                }
                examples.add(model.encode(id, image, prompt, response));
            } catch (TextRejected e) {
                Reason reason = OpenModel.reason(e);
                out.reject(new Quarantined(id, prompt.source(), -1, reason, e.getMessage(), response));
            } catch (ImageRejected e) {
                out.reject(new Quarantined(
                        id, prompt.source(), -1, Reason.NOT_AN_IMAGE, e.getMessage(), prompt.imageId()));
            }
        }

        private void store(EncodedExample example, double[] logProbs, Output out) {
            double sum = 0;
            for (double logProb : logProbs) {
                sum += logProb;
            }
            if (Double.isFinite(sum)) {
                out.accept(ReferenceLogProbRows.toRow(new ReferenceLogProb(
                        example.id(), ReferenceLogProb.CLEAN, spec.digest(), sum, logProbs.length)));
            } else {
                out.reject(new Quarantined(
                        example.id(), "completions", -1, Reason.NOT_FINITE, "the log-prob is " + sum, null));
            }
        }
    }
}
