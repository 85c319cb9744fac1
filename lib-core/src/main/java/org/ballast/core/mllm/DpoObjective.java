package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.log_sigmoid;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Direct preference optimisation with an optional likelihood term: the mean over pairs of {@code -log sigmoid(beta * ((log pi(w) - log pi(l)) - (log ref(w) - log ref(l)))) +
 * nllWeight * (-log pi(w) / n_w)}, log-probabilities summed over the response tokens, w the chosen response of n_w tokens, l the rejected one. The reference's values come with
 * the pairs. Both responses of a pair share the features of their picture.
 *
 * <p>Metrics, means over the pairs: {@code accuracy} (share with positive margin), {@code margin} = {@code rewardChosen} - {@code rewardRejected}, the rewards
 * {@code beta * (log pi - log ref)}, {@code chosenLogProb}, {@code rejectedLogProb}.
 *
 * <p>Source: Rafailov et al., Direct Preference Optimization, 2023, equation 7; the likelihood term: Pang et al., Iterative Reasoning Preference Optimization, 2024.
 */
public final class DpoObjective extends LlavaObjective<EncodedPair> {
    private final double beta;
    private final double nllWeight;

    /** Trains the adapter's parameters, starting from its values. Takes over the model. */
    public DpoObjective(LlavaModel model, LoraAdapter adapter, double beta, double nllWeight) {
        super(model, adapter);
        Shapes.requirePositive("beta", beta);
        if (!(nllWeight >= 0) || Double.isInfinite(nllWeight)) {
            throw new IllegalArgumentException("the NLL weight must not be negative, is " + nllWeight);
        }
        this.beta = beta;
        this.nllWeight = nllWeight;
    }

    @Override
    Evaluation loss(Weights weights, List<EncodedPair> batch) {
        ResponseBatch rows = new ResponseBatch(model());
        double[] references = new double[2 * batch.size()];
        double[] perToken = new double[batch.size()];
        for (int i = 0; i < batch.size(); i++) {
            EncodedPair pair = batch.get(i);
            int image = rows.addImage(pair.pixels());
            rows.add(pair.id() + " (chosen)", image, pair.promptIds(), pair.chosenIds());
            rows.add(pair.id() + " (rejected)", image, pair.promptIds(), pair.rejectedIds());
            references[2 * i] = pair.referenceChosen();
            references[2 * i + 1] = pair.referenceRejected();
            perToken[i] = nllWeight / pair.chosenIds().length;
        }
        Tensor logProbs = rows.logProbs(weights).to(ScalarType.Double).view(-1, 2); // [pairs, 2]
        Tensor rewards =
                logProbs.sub(Tensor.create(references, batch.size(), 2)).mul(new Scalar(beta)); // [pairs, 2]
        Tensor margin = rewards.select(1, 0).sub(rewards.select(1, 1)); // [pairs]
        Tensor losses = log_sigmoid(margin).neg(); // [pairs]
        if (nllWeight > 0) {
            losses = losses.sub(logProbs.select(1, 0).mul(Tensor.create(perToken, perToken.length)));
        }
        return new Evaluation(losses.mean(), () -> metrics(logProbs, references));
    }

    private Map<String, Double> metrics(Tensor logProbs, double[] references) {
        double[] policy = new double[references.length];
        new DoublePointer(logProbs.detach().contiguous().data_ptr()).get(policy);
        int pairs = policy.length / 2;
        double accuracy = 0;
        double chosen = 0;
        double rejected = 0;
        double rewardChosen = 0;
        double rewardRejected = 0;
        for (int i = 0; i < policy.length; i += 2) {
            double w = beta * (policy[i] - references[i]);
            double l = beta * (policy[i + 1] - references[i + 1]);
            accuracy += w > l ? 1 : 0;
            rewardChosen += w;
            rewardRejected += l;
            chosen += policy[i];
            rejected += policy[i + 1];
        }
        Map<String, Double> out = new LinkedHashMap<>();
        out.put("accuracy", accuracy / pairs);
        out.put("margin", (rewardChosen - rewardRejected) / pairs);
        out.put("rewardChosen", rewardChosen / pairs);
        out.put("rewardRejected", rewardRejected / pairs);
        out.put("chosenLogProb", chosen / pairs);
        out.put("rejectedLogProb", rejected / pairs);
        return out;
    }

    @Override
    String id(EncodedPair example) {
        return example.id();
    }
}
