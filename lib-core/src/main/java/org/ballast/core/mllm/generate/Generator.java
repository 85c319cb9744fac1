package org.ballast.core.mllm.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.ballast.core.data.ItemRandom;
import org.ballast.core.mllm.Decoder;
import org.ballast.core.mllm.LlavaConfig;
import org.ballast.core.mllm.LlavaModel;
import org.ballast.core.mllm.LoraAdapter;
import org.ballast.core.mllm.generate.Generation.FinishReason;

/**
 * Answers prompts with a model, a batch at a time. Prompts may differ in length; a row leaves the batch when it is done. A row's draws are its own
 * ({@link ItemRandom}, stream {@code sample}); its logits depend on the shape of the batch in their last bits, as all products do. The image token is
 * never chosen. Thread-safe. Does not own the model.
 */
public final class Generator implements AutoCloseable {
    private final Decoder decoder;
    private final LlavaConfig config;
    private final int endToken;

    /**
     * @param adapter null: the model as it is
     * @param endToken id that ends an answer
     */
    public Generator(LlavaModel model, LoraAdapter adapter, int endToken) {
        int vocabulary = model.config().text().vocabSize();
        if (endToken < 0 || endToken >= vocabulary) {
            throw new IllegalArgumentException("end token " + endToken + " is outside the vocabulary of " + vocabulary);
        }
        this.config = model.config();
        this.endToken = endToken;
        this.decoder = new Decoder(model, adapter);
    }

    /**
     * Answers of all requests, in their order, computed as one batch (of two rows a request under a contrast of two branches).
     *
     * @throws IllegalArgumentException naming the row: without the pictures that the options ask for, with a wrong number of image tokens, or too
     *     long for the model's positions together with its answer
     */
    public List<Generation> generate(List<GenerationRequest> requests, GenerationOptions options) {
        if (requests.isEmpty()) {
            return List.of();
        }
        Contrast contrast = options.contrast();
        List<Decoder.Prompt> prompts = new ArrayList<>();
        List<Decoder.Prompt> against = new ArrayList<>();
        List<Row> active = new ArrayList<>();
        for (GenerationRequest request : requests) {
            checkLength(request, options);
            boolean weakened = contrast != null && contrast.direction() != Contrast.Direction.CLEAN_MINUS_NOISED;
            prompts.add(prompt(request, weakened, contrast != null));
            if (contrast != null && contrast.hasTwoBranches()) {
                against.add(prompt(request, !weakened, true));
            }
            active.add(new Row(request, options));
        }
        prompts.addAll(against);
        List<Row> rows = List.copyOf(active);
        try (Decoder.State state = decoder.prefill(prompts)) {
            decode(state, active, options);
        }
        return rows.stream().map(Row::generation).toList();
    }

    private void decode(Decoder.State state, List<Row> active, GenerationOptions options) {
        var choice = new TokenChoice(options);
        float[][] logits = state.logits(); // [branches * active][vocab]
        while (true) {
            int branches = logits.length / active.size();
            for (int i = 0; i < active.size(); i++) {
                float[] other = branches == 2 ? logits[active.size() + i] : null;
                active.get(i).take(logits[i], other, choice);
            }
            int[] open = IntStream.range(0, active.size())
                    .filter(i -> active.get(i).finish == null)
                    .toArray();
            if (open.length == 0) {
                return;
            }
            if (open.length < active.size()) {
                int size = active.size();
                state.cache()
                        .select(IntStream.range(0, branches)
                                .flatMap(b -> Arrays.stream(open).map(i -> b * size + i))
                                .toArray());
                active.removeIf(row -> row.finish != null);
            }
            int[] last = active.stream().mapToInt(Row::last).toArray();
            int[] tokens = IntStream.range(0, branches)
                    .flatMap(b -> Arrays.stream(last))
                    .toArray();
            logits = decoder.step(tokens, state.cache());
        }
    }

    private void checkLength(GenerationRequest request, GenerationOptions options) {
        int positions = config.text().maxPositions();
        long needed = (long) request.promptIds().length + options.maxTokens() - 1; // the last token is never fed in
        if (needed > positions) {
            throw new IllegalArgumentException("row " + request.id() + ": prompt of " + request.promptIds().length
                    + " and answer of up to " + options.maxTokens() + " tokens exceed the model's " + positions
                    + " positions");
        }
    }

    private static Decoder.Prompt prompt(GenerationRequest request, boolean weakened, boolean needed) {
        float[] pixels = weakened ? request.weakenedPixels() : request.pixels();
        if (pixels == null && needed) {
            throw new IllegalArgumentException(
                    "row " + request.id() + ": contrast needs the " + (weakened ? "weakened" : "clean") + " picture");
        }
        return new Decoder.Prompt(request.id(), pixels, request.promptIds());
    }

    /** logits[token] - log sum exp logits. */
    static double logProb(float[] logits, int token) {
        float highest = Float.NEGATIVE_INFINITY;
        for (float logit : logits) {
            highest = Math.max(highest, logit);
        }
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - highest);
        }
        return logits[token] - highest - Math.log(sum);
    }

    @Override
    public void close() {
        decoder.close();
    }

    /** One answer in the making. */
    private final class Row {
        private final String id;
        private final GenerationOptions options;
        private final BitSet seen = new BitSet();
        private final RandomGenerator random;
        private final int[] tokens;
        private final double[] logProbs;
        private int size;
        private FinishReason finish;

        Row(GenerationRequest request, GenerationOptions options) {
            this.id = request.id();
            this.options = options;
            Arrays.stream(request.promptIds()).forEach(seen::set);
            random = ItemRandom.of(options.seed(), "sample", id, options.attempt());
            tokens = new int[options.maxTokens()];
            logProbs = new double[options.maxTokens()];
        }

        void take(float[] logits, float[] against, TokenChoice choice) {
            float[] scores = logits.clone();
            if (against != null) {
                options.contrast().combine(scores, against);
            }
            // fed back in, it would ask for features that do not exist
            scores[config.imageTokenId()] = Float.NEGATIVE_INFINITY;
            int token;
            try {
                token = choice.choose(scores, seen, random);
            } catch (ArithmeticException e) {
                throw new ArithmeticException("row " + id + ", token " + size + ": " + e.getMessage());
            }
            seen.set(token);
            tokens[size] = token;
            logProbs[size++] = logProb(logits, token);
            if (token == endToken) {
                finish = FinishReason.EOS;
            } else if (size == tokens.length) {
                finish = FinishReason.LENGTH;
            }
        }

        int last() {
            return tokens[size - 1];
        }

        Generation generation() {
            return new Generation(id, Arrays.copyOf(tokens, size), Arrays.copyOf(logProbs, size), finish);
        }
    }
}
