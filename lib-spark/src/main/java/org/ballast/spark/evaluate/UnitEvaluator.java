package org.ballast.spark.evaluate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import org.ballast.core.data.Completion;
import org.ballast.core.data.PreferencePair;
import org.ballast.core.data.Prompt;
import org.ballast.core.image.ClipPreprocessor;
import org.ballast.core.image.DiffusionNoise;
import org.ballast.core.image.ImageRejected;
import org.ballast.core.image.RgbImage;
import org.ballast.core.mllm.EncodedExample;
import org.ballast.core.text.TextRejected;
import org.ballast.spark.evaluate.EvaluationPlan.Task;
import org.ballast.spark.evaluate.RowResult.Answer;
import org.ballast.spark.evaluate.RowResult.PairScore;
import org.ballast.spark.evaluate.RowResult.Scored;
import org.ballast.spark.model.OpenModel;

/** Evaluates the rows of one unit after the other under each model, batched within the unit. */
final class UnitEvaluator implements AutoCloseable {
    private static final DiffusionNoise NOISE = DiffusionNoise.bpo();

    private final Map<String, ModelWork> models;
    private final EvaluateOptions options;
    private final LongConsumer progress;

    /**
     * @param models by name, base first
     * @param progress told of rows done
     */
    UnitEvaluator(Map<String, OpenModel> models, EvaluateOptions options, LongConsumer progress) {
        this.models = new LinkedHashMap<>();
        models.forEach((name, model) -> this.models.put(name, new ModelWork(model, options.batchRows())));
        this.options = options;
        this.progress = progress;
    }

    /** A row whose picture and prompt can be used. */
    private record Ready(RowData row, Completion reference, float[] pixels, float[] otherPixels) {}

    /** Results in the order of models and rows; rejected rows stand once, before them. */
    List<RowResult> evaluate(Task task, List<RowData> rows) {
        List<RowResult> results = new ArrayList<>();
        OpenModel first = models.values().iterator().next().model();
        List<Ready> ready = new ArrayList<>();
        for (RowData row : rows) {
            try {
                ready.add(ready(first, row));
            } catch (ImageRejected e) {
                results.add(new RowResult.Rejected(row.key(), e.reason().code(), e.getMessage()));
            } catch (TextRejected e) {
                results.add(new RowResult.Rejected(row.key(), e.reason().code(), e.getMessage()));
            }
        }
        if (ready.isEmpty()) {
            return results;
        }
        for (Map.Entry<String, ModelWork> model : models.entrySet()) {
            ModelWork work = model.getValue();
            switch (task) {
                case CAPTION -> captions(model.getKey(), work, ready, results);
                case POPE -> questions(model.getKey(), work, ready, results);
                case TRAINING_PAIRS -> trainingPairs(model.getKey(), work, ready, results);
                case WEAKENING -> weakening(model.getKey(), work, ready, results);
            }
            progress.accept(rows.size());
            if (task == Task.WEAKENING) {
                break; // the base's curve alone
            }
        }
        for (Ready row : ready) {
            if (row.row.planned().example()) {
                results.add(pictures(first.preprocessor(), row));
            }
        }
        return results;
    }

    private static Ready ready(OpenModel model, RowData row) throws ImageRejected, TextRejected {
        Completion reference = row.reference()
                .orElseThrow(
                        () -> new IllegalStateException("prompt " + row.prompt().promptId() + " has no gt response"));
        // what does not fit is found here, before any model works on the unit
        model.encode(row.prompt().promptId(), null, row.prompt(), reference.response());
        float[] pixels = model.pixels(row.picture());
        float[] other = row.otherPicture() == null ? null : model.pixels(row.otherPicture());
        return new Ready(row, reference, pixels, other);
    }

    private void captions(String model, ModelWork work, List<Ready> rows, List<RowResult> results) {
        Scores scores = new Scores(work);
        for (Ready row : rows) {
            Prompt prompt = row.row.prompt();
            scores.add(row.reference.completionId(), row.pixels, prompt, row.reference.response());
            scores.add(other(row), row.otherPixels, prompt, row.reference.response());
            addPairs(scores, row);
        }
        scores.run();
        List<Answer> answers = answers(work, rows, options.captionTokens());
        for (int index = 0; index < rows.size(); index++) {
            Ready row = rows.get(index);
            results.add(new RowResult.Caption(
                    row.row.key(),
                    model,
                    row.row.prompt().prompt(),
                    row.reference.response(),
                    scores.of(row.reference.completionId()),
                    scores.of(other(row)),
                    answers.get(index),
                    pairs(scores, row),
                    negatives(row)));
        }
    }

    private static String other(Ready row) {
        return row.reference.completionId() + " with picture "
                + row.row.planned().otherImageId();
    }

    private void questions(String model, ModelWork work, List<Ready> rows, List<RowResult> results) {
        List<Answer> answers = answers(work, rows, options.popeTokens());
        for (int index = 0; index < rows.size(); index++) {
            Ready row = rows.get(index);
            String text = row.row.prompt().prompt();
            String question = text.replaceFirst(Prompt.IMAGE, "").strip();
            results.add(
                    new RowResult.Question(row.row.key(), model, question, isYes(row.reference), answers.get(index)));
        }
    }

    private static boolean isYes(Completion truth) {
        return switch (truth.response().strip()) {
            case "yes" -> true;
            case "no" -> false;
            default -> throw new IllegalArgumentException("completion " + truth.completionId()
                    + ": the truth of a POPE question is yes or no, not \"" + truth.response() + "\"");
        };
    }

    private void trainingPairs(String model, ModelWork work, List<Ready> rows, List<RowResult> results) {
        Scores scores = new Scores(work);
        rows.forEach(row -> addPairs(scores, row));
        scores.run();
        for (Ready row : rows) {
            results.add(new RowResult.TrainingPairs(row.row.key(), model, pairs(scores, row)));
        }
    }

    private void addPairs(Scores scores, Ready row) {
        for (PreferencePair pair : options.pairs().pairs(row.row.completions())) {
            Prompt prompt = row.row.prompt();
            scores.add(
                    pair.chosen().completionId(),
                    row.pixels,
                    prompt,
                    pair.chosen().response());
            scores.add(
                    pair.rejected().completionId(),
                    row.pixels,
                    prompt,
                    pair.rejected().response());
        }
    }

    private List<PairScore> pairs(Scores scores, Ready row) {
        return options.pairs().pairs(row.row.completions()).stream()
                .map(pair -> new PairScore(
                        pair.id(),
                        pair.rejected().type().stored(),
                        scores.of(pair.chosen().completionId()),
                        scores.of(pair.rejected().completionId())))
                .toList();
    }

    private List<Example.Labelled> negatives(Ready row) {
        return options.pairs().pairs(row.row.completions()).stream()
                .map(PreferencePair::rejected)
                .map(rejected -> new Example.Labelled(rejected.type().stored(), rejected.response()))
                .toList();
    }

    /** Truth and prior's answer at every step; the noise of a row is the same at all steps but for its strength. */
    private void weakening(String model, ModelWork work, List<Ready> rows, List<RowResult> results) {
        ClipPreprocessor preprocessor = work.model().preprocessor();
        float[] blank = blank(preprocessor);
        List<Answer> priors = work.greedy(
                rows.stream().map(row -> work.prompt(row.row.prompt(), blank)).toList(), options.captionTokens());
        List<Integer> steps = options.weakening().steps();
        Scores scores = new Scores(work);
        for (int index = 0; index < rows.size(); index++) {
            Ready row = rows.get(index);
            for (int step : steps) {
                float[] pixels = noised(row, step);
                Prompt prompt = row.row.prompt();
                scores.add(at(row, step, "truth"), pixels, prompt, row.reference.response());
                scores.add(
                        at(row, step, "prior"),
                        pixels,
                        prompt,
                        priors.get(index).text());
            }
        }
        scores.run();
        for (Ready row : rows) {
            results.add(new RowResult.Weakened(
                    row.row.key(),
                    model,
                    steps.stream()
                            .map(step -> scores.of(at(row, step, "truth")).perToken())
                            .toList(),
                    steps.stream()
                            .map(step -> scores.of(at(row, step, "prior")).perToken())
                            .toList()));
        }
    }

    private static String at(Ready row, int step, String what) {
        return row.row.prompt().promptId() + " " + what + " t=" + step;
    }

    private float[] noised(Ready row, int step) {
        return step == 0
                ? row.pixels
                : NOISE.noised(
                        row.pixels, step, options.seed(), row.row.prompt().promptId(), 0);
    }

    private static float[] blank(ClipPreprocessor preprocessor) {
        byte[] white = new byte[3 * preprocessor.width() * preprocessor.height()];
        Arrays.fill(white, (byte) 255);
        return preprocessor.apply(new RgbImage(preprocessor.width(), preprocessor.height(), white));
    }

    private RowResult.Pictures pictures(ClipPreprocessor preprocessor, Ready row) {
        return new RowResult.Pictures(
                row.row.key(),
                preprocessor.toRgb(row.pixels).toPng(),
                preprocessor.toRgb(noised(row, options.exampleStep())).toPng());
    }

    private static List<Answer> answers(ModelWork work, List<Ready> rows, int maxTokens) {
        return work.greedy(
                rows.stream()
                        .map(row -> work.prompt(row.row.prompt(), row.pixels))
                        .toList(),
                maxTokens);
    }

    @Override
    public void close() {
        models.values().forEach(ModelWork::close);
    }

    /** Responses to score, each once, and their scores after {@link #run}. */
    private static final class Scores {
        private final ModelWork work;
        private final Map<String, EncodedExample> examples = new LinkedHashMap<>();
        private final Map<String, Scored> scored = new LinkedHashMap<>();

        Scores(ModelWork work) {
            this.work = work;
        }

        void add(String id, float[] pixels, Prompt prompt, String response) {
            examples.computeIfAbsent(id, key -> work.encode(key, pixels, prompt, response));
        }

        void run() {
            scored.putAll(work.score(List.copyOf(examples.values())));
        }

        Scored of(String id) {
            Scored found = scored.get(id);
            if (found == null) {
                throw new IllegalStateException("response " + id + " was not scored");
            }
            return found;
        }
    }
}
