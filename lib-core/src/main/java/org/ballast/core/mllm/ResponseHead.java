package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.cat;
import static org.bytedeco.pytorch.global.torch.embedding;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Log-probabilities of given tokens, and their gradient, without {@code [tokens, vocab]} ever being there whole: for a hidden state n behind the final norm and head
 * W, {@code log p(y) = (W n)_y - log sum exp W n} and {@code d log p(y) / d n = W_y - softmax(W n) W}. Both come out of one pass over pieces of the tokens.
 */
final class ResponseHead {
    private final TextConfig text;
    private final long logitBytes;

    ResponseHead(TextConfig text, long logitBytes) {
        this.text = text;
        this.logitBytes = logitBytes;
    }

    /**
     * @param logProbs {@code [tokens]}, float64
     * @param slope {@code [tokens, hidden]}: d log p / d n, or times the given slopes; null where no gradient was asked for
     */
    record Scores(Tensor logProbs, Tensor slope) {}

    /**
     * @param normed {@code [tokens, hidden]}, behind the final norm
     * @param ids {@code [tokens]}, int64
     */
    Scores scores(Weights weights, Tensor normed, Tensor ids, boolean gradient) {
        return scores(weights, normed, ids, gradient, null);
    }

    /**
     * For a head that is trained: adds its gradient to {@link Weights#gradient}, which needs the slopes of the loss before the log-probabilities are known.
     *
     * @param slopes d loss / d log p, {@code [tokens, 1]}
     */
    Scores scoresAndHeadGradient(Weights weights, Tensor normed, Tensor ids, Tensor slopes) {
        return scores(weights, normed, ids, true, slopes);
    }

    private Scores scores(Weights weights, Tensor normed, Tensor ids, boolean gradient, Tensor slopes) {
        try (NoGradGuard noGrad = new NoGradGuard()) {
            Tensor head = weights.tensor(LlavaTensors.head(text)); // [vocab, d]
            Tensor plain = normed.detach(); // [tokens, d]
            long tokens = plain.size(0);
            long piece = Math.max(1, logitBytes / (Float.BYTES * (long) text.vocabSize()));
            List<Tensor> logProbs = new ArrayList<>();
            List<Tensor> slope = new ArrayList<>();
            for (long from = 0; from < tokens; from += piece) {
                long count = Math.min(piece, tokens - from);
                Tensor n = plain.narrow(0, from, count); // [count, d]
                Tensor y = ids.narrow(0, from, count); // [count]
                Tensor z = wide(MatrixProduct.of(n, head)); // [count, vocab]
                Tensor max = z.amax(new long[] {1}, true); // [count, 1]
                Tensor chosen = z.gather(1, y.unsqueeze(1)).sub(max); // [count, 1]
                Tensor exp = z.sub_(max).exp_(); // [count, vocab]
                Tensor sum = exp.sum(new long[] {1}, true, new ScalarTypeOptional()); // [count, 1]
                logProbs.add(chosen.sub(sum.log()).squeeze(1).to(ScalarType.Double)); // [count]
                if (gradient && slopes == null) {
                    Tensor expected = wide(exp.to(head.scalar_type()).mm(head)).div_(sum); // [count, d]
                    slope.add(wide(embedding(head, y)).sub_(expected)); // [count, d]
                } else if (gradient) {
                    Tensor s = slopes.narrow(0, from, count); // [count, 1]
                    Tensor dz = exp.mul_(s.neg().div_(sum)).scatter_add_(1, y.unsqueeze(1), s); // [count, vocab]
                    weights.gradient(LlavaTensors.head(text)).addmm_(dz.t(), wide(n), new Scalar(1.0), new Scalar(1.0));
                    slope.add(wide(dz.to(head.scalar_type()).mm(head))); // [count, d]
                }
            }
            return new Scores(joined(logProbs), gradient ? joined(slope) : null);
        }
    }

    /** Float32 where the weights are narrower. */
    private static Tensor wide(Tensor x) {
        return x.scalar_type().intern() == ScalarType.BFloat16 ? x.to(ScalarType.Float) : x;
    }

    private static Tensor joined(List<Tensor> parts) {
        return parts.size() == 1 ? parts.get(0) : cat(new TensorVector(parts.toArray(Tensor[]::new)), 0);
    }
}
