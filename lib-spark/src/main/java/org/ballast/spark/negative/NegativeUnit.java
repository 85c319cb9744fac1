package org.ballast.spark.negative;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.ballast.core.data.Completion;
import org.ballast.core.data.CompletionType;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.Quarantined;
import org.ballast.core.data.Reason;
import org.ballast.core.image.DiffusionNoise;
import org.ballast.core.image.ImageRejected;
import org.ballast.core.mllm.generate.Generation;
import org.ballast.core.mllm.generate.GenerationRequest;
import org.ballast.core.mllm.generate.Generator;
import org.ballast.core.negative.QualityControl;
import org.ballast.core.negative.QualityRules;
import org.ballast.core.negative.RetrievedNegative;
import org.ballast.core.negative.RetrievedNegative.Candidate;
import org.ballast.core.negative.SwappedNegative;
import org.ballast.core.text.TextRejected;
import org.ballast.spark.examples.PromptWithPicture;
import org.ballast.spark.model.ModelSpec;
import org.ballast.spark.model.OpenModel;
import org.ballast.spark.rows.CompletionRows;
import org.ballast.spark.rows.PromptRows;
import org.ballast.spark.units.UnitFunction;

/**
 * The attempts on one unit of prompts.
 *
 * @param quality what is rejected
 * @param swap null: no exchanged words
 * @param weaken null: no answers to weakened pictures
 * @param candidates null: no retrieved responses
 */
record NegativeUnit(
        ModelSpec spec,
        NegativeOptions.Weaken weaken,
        QualityRules quality,
        NegativeOptions.Swap swap,
        int batchRows,
        Broadcast<ArrayList<Candidate>> candidates,
        long seed)
        implements UnitFunction {

    @Override
    public void apply(List<Row> rows, Output out) {
        Unit unit = new Unit(rows, out);
        if (weaken != null) {
            unit.weaken();
        }
        if (candidates != null) {
            unit.retrieve();
        }
        if (swap != null) {
            unit.swap();
        }
    }

    /** The work on one unit: what its prompts have so far. */
    private final class Unit {
        private final List<Row> rows;
        private final Output out;
        private final QualityControl control = new QualityControl(quality);
        /** Negatives that were accepted, by prompt. */
        private final Map<String, List<String>> accepted = new HashMap<>();

        Unit(List<Row> rows, Output out) {
            this.rows = rows;
            this.out = out;
        }

        /** All prompts of the unit, then those again whose answer was rejected. */
        void weaken() {
            Policy policy = Policy.weaken(weaken, spec.digest());
            try (var lease = OpenModel.lease(spec);
                    Generator generator = lease.value().generator(batchRows)) {
                OpenModel model = lease.value();
                List<Row> open = rows;
                for (int attempt = 0; attempt < quality.attempts() && !open.isEmpty(); attempt++) {
                    Map<String, Row> byId = new HashMap<>();
                    List<GenerationRequest> requests = new ArrayList<>();
                    for (Row row : open) {
                        request(model, row, attempt, out).ifPresent(request -> {
                            byId.put(request.id(), row);
                            requests.add(request);
                        });
                    }
                    List<Generation> answers =
                            generator.generate(requests, weaken.generation().withAttempt(attempt));
                    List<Row> again = new ArrayList<>();
                    for (int i = 0; i < answers.size(); i++) {
                        GenerationRequest request = requests.get(i);
                        Row row = byId.get(request.id());
                        if (!take(policy, row, answers.get(i), request.promptIds().length, attempt)) {
                            again.add(row);
                        }
                    }
                    open = again;
                }
            }
        }

        /** @return false where it is to be tried again */
        private boolean take(Policy policy, Row row, Generation answer, int promptTokens, int attempt) {
            String response = answer.text().strip();
            boolean cut = answer.finishReason() == Generation.FinishReason.LENGTH;
            Optional<QualityControl.Rejection> rejection = judge(row, response, cut);
            if (rejection.isPresent()) {
                if (attempt < quality.attempts() - 1) {
                    return false;
                }
                reject(row, rejection.get(), response);
                return true;
            }
            accept(
                    row,
                    response,
                    CompletionType.WEAKENED,
                    policy,
                    attempt,
                    answer.finishReason().code(),
                    promptTokens,
                    answer.tokens().length);
            return true;
        }

        void retrieve() {
            Policy policy = Policy.retrieve();
            RetrievedNegative pool = new RetrievedNegative(candidates.value());
            Map<String, Candidate> own = new HashMap<>();
            candidates.value().forEach(candidate -> own.put(candidate.id(), candidate));
            for (Row row : rows) {
                Prompt prompt = PromptRows.fromRow(row);
                List<RetrievedNegative.Match> matches = prompt.hasImage()
                        ? pool.negativesFor(
                                own.computeIfAbsent(prompt.promptId(), id -> query(prompt, row.getAs("response"))),
                                quality.attempts())
                        : List.of();
                List<String> texts = matches.stream()
                        .map(match -> match.candidate().response())
                        .toList();
                takeFirst(
                        row,
                        texts,
                        CompletionType.RETRIEVED,
                        policy,
                        "retrieved",
                        "no other picture has another response to this kind of prompt");
            }
        }

        void swap() {
            Policy policy = Policy.swap(swap);
            SwappedNegative swapped = new SwappedNegative(swap.lexicon(), swap.categories(), swap.changes());
            for (Row row : rows) {
                List<String> texts = new ArrayList<>();
                for (int i = 0; i < quality.attempts(); i++) {
                    swapped.swap(row.getAs("response"), seed, row.getAs("prompt_id"), i)
                            .ifPresent(made -> texts.add(made.text()));
                }
                takeFirst(
                        row,
                        texts,
                        CompletionType.SWAPPED,
                        policy,
                        "swapped",
                        "the response has no word that the lexicon exchanges");
            }
        }

        /** Stores the first text that is good; without one, puts the prompt aside for what is wrong with the last. */
        private void takeFirst(
                Row row, List<String> texts, CompletionType type, Policy policy, String finishReason, String none) {
            if (texts.isEmpty()) {
                out.reject(rejected(PromptRows.fromRow(row), Reason.NO_CANDIDATE, none, null));
            }
            for (int i = 0; i < texts.size(); i++) {
                Optional<QualityControl.Rejection> rejection = judge(row, texts.get(i), false);
                if (rejection.isEmpty()) {
                    accept(row, texts.get(i), type, policy, i, finishReason, 0, 0);
                    return;
                }
                if (i == texts.size() - 1) {
                    reject(row, rejection.get(), texts.get(i));
                }
            }
        }

        private Optional<QualityControl.Rejection> judge(Row row, String response, boolean cut) {
            List<String> known =
                    row.schema().getFieldIndex(NegativeGeneration.KNOWN).isEmpty()
                                    || row.isNullAt(row.fieldIndex(NegativeGeneration.KNOWN))
                            ? List.of()
                            : row.getList(row.fieldIndex(NegativeGeneration.KNOWN));
            String promptId = row.getAs("prompt_id");
            return control.judge(
                    response,
                    cut,
                    new QualityControl.Against(
                            row.getAs("prompt"),
                            row.getAs("response"),
                            accepted.getOrDefault(promptId, List.of()),
                            known));
        }

        private void reject(Row row, QualityControl.Rejection rejection, String response) {
            out.reject(rejected(PromptRows.fromRow(row), rejection.rule().reason(), rejection.message(), response));
        }

        private void accept(
                Row row,
                String response,
                CompletionType type,
                Policy policy,
                int attempt,
                String finishReason,
                int promptTokens,
                int tokens) {
            String promptId = row.getAs("prompt_id");
            accepted.computeIfAbsent(promptId, id -> new ArrayList<>()).add(response);
            out.accept(CompletionRows.toRow(new Completion(
                    Completion.id(promptId, policy.digest(), seed, attempt),
                    promptId,
                    response,
                    type,
                    0,
                    policy.model(),
                    policy.digest(),
                    policy.parameters(),
                    seed,
                    finishReason,
                    promptTokens,
                    tokens)));
        }
    }

    private Optional<GenerationRequest> request(OpenModel model, Row row, int attempt, Output out) {
        Prompt prompt = PromptRows.fromRow(row);
        byte[] picture = row.getAs(PromptWithPicture.PICTURE);
        if (picture == null) {
            out.reject(rejected(prompt, Reason.NO_IMAGE, "the prompt has no picture that could be weakened", null));
            return Optional.empty();
        }
        try {
            float[] pixels = model.pixels(picture);
            int[] ids = model.promptIds(prompt);
            int longest = model.maxLength() - ids.length;
            if (longest < 1) {
                throw new TextRejected(
                        TextRejected.Reason.TOO_LONG,
                        "the prompt has " + ids.length + " tokens, which leaves no room in " + model.maxLength());
            }
            float[] weakened = DiffusionNoise.bpo().noised(pixels, weaken.step(), seed, prompt.promptId(), attempt);
            return Optional.of(new GenerationRequest(prompt.promptId(), ids, pixels, weakened));
        } catch (TextRejected e) {
            Reason reason = OpenModel.reason(e);
            out.reject(rejected(prompt, reason, e.getMessage(), prompt.prompt()));
        } catch (ImageRejected e) {
            out.reject(rejected(prompt, Reason.NOT_AN_IMAGE, e.getMessage(), prompt.imageId()));
        }
        return Optional.empty();
    }

    /** A prompt whose response is not among the candidates. */
    private static Candidate query(Prompt prompt, String response) {
        try (var lease = NegativeGeneration.sentenceEncoder()) {
            return new Candidate(
                    prompt.promptId(),
                    prompt.imageId(),
                    prompt.kind(),
                    response,
                    lease.value().encode(response));
        }
    }

    private static Quarantined rejected(Prompt prompt, Reason reason, String message, String raw) {
        return new Quarantined(prompt.promptId(), prompt.source(), -1, reason, message, raw);
    }
}
