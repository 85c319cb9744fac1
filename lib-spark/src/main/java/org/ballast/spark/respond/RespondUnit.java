package org.ballast.spark.respond;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.util.SerializableConfiguration;
import org.ballast.core.data.ModelResponse;
import org.ballast.core.data.Quarantined;
import org.ballast.core.data.Reason;
import org.ballast.core.data.RowRejected;
import org.ballast.core.image.DiffusionNoise;
import org.ballast.core.mllm.EncodedExample;
import org.ballast.core.mllm.Scorer;
import org.ballast.core.mllm.generate.Generation;
import org.ballast.core.mllm.generate.GenerationRequest;
import org.ballast.core.mllm.generate.Generator;
import org.ballast.core.mllm.generate.NonFiniteLogitsException;
import org.ballast.core.text.LlavaTokenizer;
import org.ballast.core.text.TextRejected;
import org.ballast.spark.model.ModelSpec;
import org.ballast.spark.model.OpenModel;
import org.ballast.spark.rows.ResponseRows;
import org.ballast.spark.units.UnitFunction;

/** One unit of rows: those that bring a response are scored, the others answered. */
record RespondUnit(ModelSpec spec, RespondOptions options, SerializableConfiguration hadoop) implements UnitFunction {

    /** A row with a response. */
    private record Scored(Row row, String response, boolean cut, EncodedExample example) {}

    /** A row without one. */
    private record Asked(Row row, GenerationRequest request) {}

    @Override
    public void apply(List<Row> rows, Output out) {
        try (var lease = OpenModel.lease(spec)) {
            OpenModel model = lease.value();
            RowPictures pictures = new RowPictures(model, options, hadoop.value());
            List<Scored> scored = new ArrayList<>();
            List<Asked> asked = new ArrayList<>();
            for (Row row : rows) {
                try {
                    prepare(model, pictures, row, scored, asked);
                } catch (TextRejected e) {
                    reject(row, OpenModel.reason(e), e.getMessage(), out);
                } catch (RowRejected e) {
                    reject(row, e.reason(), e.getMessage(), out);
                }
            }
            score(model, scored, out);
            answer(model, asked, out);
        }
    }

    private void prepare(OpenModel model, RowPictures pictures, Row row, List<Scored> scored, List<Asked> asked)
            throws TextRejected, RowRejected {
        String fault = row.getAs(RequestRows.REASON);
        if (fault != null) {
            throw new RowRejected(Reason.of(fault), row.getAs(RequestRows.MESSAGE));
        }
        String id = row.getAs(RequestRows.ID);
        float[] pixels = pictures.pixels(row);
        LlavaTokenizer tokenizer = model.tokenizer();
        int[] prompt = tokenizer.encodePrompt(
                row.getAs(RequestRows.PROMPT),
                pixels != null,
                model.model().config().imageTokens());
        if (prompt.length == 0) {
            throw new RowRejected(Reason.MISSING_FIELD, "the prompt has no tokens");
        }
        int longest = options.maxLength() == 0 ? model.maxLength() : Math.min(options.maxLength(), model.maxLength());
        String response = row.getAs(RequestRows.RESPONSE);
        if (response != null) {
            int[] whole = tokenizer.encodeResponse(response);
            LlavaTokenizer.Fitted fitted = tokenizer.fit(prompt, whole, longest);
            boolean cut = fitted.response().length < whole.length;
            scored.add(
                    new Scored(row, response, cut, new EncodedExample(id, pixels, fitted.prompt(), fitted.response())));
            return;
        }
        // the answer gives way first, down to one token
        LlavaTokenizer.Fitted fitted =
                tokenizer.fit(prompt, new int[options.generation().maxTokens()], longest);
        asked.add(new Asked(
                row,
                new GenerationRequest(id, fitted.prompt(), pixels, weakened(id, pixels), fitted.response().length)));
    }

    private float[] weakened(String id, float[] pixels) throws RowRejected {
        if (options.generation().contrast() == null) {
            return null;
        }
        if (pixels == null) {
            throw new RowRejected(Reason.NO_IMAGE, "the row has no picture that could be weakened for the contrast");
        }
        return DiffusionNoise.bpo()
                .noised(pixels, options.noiseStep(), options.generation().seed(), id, 0);
    }

    private void score(OpenModel model, List<Scored> rows, Output out) {
        if (rows.isEmpty()) {
            return;
        }
        try (Scorer scorer = model.scorer(options.memory())) {
            List<double[]> logProbs =
                    scorer.responseLogProbs(rows.stream().map(Scored::example).toList());
            for (int i = 0; i < rows.size(); i++) {
                Scored row = rows.get(i);
                store(
                        row.row,
                        row.response,
                        row.example.responseIds(),
                        logProbs.get(i),
                        row.cut ? Generation.FinishReason.LENGTH : Generation.FinishReason.EOS,
                        out);
            }
        }
    }

    private void answer(OpenModel model, List<Asked> rows, Output out) {
        try (Generator generator = model.generator(options.batchRows())) {
            List<Generation> answers;
            try {
                answers = generator.generate(rows.stream().map(Asked::request).toList(), options.generation());
            } catch (NonFiniteLogitsException e) {
                // the others are not to suffer for one row
                rows.forEach(row -> answerAlone(generator, row, out));
                return;
            }
            for (int i = 0; i < rows.size(); i++) {
                store(rows.get(i).row, answers.get(i), out);
            }
        }
    }

    private void answerAlone(Generator generator, Asked row, Output out) {
        try {
            store(
                    row.row,
                    generator
                            .generate(List.of(row.request), options.generation())
                            .get(0),
                    out);
        } catch (NonFiniteLogitsException e) {
            reject(row.row, Reason.NOT_FINITE, e.getMessage(), out);
        }
    }

    private static void store(Row row, Generation answer, Output out) {
        store(row, answer.text(), answer.tokens(), answer.logProbs(), answer.finishReason(), out);
    }

    private static void store(
            Row row, String text, int[] tokens, double[] logProbs, Generation.FinishReason finish, Output out) {
        float[] single = new float[logProbs.length];
        for (int i = 0; i < single.length; i++) {
            single[i] = (float) logProbs[i];
            if (!Float.isFinite(single[i])) {
                reject(row, Reason.NOT_FINITE, "the log-prob of token " + i + " is " + logProbs[i], out);
                return;
            }
        }
        out.accept(
                ResponseRows.toRow(new ModelResponse(row.getAs(RequestRows.ID), text, tokens, single, finish.code())));
    }

    private static void reject(Row row, Reason reason, String message, Output out) {
        String raw = row.getAs(RequestRows.RAW);
        out.reject(new Quarantined(
                row.getAs(RequestRows.ID),
                row.getAs(RequestRows.FILE),
                row.<Long>getAs(RequestRows.POSITION),
                reason,
                message,
                raw == null ? row.getAs(RequestRows.PROMPT) : raw));
    }
}
