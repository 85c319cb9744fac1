package org.ballast.spark.negative;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.spark.sql.Row;
import org.ballast.core.data.Completion;
import org.ballast.core.data.Prompt;
import org.ballast.core.data.Quarantined;
import org.ballast.core.data.Reason;
import org.ballast.core.negative.QualityControl;
import org.ballast.core.negative.QualityRules;
import org.ballast.core.response.ResponseModel;
import org.ballast.spark.rows.CompletionRows;
import org.ballast.spark.rows.PromptRows;
import org.ballast.spark.units.UnitFunction;

/**
 * The attempts on one unit of prompts: policy by policy all that is wanted, then again what was rejected.
 */
record NegativeUnit(
        List<Policy> policies,
        ResponseModels models,
        NegativeOptions.Weaken weaken,
        NegativeOptions.Inject inject,
        NegativeOptions.Retrieve retrieve,
        NegativeOptions.Swap swap,
        QualityRules quality,
        ModelChecks checks,
        ModelTimes times,
        long seed)
        implements UnitFunction {

    @Override
    public void apply(List<Row> rows, Output out) {
        Unit unit = new Unit(rows, out);
        for (Policy policy : policies) {
            List<Attempts.Open> open = open(rows, policy);
            if (open.isEmpty()) {
                continue;
            }
            switch (policy.name()) {
                case Policy.WEAKEN -> {
                    try (ResponseModel model = timed(policy, models.open(weaken.backend()))) {
                        unit.run(policy, ModelAttempts.weaken(weaken, model, quality.attempts()), open);
                    }
                }
                case Policy.INJECT -> {
                    try (ResponseModel model = timed(policy, models.open(inject.backend()))) {
                        unit.run(policy, ModelAttempts.inject(inject, model, quality.attempts()), open);
                    }
                }
                case Policy.RETRIEVE -> unit.run(policy, TextAttempts.retrieve(retrieve), open);
                case Policy.SWAP -> unit.run(policy, TextAttempts.swap(swap, seed), open);
                default -> throw new IllegalStateException("no policy " + policy.name());
            }
        }
    }

    private static List<Attempts.Open> open(List<Row> rows, Policy policy) {
        List<Attempts.Open> open = new ArrayList<>();
        for (Row row : rows) {
            Set<String> wanted = new HashSet<>(row.getList(row.fieldIndex(NegativePlan.MISSING)));
            for (int sample = 0; sample < policy.share().samples(); sample++) {
                if (wanted.contains(NegativePlan.missing(policy, sample))) {
                    open.add(new Attempts.Open(row, sample));
                }
            }
        }
        return open;
    }

    private ResponseModel timed(Policy policy, ResponseModel model) {
        return times.of(policy.name(), model);
    }

    /** The work on one unit: what its prompts have so far. */
    private final class Unit {
        private final Output out;
        private final QualityControl control = new QualityControl(quality);
        /** Negatives that were accepted, by prompt. */
        private final Map<String, List<String>> accepted = new HashMap<>();

        Unit(List<Row> rows, Output out) {
            this.out = out;
        }

        /** Tries each until it has a negative, or {@code quality.attempts} were rejected. */
        void run(Policy policy, Attempts attempts, List<Attempts.Open> wanted) {
            Map<Attempts.Open, History> histories = new IdentityHashMap<>();
            wanted.forEach(open -> histories.put(open, new History()));
            List<Attempts.Open> open = wanted;
            for (int attempt = 0; attempt < quality.attempts() && !open.isEmpty(); attempt++) {
                boolean last = attempt == quality.attempts() - 1;
                List<Attempts.Tried> tried = attempts.attempt(open, attempt);
                List<ModelChecks.Verdict> verdicts =
                        checks.verdicts(policy, open, tried, (one, text) -> judge(one.row(), text)
                                .isEmpty());
                List<Attempts.Open> again = new ArrayList<>();
                for (int i = 0; i < open.size(); i++) {
                    Attempts.Open one = open.get(i);
                    Attempts.Tried text = tried.get(i);
                    History history = histories.get(one);
                    ModelChecks.Verdict verdict = verdicts.get(i);
                    history.add(text, verdict.margin());
                    // also where a model was asked: what was accepted since counts too
                    Optional<Rejected> rejected = text.text() == null
                            ? Optional.of(new Rejected(text.reason(), text.message()))
                            : judge(one.row(), text).or(verdict::rejected);
                    if (rejected.isEmpty()) {
                        accept(policy, one, text, attempt, history);
                    } else {
                        history.reject(rejected.get(), text.text());
                        if (last || text.lasting()) {
                            reject(policy, one, history);
                        } else {
                            again.add(one);
                        }
                    }
                }
                open = again;
            }
        }

        private Optional<Rejected> judge(Row row, Attempts.Tried text) {
            List<String> known = row.isNullAt(row.fieldIndex(NegativePlan.KNOWN))
                    ? List.of()
                    : row.getList(row.fieldIndex(NegativePlan.KNOWN));
            return control.judge(
                            text.text(),
                            text.cut(),
                            new QualityControl.Against(
                                    row.getAs("prompt"),
                                    row.getAs("response"),
                                    accepted.getOrDefault(row.<String>getAs("prompt_id"), List.of()),
                                    known))
                    .map(rejection -> new Rejected(rejection.rule().reason(), rejection.message()));
        }

        private void accept(Policy policy, Attempts.Open open, Attempts.Tried text, int attempt, History history) {
            String promptId = open.promptId();
            accepted.computeIfAbsent(promptId, id -> new ArrayList<>()).add(text.text());
            out.accept(CompletionRows.toRow(new Completion(
                    Completion.id(promptId, policy.digest(), seed, open.sample() * quality.attempts() + attempt),
                    promptId,
                    text.text(),
                    policy.type(),
                    0,
                    policy.model(),
                    policy.digest(),
                    policy.parameters(text.drawn()),
                    seed,
                    text.finishReason(),
                    text.promptTokens(),
                    text.tokens())));
            note(policy, open, AttemptRows.ACCEPTED, history.reasons, history);
        }

        private void reject(Policy policy, Attempts.Open open, History history) {
            Prompt prompt = PromptRows.fromRow(open.row());
            Rejected last = history.last;
            out.reject(new Quarantined(
                    prompt.promptId(), prompt.source(), -1, last.reason(), last.message(), history.text));
            note(policy, open, last.reason().code(), history.reasons, history);
        }

        private void note(Policy policy, Attempts.Open open, String outcome, List<String> rejected, History history) {
            out.note(AttemptRows.row(
                    open.promptId(),
                    policy,
                    open.sample(),
                    open.row().getAs(NegativePlan.CONTENT),
                    outcome,
                    rejected,
                    history.promptTokens,
                    history.tokens,
                    history.margin));
        }
    }

    /** Why a text was not taken. */
    record Rejected(Reason reason, String message) {}

    /** What was tried for a negative. */
    private static final class History {
        private final List<String> reasons = new ArrayList<>();
        private long promptTokens;
        private long tokens;
        private Double margin;
        private Rejected last;
        private String text;

        void add(Attempts.Tried tried, Double lead) {
            margin = lead;
            promptTokens += tried.promptTokens();
            tokens += tried.tokens();
        }

        void reject(Rejected rejected, String said) {
            if (said != null) {
                reasons.add(rejected.reason().code());
            }
            // that no further text was found says less than what was wrong with the last one
            if (last == null || said != null || rejected.reason() != Reason.NO_CANDIDATE) {
                last = rejected;
                text = said;
            }
        }
    }
}
