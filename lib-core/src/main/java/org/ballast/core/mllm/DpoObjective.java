package org.ballast.core.mllm;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.ballast.core.preference.LossGradient;
import org.ballast.core.preference.PairLogProbs;
import org.ballast.core.preference.PreferenceLoss;
import org.ballast.core.preference.RewardStatistics;
import org.ballast.core.preference.RpoLoss;
import org.ballast.core.preference.SigmoidLoss;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Preference optimisation: the mean over pairs of a {@link PreferenceLoss} of log-probabilities summed over the response tokens. The reference's values come with the
 * pairs. The loss and its derivatives by the log-probabilities are computed in float64; autograd takes them on into the adapter. Both responses of a pair share the
 * features of their picture.
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
        super(model, adapter);
        this.loss = loss;
    }

    /** The sigmoid loss, with {@code nllWeight * (-log pi(chosen) / chosen tokens)} added where the weight is not zero. */
    public DpoObjective(LlavaModel model, LoraAdapter adapter, double beta, double nllWeight) {
        this(model, adapter, nllWeight == 0 ? new SigmoidLoss(beta) : new RpoLoss(beta, nllWeight));
    }

    @Override
    Evaluation loss(Weights weights, List<EncodedPair> batch) {
        ResponseBatch rows = new ResponseBatch(model());
        for (EncodedPair pair : batch) {
            int image = rows.addImage(pair.pixels());
            rows.add(pair.id() + " (chosen)", image, pair.promptIds(), pair.chosenIds());
            rows.add(pair.id() + " (rejected)", image, pair.promptIds(), pair.rejectedIds());
        }
        Tensor logProbs = rows.logProbs(weights).to(ScalarType.Double); // [2*pairs]
        double[] policy = new double[2 * batch.size()];
        new DoublePointer(logProbs.detach().contiguous().data_ptr()).get(policy);
        double[] slopes = new double[policy.length];
        List<PairLogProbs> pairs = new ArrayList<>();
        double sum = 0;
        for (int i = 0; i < batch.size(); i++) {
            PairLogProbs pair = logProbs(batch.get(i), policy[2 * i], policy[2 * i + 1]);
            pairs.add(pair);
            LossGradient at = loss.evaluate(pair);
            sum += at.loss();
            slopes[2 * i] = at.policyChosen() / batch.size();
            slopes[2 * i + 1] = at.policyRejected() / batch.size();
        }
        // the gradient of this product is the loss's own, by the chain rule
        Tensor differentiable = logProbs.dot(Tensor.create(slopes, slopes.length)); // []
        return new Evaluation(sum / batch.size(), differentiable, metrics(pairs));
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
