package org.ballast.spark.evaluate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.ballast.core.data.Prompt;
import org.ballast.core.mllm.EncodedExample;
import org.ballast.core.mllm.ImageInput;
import org.ballast.core.mllm.MemorySettings;
import org.ballast.core.mllm.Scorer;
import org.ballast.core.mllm.generate.Generation;
import org.ballast.core.mllm.generate.Generation.FinishReason;
import org.ballast.core.mllm.generate.GenerationOptions;
import org.ballast.core.mllm.generate.GenerationRequest;
import org.ballast.core.mllm.generate.Generator;
import org.ballast.core.text.TextRejected;
import org.ballast.spark.evaluate.RowResult.Answer;
import org.ballast.spark.evaluate.RowResult.Scored;
import org.ballast.spark.model.OpenModel;
import org.bytedeco.pytorch.global.torch;

/** Scoring and greedy answers of one open model, in batches of fixed size, on one thread. */
final class ModelWork implements AutoCloseable {
    private final OpenModel model;
    private final Scorer scorer;
    private final Generator generator;

    ModelWork(OpenModel model, int batchRows) {
        torch.set_num_threads(1);
        this.model = model;
        this.scorer = model.scorer(MemorySettings.DEFAULT);
        this.generator = model.generator(batchRows);
    }

    @Override
    public void close() {
        generator.close();
        scorer.close();
    }

    OpenModel model() {
        return model;
    }

    /** A row to score; its prompt was seen to fit before. */
    EncodedExample encode(String id, float[] pixels, Prompt prompt, String response) {
        try {
            return model.encode(id, ImageInput.ofPixels(pixels), prompt, response);
        } catch (TextRejected e) {
            throw new IllegalStateException("row " + id + ": " + e.getMessage(), e);
        }
    }

    /** A prompt to answer. */
    GenerationRequest prompt(Prompt prompt, float[] pixels) {
        try {
            return new GenerationRequest(prompt.promptId(), model.promptIds(prompt), pixels, null);
        } catch (TextRejected e) {
            throw new IllegalStateException("row " + prompt.promptId() + ": " + e.getMessage(), e);
        }
    }

    /** Summed log-probs by row id. */
    Map<String, Scored> score(List<EncodedExample> examples) {
        List<double[]> logProbs = scorer.responseLogProbs(examples);
        Map<String, Scored> scores = new LinkedHashMap<>();
        for (int index = 0; index < examples.size(); index++) {
            double[] tokens = logProbs.get(index);
            scores.put(
                    examples.get(index).id(), new Scored(Arrays.stream(tokens).sum(), tokens.length));
        }
        return scores;
    }

    /** Greedy answers in the order of the prompts. */
    List<Answer> greedy(List<GenerationRequest> prompts, int maxTokens) {
        List<Answer> answers = new ArrayList<>();
        for (Generation generation : generator.generate(prompts, GenerationOptions.greedy(maxTokens))) {
            answers.add(new Answer(generation.text(), generation.finishReason() == FinishReason.EOS));
        }
        return answers;
    }
}
