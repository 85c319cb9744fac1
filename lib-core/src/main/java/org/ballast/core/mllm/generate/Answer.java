package org.ballast.core.mllm.generate;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.random.RandomGenerator;
import org.ballast.core.data.ItemRandom;
import org.ballast.core.mllm.Decoder;
import org.ballast.core.mllm.generate.Generation.FinishReason;

/** One answer in the making. */
final class Answer {
    private final GenerationRequest request;
    private final GenerationOptions options;
    private final Vocabulary vocabulary;
    private final BitSet seen = new BitSet();
    private final RandomGenerator random;
    private final int[] tokens;
    private final double[] logProbs;
    private int size;
    private String text;
    private FinishReason finish;

    Answer(GenerationRequest request, GenerationOptions options, Vocabulary vocabulary) {
        this.request = request;
        this.options = options;
        this.vocabulary = vocabulary;
        Arrays.stream(request.promptIds()).forEach(seen::set);
        random = ItemRandom.of(options.seed(), "sample", request.id(), options.attempt());
        tokens = new int[maxTokens(request, options)];
        logProbs = options.logProbs() ? new double[tokens.length] : null;
    }

    static int maxTokens(GenerationRequest request, GenerationOptions options) {
        return request.maxTokens() == 0 ? options.maxTokens() : request.maxTokens();
    }

    /** The rows that this answer takes in a batch: branch a, and b under a contrast of two branches. */
    List<Decoder.Prompt> prompts() {
        Contrast contrast = options.contrast();
        if (contrast == null) {
            return List.of(new Decoder.Prompt(request.id(), request.pixels(), request.promptIds()));
        }
        Decoder.Prompt clean = branch("clean", request.pixels(), contrast.hasTwoBranches());
        Decoder.Prompt weakened = branch("weakened", request.weakenedPixels(), true);
        return switch (contrast.direction()) {
            case NOISED -> List.of(weakened);
            case NOISED_MINUS_CLEAN -> List.of(weakened, clean);
            case CLEAN_MINUS_NOISED -> List.of(clean, weakened);
        };
    }

    private Decoder.Prompt branch(String name, float[] pixels, boolean needed) {
        if (pixels == null && needed) {
            throw new IllegalArgumentException("row " + request.id() + ": contrast needs the " + name + " picture");
        }
        return new Decoder.Prompt(request.id(), pixels, request.promptIds());
    }

    /** Whether an end token is out at this place. */
    boolean mayNotEnd() {
        return size + 1 < options.minTokens();
    }

    /**
     * Chooses a token from logits, which are changed.
     *
     * @param against logits of branch b; null without one
     */
    int choose(float[] scores, float[] against, TokenChoice choice) {
        if (mayNotEnd()) {
            for (int end : vocabulary.endTokens()) {
                scores[end] = Float.NEGATIVE_INFINITY;
            }
        }
        if (against != null) {
            options.contrast().combine(scores, against);
        }
        try {
            return choice.choose(scores, seen, random);
        } catch (ArithmeticException e) {
            throw new NonFiniteLogitsException(place() + e.getMessage());
        }
    }

    String place() {
        return "row " + request.id() + ", token " + size + ": ";
    }

    /** Puts a chosen token at the end, and ends the answer where that is its end. */
    void add(int token) {
        if (token < 0) {
            throw new NonFiniteLogitsException(place() + "the highest logit is not a finite number");
        }
        seen.set(token);
        tokens[size++] = token;
        if (vocabulary.ends(token)) {
            finish = FinishReason.EOS;
        } else if (size == tokens.length) {
            finish = FinishReason.LENGTH;
        }
        if (!options.stopStrings().isEmpty()) {
            stop();
        } else if (finish != null && vocabulary.decode() != null) {
            text = vocabulary.decode().apply(Arrays.copyOf(tokens, size));
        }
    }

    /** A stop string may lie across tokens, and a token may change the text before it: the whole answer is decoded. */
    private void stop() {
        text = vocabulary.decode().apply(Arrays.copyOf(tokens, size));
        int first = options.stopStrings().stream()
                .mapToInt(text::indexOf)
                .filter(at -> at >= 0)
                .min()
                .orElse(-1);
        if (first >= 0) {
            text = text.substring(0, first);
            finish = FinishReason.STOP;
        }
    }

    /** The log-probability of the last token. */
    void addLogProb(double logProb) {
        logProbs[size - 1] = logProb;
    }

    int last() {
        return tokens[size - 1];
    }

    boolean isFinished() {
        return finish != null;
    }

    Generation generation() {
        double[] known = logProbs == null ? null : Arrays.copyOf(logProbs, size);
        return new Generation(request.id(), Arrays.copyOf(tokens, size), known, text, finish);
    }
}
