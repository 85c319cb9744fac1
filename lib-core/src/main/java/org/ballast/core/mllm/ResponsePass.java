package org.ballast.core.mllm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * One forward pass over some groups, and the backward pass behind it. The graph is cut in front of the final norm: the head's gradient comes from
 * {@link ResponseHead}, what stands before it from autograd, at once or layer by layer. Belongs to the caller's scope.
 */
final class ResponsePass {
    private final PackedDecoder decoder;
    private final LlavaConfig config;
    private final Weights weights;
    private final MemorySettings memory;
    private final PackedBatch batch;
    private final Tensor ids;
    private final Tensor askers;
    private final int[] lengths;

    /** @param part the groups, whose sequences {@code batch} holds in the same order */
    ResponsePass(
            LlavaModel model,
            Weights weights,
            MemorySettings memory,
            List<ResponseGroups.Group> part,
            PackedBatch batch) {
        this.decoder = model.packedDecoder();
        this.config = model.config();
        this.weights = weights;
        this.memory = memory;
        this.batch = batch;
        List<Long> rows = new ArrayList<>();
        List<Long> tokens = new ArrayList<>();
        List<Integer> counts = new ArrayList<>();
        long base = 0;
        for (ResponseGroups.Group group : part) {
            long next = base + 1;
            for (int[] response : group.responses()) {
                for (int t = 0; t < response.length; t++) {
                    // the prefix's last position predicts the first token of every response
                    rows.add(t == 0 ? base : next++);
                    tokens.add((long) response[t]);
                }
                counts.add(response.length);
            }
            base = next;
        }
        this.askers = PackedBatch.index(weights, rows.stream().mapToLong(i -> i).toArray()); // [targets]
        this.ids = PackedBatch.index(weights, tokens.stream().mapToLong(i -> i).toArray()); // [targets]
        this.lengths = counts.stream().mapToInt(i -> i).toArray();
    }

    /** How many different responses. */
    int responses() {
        return lengths.length;
    }

    /** Token log-probabilities of every response, group after group. */
    double[][] logProbs(Tensor features) {
        try (NoGradGuard noGrad = new NoGradGuard()) {
            Tensor hidden =
                    decoder.new Pass(weights, batch, null).hidden(batch.embeddings(weights, features)); // [askers, d]
            return byResponse(head().scores(weights, picked(hidden), ids, false).logProbs());
        }
    }

    /** What the loss makes of the log-probabilities: its slope by the summed log-probability of every response. */
    interface Loss {
        double[] slopes(double[][] logProbs);
    }

    /**
     * Log-probabilities as {@link #logProbs}, then the gradient of the loss, added to that of the trained weights.
     *
     * @param fixedSlopes the slopes where they do not depend on the log-probabilities: a trained head needs them; null otherwise
     */
    void backward(Tensor features, Loss loss, double[] fixedSlopes) {
        Tensor x = batch.embeddings(weights, features); // [tokens, d]
        PackedDecoder.Pass pass = decoder.new Pass(weights, batch, null);
        LayerGradients layers = new LayerGradients(config.text().layers(), pass, memory.layerCheckpoints());
        Tensor hidden = layers.forward(x).detach(); // [askers, d]
        hidden.set_requires_grad(true);
        Tensor picked = picked(hidden); // [targets, d]
        boolean trainedHead = weights.gradient(LlavaTensors.head(config.text())) != null;
        Tensor slope; // [targets, d]
        if (trainedHead) {
            ResponseHead.Scores scores =
                    head().scoresAndHeadGradient(weights, picked, ids, perToken(required(fixedSlopes)));
            loss.slopes(byResponse(scores.logProbs()));
            slope = scores.slope();
        } else {
            ResponseHead.Scores scores = head().scores(weights, picked, ids, true);
            slope = scores.slope().mul_(perToken(loss.slopes(byResponse(scores.logProbs()))));
        }
        backward(picked, slope.to(picked.scalar_type()));
        layers.backward(hidden.grad());
    }

    static void backward(Tensor of, Tensor gradient) {
        of.backward(gradient, new BoolOptional(), false, new TensorArrayRefOptional());
    }

    private static double[] required(double[] slopes) {
        if (slopes == null) {
            throw new IllegalStateException("this loss cannot train the output projection");
        }
        return slopes;
    }

    private ResponseHead head() {
        return new ResponseHead(config.text(), memory.logitBytes());
    }

    private Tensor picked(Tensor hidden) {
        return decoder.block().finalNorm(weights, hidden).index_select(0, askers); // [targets, d]
    }

    private Tensor perToken(double[] slopes) {
        double[] out = new double[(int) ids.numel()];
        int n = 0;
        for (int r = 0; r < lengths.length; r++) {
            Arrays.fill(out, n, n + lengths[r], slopes[r]);
            n += lengths[r];
        }
        ScalarType type = weights.type() == ScalarType.Double ? ScalarType.Double : ScalarType.Float;
        return Tensor.create(out, out.length, 1).to(weights.device(), type); // [targets, 1]
    }

    private double[][] byResponse(Tensor logProbs) {
        Tensor host = logProbs.cpu().contiguous(); // [targets]
        DoublePointer data = new DoublePointer(host.data_ptr());
        double[][] out = new double[lengths.length][];
        int n = 0;
        for (int r = 0; r < out.length; r++) {
            out[r] = new double[lengths[r]];
            data.position(n).get(out[r]);
            n += lengths[r];
        }
        return out;
    }
}
