package org.ballast.core.mllm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.ballast.core.preference.LossGradient;
import org.ballast.core.preference.PairLogProbs;
import org.ballast.core.preference.PreferenceLoss;
import org.ballast.core.preference.RewardStatistics;
import org.ballast.core.preference.RpoLoss;
import org.ballast.core.preference.SigmoidLoss;

/**
 * Preference optimisation: the mean over pairs of a {@link PreferenceLoss} of log-probabilities summed over the response tokens. The reference's values come with the
 * pairs. The loss and its derivatives by the log-probabilities are computed in float64; autograd takes them on into the adapter. Pairs of
 * one picture and prompt share them: they are computed once, and a response that stands in several pairs too.
 *
 * <p>Metrics, means over the pairs: {@code accuracy} (share with positive margin), {@code margin} = {@code rewardChosen} - {@code rewardRejected}, the rewards
 * {@code beta * (log pi - log ref)}, {@code chosenLogProb}, {@code rejectedLogProb}.
 *
 * <p>Source: Rafailov et al., Direct Preference Optimization, 2023.
 */
public final class DpoObjective extends LlavaObjective<EncodedPair> {
    private final PreferenceLoss loss;

    /** Trains the adapter's parameters, starting from its values. Takes over the model. */
    public DpoObjective(LlavaModel model, LoraAdapter adapter, PreferenceLoss loss) {
        this(model, adapter, loss, MemorySettings.DEFAULT, 0);
    }

    /**
     * Within a memory of one's own choice.
     *
     * @param seed of the adapter's dropout
     */
    public DpoObjective(LlavaModel model, LoraAdapter adapter, PreferenceLoss loss, MemorySettings memory, long seed) {
        super(model, adapter, memory, seed);
        this.loss = loss;
    }

    /** The sigmoid loss, with {@code nllWeight * (-log pi(chosen) / chosen tokens)} added where the weight is not zero. */
    public DpoObjective(LlavaModel model, LoraAdapter adapter, double beta, double nllWeight) {
        this(model, adapter, nllWeight == 0 ? new SigmoidLoss(beta) : new RpoLoss(beta, nllWeight));
    }

    @Override
    List<ResponseRow> rows(EncodedPair pair) {
        return List.of(
                new ResponseRow(pair.id() + " (chosen)", pair.image(), pair.promptIds(), pair.chosenIds()),
                new ResponseRow(pair.id() + " (rejected)", pair.image(), pair.promptIds(), pair.rejectedIds()));
    }

    @Override
    BatchLoss<EncodedPair> batchLoss(List<EncodedPair> batch) {
        return new BatchLoss<>() {
            private final List<PairLogProbs> pairs = new ArrayList<>();
            private double sum;

            @Override
            public double[] add(EncodedPair example, double[][] logProbs) {
                PairLogProbs pair = logProbs(
                        example,
                        Arrays.stream(logProbs[0]).sum(),
                        Arrays.stream(logProbs[1]).sum());
                pairs.add(pair);
                LossGradient at = loss.evaluate(pair);
                sum += at.loss();
                return new double[] {at.policyChosen() / batch.size(), at.policyRejected() / batch.size()};
            }

            @Override
            public double[] slopesBefore(EncodedPair example) {
                return null;
            }

            @Override
            public ObjectiveValue value() {
                return new ObjectiveValue(sum / batch.size(), metrics(pairs));
            }
        };
    }

    private static PairLogProbs logProbs(EncodedPair pair, double chosen, double rejected) {
        if (!Double.isFinite(chosen) || !Double.isFinite(rejected)) {
            throw new NonFiniteLossException(
                    "log-probabilities " + chosen + " and " + rejected + " of row " + pair.id());
        }
        return new PairLogProbs(
                chosen,
                rejected,
                pair.referenceChosen(),
                pair.referenceRejected(),
                pair.chosenIds().length,
                pair.rejectedIds().length);
    }

    private Map<String, Double> metrics(List<PairLogProbs> pairs) {
        RewardStatistics statistics = RewardStatistics.of(loss.beta(), pairs);
        Map<String, Double> out = new LinkedHashMap<>();
        out.put("accuracy", statistics.accuracy());
        out.put("margin", statistics.margin());
        out.put("rewardChosen", statistics.chosenReward());
        out.put("rewardRejected", statistics.rejectedReward());
        out.put("chosenLogProb", statistics.chosenLogProb());
        out.put("rejectedLogProb", statistics.rejectedLogProb());
        return out;
    }

    @Override
    String id(EncodedPair example) {
        return example.id();
    }
}
