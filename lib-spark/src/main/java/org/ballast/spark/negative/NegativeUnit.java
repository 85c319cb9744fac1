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
import org.ballast.core.negative.RetrievedNegative;
import org.ballast.core.negative.RetrievedNegative.Candidate;
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
 * @param weaken null: no answers to weakened pictures
 * @param candidates null: no retrieved responses
 */
record NegativeUnit(
        ModelSpec spec,
        NegativeOptions.Weaken weaken,
        int batchRows,
        Broadcast<ArrayList<Candidate>> candidates,
        long seed)
        implements UnitFunction {

    @Override
    public void apply(List<Row> rows, Output out) {
        if (weaken != null) {
            weaken(rows, out);
        }
        if (candidates != null) {
            retrieve(rows, out);
        }
    }

    private void weaken(List<Row> rows, Output out) {
        Policy policy = Policy.weaken(weaken, spec.digest());
        try (var lease = OpenModel.lease(spec)) {
            OpenModel model = lease.value();
            Map<String, Row> byId = new HashMap<>();
            List<GenerationRequest> requests = new ArrayList<>();
            for (Row row : rows) {
                request(model, row, out).ifPresent(request -> {
                    byId.put(request.id(), row);
                    requests.add(request);
                });
            }
            try (Generator generator = model.generator(batchRows)) {
                List<Generation> answers = generator.generate(requests, weaken.generation());
                for (int i = 0; i < answers.size(); i++) {
                    GenerationRequest request = requests.get(i);
                    store(policy, byId.get(request.id()), answers.get(i), request.promptIds().length, out);
                }
            }
        }
    }

    private Optional<GenerationRequest> request(OpenModel model, Row row, Output out) {
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
            float[] weakened = DiffusionNoise.bpo().noised(pixels, weaken.step(), seed, prompt.promptId(), 0);
            return Optional.of(new GenerationRequest(prompt.promptId(), ids, pixels, weakened));
        } catch (TextRejected e) {
            Reason reason = OpenModel.reason(e);
            out.reject(rejected(prompt, reason, e.getMessage(), prompt.prompt()));
        } catch (ImageRejected e) {
            out.reject(rejected(prompt, Reason.NOT_AN_IMAGE, e.getMessage(), prompt.imageId()));
        }
        return Optional.empty();
    }

    private void store(Policy policy, Row row, Generation answer, int promptTokens, Output out) {
        Prompt prompt = PromptRows.fromRow(row);
        String response = answer.text().strip();
        String truth = row.getAs("response");
        if (response.isEmpty()) {
            out.reject(rejected(prompt, Reason.EMPTY_RESPONSE, "the model answered nothing", null));
        } else if (RetrievedNegative.normalised(response).equals(RetrievedNegative.normalised(truth))) {
            out.reject(rejected(prompt, Reason.SAME_AS_POSITIVE, "the weakened picture was answered right", response));
        } else {
            out.accept(CompletionRows.toRow(new Completion(
                    Completion.id(prompt.promptId(), policy.digest(), seed, 0),
                    prompt.promptId(),
                    response,
                    CompletionType.WEAKENED,
                    0,
                    policy.model(),
                    policy.digest(),
                    policy.parameters(),
                    seed,
                    answer.finishReason().code(),
                    promptTokens,
                    answer.tokens().length)));
        }
    }

    private void retrieve(List<Row> rows, Output out) {
        Policy policy = Policy.retrieve();
        RetrievedNegative pool = new RetrievedNegative(candidates.value());
        Map<String, Candidate> own = new HashMap<>();
        candidates.value().forEach(candidate -> own.put(candidate.id(), candidate));
        for (Row row : rows) {
            Prompt prompt = PromptRows.fromRow(row);
            Optional<RetrievedNegative.Match> match = prompt.hasImage()
                    ? pool.negativeFor(
                            own.computeIfAbsent(prompt.promptId(), id -> query(prompt, row.getAs("response"))))
                    : Optional.empty();
            if (match.isEmpty()) {
                out.reject(rejected(
                        prompt,
                        Reason.NO_CANDIDATE,
                        "no other picture has another response to this kind of prompt",
                        null));
                continue;
            }
            out.accept(CompletionRows.toRow(new Completion(
                    Completion.id(prompt.promptId(), policy.digest(), seed, 0),
                    prompt.promptId(),
                    match.get().candidate().response(),
                    CompletionType.RETRIEVED,
                    0,
                    policy.model(),
                    policy.digest(),
                    policy.parameters(),
                    seed,
                    "retrieved",
                    0,
                    0)));
        }
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
