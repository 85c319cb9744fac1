package org.ballast.core.mllm.generate;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import org.ballast.core.mllm.Decoder;
import org.ballast.core.mllm.KeyValueCache;
import org.ballast.core.mllm.LlavaConfig;
import org.ballast.core.mllm.LlavaModel;
import org.ballast.core.mllm.Logits;
import org.ballast.core.mllm.LoraAdapter;

/**
 * Answers prompts with a model, a bounded number at a time: an answer that ends leaves the batch, and the next request takes its place. Prompts may differ in length.
 *
 * <p>A row's choices are its own (draws by {@code ItemRandom}, stream {@code sample}); its logits depend on who shares the batch in their last bits
 * only, as all products do. The same requests in the same order give the same bits. Thread-safe. Does not own the model.
 */
public final class Generator implements AutoCloseable {
    /** Prompts are read together up to this number of tokens, which is enough for the speed of the products; it bounds the memory of the activations. */
    private static final int PREFILL_TOKENS = 4096;

    private final Decoder decoder;
    private final LlavaConfig config;
    private final Vocabulary vocabulary;
    private final int maxRows;

    /**
     * @param adapterOrNull null: the model as it is
     * @param maxRows answers in the making at once; under a contrast of two branches each takes two rows of the cache
     */
    public Generator(LlavaModel model, LoraAdapter adapterOrNull, Vocabulary vocabulary, int maxRows) {
        int size = model.config().text().vocabSize();
        for (int end : vocabulary.endTokens()) {
            if (end < 0 || end >= size) {
                throw new IllegalArgumentException("end token " + end + " is outside the vocabulary of " + size);
            }
        }
        if (maxRows < 1) {
            throw new IllegalArgumentException("rows at once must be at least 1, are " + maxRows);
        }
        this.config = model.config();
        this.vocabulary = vocabulary;
        this.maxRows = maxRows;
        this.decoder = new Decoder(model, adapterOrNull);
    }

    /** Answers of all requests, in their order. */
    public List<Generation> generate(List<GenerationRequest> requests, GenerationOptions options) {
        List<Generation> answers = new ArrayList<>();
        generate(requests.iterator(), options, answers::add);
        return answers;
    }

    /**
     * Answers the requests and hands the answers over in the order of the requests, each as soon as those before it are done. A request is asked for when there
     * is a place for it.
     *
     * @throws IllegalArgumentException naming the row: without the pictures that the options ask for, with a wrong number of image tokens, or too
     *     long for the model's positions together with its answer
     * @throws NonFiniteLogitsException naming the row
     */
    public void generate(
            Iterator<GenerationRequest> requests, GenerationOptions options, Consumer<Generation> answers) {
        if (!options.stopStrings().isEmpty() && vocabulary.decode() == null) {
            throw new IllegalArgumentException("stop strings " + options.stopStrings() + " without a tokenizer");
        }
        try (var run = new Run(requests, options, answers)) {
            run.toTheEnd();
        }
    }

    @Override
    public void close() {
        decoder.close();
    }

    /** The batch in motion: answer i has the rows {@code branches * i ..} of the cache. */
    private final class Run implements AutoCloseable {
        private final Iterator<GenerationRequest> requests;
        private final GenerationOptions options;
        private final TokenChoice choice;
        private final Consumer<Generation> sink;
        private final int branches;
        private final KeyValueCache cache;
        private final List<Answer> active = new ArrayList<>();
        private final Deque<Answer> undelivered = new ArrayDeque<>();
        private GenerationRequest waiting;

        Run(Iterator<GenerationRequest> requests, GenerationOptions options, Consumer<Generation> sink) {
            this.requests = requests;
            this.options = options;
            this.choice = new TokenChoice(options);
            this.sink = sink;
            this.branches = options.hasTwoBranches() ? 2 : 1;
            this.cache = decoder.cache(maxRows * branches, Math.min(options.maxTokens(), 256));
        }

        void toTheEnd() {
            while (true) {
                admit();
                if (active.isEmpty()) {
                    return;
                }
                int[] last = new int[active.size() * branches];
                for (int row = 0; row < last.length; row++) {
                    last[row] = active.get(row / branches).last();
                }
                try (Logits logits = decoder.step(last, cache)) {
                    extend(active, logits);
                }
                leave();
            }
        }

        /** Fills the free places. */
        private void admit() {
            List<Answer> joining = joining();
            while (!joining.isEmpty()) {
                List<Decoder.Prompt> prompts =
                        joining.stream().flatMap(a -> a.prompts().stream()).toList();
                active.addAll(joining);
                try (Logits logits = decoder.prefill(prompts, cache)) {
                    extend(joining, logits);
                }
                leave(); // an answer may end with its first token
                joining = joining();
            }
        }

        private List<Answer> joining() {
            List<Answer> joining = new ArrayList<>();
            long tokens = 0;
            while (active.size() + joining.size() < maxRows && (waiting != null || requests.hasNext())) {
                waiting = waiting == null ? requests.next() : waiting;
                tokens += (long) waiting.promptIds().length * branches;
                if (tokens > PREFILL_TOKENS && !joining.isEmpty()) {
                    break;
                }
                checkLength(waiting);
                Answer answer = new Answer(waiting, options, vocabulary);
                joining.add(answer);
                undelivered.add(answer);
                waiting = null;
            }
            return joining;
        }

        private void checkLength(GenerationRequest request) {
            int positions = config.text().positionLimit();
            int answer = Answer.maxTokens(request, options);
            long needed = (long) request.promptIds().length + answer - 1; // the last token is never fed in
            if (needed > positions) {
                throw new IllegalArgumentException("row " + request.id() + ": prompt of " + request.promptIds().length
                        + " and answer of up to " + answer + " tokens exceed the model's " + positions + " positions");
            }
        }

        /** One token more for each of the answers whose logits these are. */
        private void extend(List<Answer> answers, Logits logits) {
            int[] rows = new int[answers.size()];
            int[] tokens = new int[answers.size()];
            boolean[] mayNotEnd = new boolean[answers.size()];
            for (int i = 0; i < rows.length; i++) {
                rows[i] = i * branches;
                mayNotEnd[i] = answers.get(i).mayNotEnd();
            }
            if (options.isPlainGreedy()) {
                tokens = logits.best(mayNotEnd, vocabulary.endTokens());
            } else {
                for (int i = 0; i < rows.length; i++) {
                    float[] against = branches == 2 ? logits.row(rows[i] + 1) : null;
                    tokens[i] = answers.get(i).choose(logits.row(rows[i]), against, choice);
                }
            }
            for (int i = 0; i < rows.length; i++) {
                answers.get(i).add(tokens[i]);
            }
            if (options.logProbs()) {
                double[] logProbs = logits.logProbs(rows, tokens);
                for (int i = 0; i < rows.length; i++) {
                    answers.get(i).addLogProb(logProbs[i]);
                }
            }
        }

        /** Finished answers give their rows to the last ones, and go out in the order of the requests. */
        private void leave() {
            for (int i = active.size() - 1; i >= 0; i--) {
                if (active.get(i).isFinished()) {
                    Answer last = active.remove(active.size() - 1);
                    if (i < active.size()) {
                        active.set(i, last);
                    }
                    for (int branch = branches - 1; branch >= 0; branch--) {
                        cache.remove(i * branches + branch);
                    }
                }
            }
            while (!undelivered.isEmpty() && undelivered.peek().isFinished()) {
                sink.accept(undelivered.poll().generation());
            }
        }

        @Override
        public void close() {
            cache.close();
        }
    }
}
