package org.ballast.spark.negative;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.ballast.core.data.ItemRandom;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.Reason;
import org.ballast.core.mllm.generate.GenerationOptions;
import org.ballast.core.negative.InjectedNegative;
import org.ballast.core.response.ResponseModel;
import org.ballast.core.response.ResponseModel.Failure;
import org.ballast.core.response.ResponseModel.Outcome;
import org.ballast.core.response.ResponseModel.Reply;
import org.ballast.core.response.ResponseRequest;
import org.ballast.spark.examples.PromptWithPicture;
import org.ballast.spark.rows.PromptRows;

/** Negatives that a model writes: its answers to weakened pictures, or right responses that it wrote an error into. */
abstract class ModelAttempts implements Attempts {
    private final ResponseModel model;
    private final GenerationOptions generation;
    private final int attempts;

    private ModelAttempts(ResponseModel model, GenerationOptions generation, int attempts) {
        this.model = model;
        this.generation = generation;
        this.attempts = attempts;
    }

    /** Image weakening, BPO section 3.2. */
    static Attempts weaken(NegativeOptions.Weaken weaken, ResponseModel model, int attempts) {
        return new ModelAttempts(model, weaken.generation(), attempts) {
            @Override
            ResponseRequest request(Open open, int ordinal, Map<String, Object> drawn) {
                Prompt prompt = PromptRows.fromRow(open.row());
                byte[] picture = open.row().getAs(PromptWithPicture.PICTURE);
                if (picture == null) {
                    return null;
                }
                int step = weaken.firstStep();
                if (weaken.lastStep() > step) {
                    step = ItemRandom.of(weaken.generation().seed(), "step", prompt.promptId(), ordinal)
                            .nextInt(step, weaken.lastStep() + 1);
                    drawn.put("step", step);
                }
                return new ResponseRequest(
                        prompt.promptId(),
                        null,
                        prompt.history(),
                        prompt.prompt(),
                        picture,
                        new ResponseRequest.Weakening(step, weaken.generation().seed(), ordinal),
                        null);
            }

            @Override
            String text(String reply) {
                return reply.strip();
            }
        };
    }

    /** Error injection, BPO section 3.2. */
    static Attempts inject(NegativeOptions.Inject inject, ResponseModel model, int attempts) {
        return new ModelAttempts(model, inject.generation(), attempts) {
            @Override
            ResponseRequest request(Open open, int ordinal, Map<String, Object> drawn) {
                String prompt =
                        inject.prompts().of(open.row().getAs("kind"), open.row().getAs("prompt"), open.positive());
                return new ResponseRequest(open.promptId(), null, prompt, null, null, InjectedNegative.SCHEMA);
            }

            @Override
            String text(String reply) {
                String text = InjectedNegative.parse(reply);
                return inject.prompts().isRepeated(text) ? "" : text;
            }
        };
    }

    /** Null where the prompt has no picture. */
    abstract ResponseRequest request(Open open, int ordinal, Map<String, Object> drawn);

    abstract String text(String reply);

    /** Samples of one prompt are asked for apart, for each has draws of its own. */
    @Override
    public List<Tried> attempt(List<Open> open, int attempt) {
        Map<Integer, List<Integer>> bySample = new TreeMap<>();
        for (int i = 0; i < open.size(); i++) {
            bySample.computeIfAbsent(open.get(i).sample(), sample -> new ArrayList<>())
                    .add(i);
        }
        Tried[] tried = new Tried[open.size()];
        bySample.forEach((sample, places) -> ask(open, places, sample * attempts + attempt, tried));
        return List.of(tried);
    }

    private void ask(List<Open> open, List<Integer> places, int ordinal, Tried[] tried) {
        List<ResponseRequest> requests = new ArrayList<>();
        List<Integer> asked = new ArrayList<>();
        Map<Integer, Map<String, Object>> drawn = new HashMap<>();
        for (int place : places) {
            Map<String, Object> draws = new HashMap<>();
            ResponseRequest request = request(open.get(place), ordinal, draws);
            if (request == null) {
                tried[place] = Tried.none(Reason.NO_IMAGE, "the prompt has no picture that could be weakened", true);
            } else {
                requests.add(request);
                asked.add(place);
                drawn.put(place, draws);
            }
        }
        List<Outcome> outcomes = model.respond(requests, generation.withAttempt(ordinal));
        for (int i = 0; i < asked.size(); i++) {
            int place = asked.get(i);
            Outcome outcome = outcomes.get(i);
            if (outcome instanceof Reply reply) {
                tried[place] = new Tried(
                        text(reply.text()),
                        reply.finishReason(),
                        reply.promptTokens(),
                        reply.completionTokens(),
                        drawn.get(place),
                        null,
                        null,
                        false);
            } else if (outcome instanceof Failure failure) {
                // its own retries are behind it
                tried[place] = Tried.none(failure.reason(), failure.message(), true);
            }
        }
    }
}
