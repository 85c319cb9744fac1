package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.cat;
import static org.bytedeco.pytorch.global.torch.embedding;
import static org.bytedeco.pytorch.global.torch.log_softmax;
import static org.bytedeco.pytorch.global.torch.silu;
import static org.bytedeco.pytorch.global.torch.softmax;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The decoder written down as its formulas, in float64: one row at a time, every position, attention as a softmax over a masked product, autograd throughout. */
final class PlainLlava {
    private PlainLlava() {}

    /** Log-probability of each response token: {@code [tokens]}. */
    static Tensor logProbs(LlavaModel model, Weights w, EncodedExample row) {
        int p = row.promptIds().length;
        int r = row.responseIds().length;
        Tensor logits = logits(model, w, row); // [p + r - 1, vocab]
        Tensor all = log_softmax(logits.narrow(0, p - 1, r), -1); // [r, vocab]
        return all.gather(1, longs(row.responseIds()).unsqueeze(1)).squeeze(1);
    }

    /** Mean loss over all response tokens; its gradient is added to {@code gradient}. */
    static double sft(
            LlavaModel model,
            LoraAdapter adapter,
            ParameterLayout layout,
            Tensor theta,
            Tensor gradient,
            List<EncodedExample> rows) {
        int tokens = rows.stream().mapToInt(e -> e.responseIds().length).sum();
        double loss = 0;
        try (PointerScope scope = new PointerScope();
                AutoGradMode on = new AutoGradMode(true)) {
            TrainableWeights w = new TrainableWeights(
                    model.weights(),
                    layout,
                    theta,
                    gradient,
                    adapter == null ? null : adapter.config().scales());
            for (EncodedExample row : rows) {
                Tensor own = logProbs(model, w, row).sum().mul(new Scalar(-1.0 / tokens)); // []
                own.backward();
                loss += own.item_double();
            }
        }
        return loss;
    }

    private static Tensor logits(LlavaModel model, Weights w, EncodedExample row) {
        TextConfig c = model.config().text();
        Tensor x = inputs(model, w, row); // [n, d]
        long n = x.size(0);
        for (int i = 0; i < c.layers(); i++) {
            String layer = "language_model.model.layers." + i + ".";
            Tensor h = norm(w, layer + "input_layernorm", x, c);
            Tensor q = rotated(heads(linear(w, layer + "self_attn.q_proj", h, c.attentionBias()), c.headDim()), c);
            Tensor k = rotated(heads(linear(w, layer + "self_attn.k_proj", h, c.attentionBias()), c.headDim()), c);
            Tensor v = heads(linear(w, layer + "self_attn.v_proj", h, c.attentionBias()), c.headDim());
            Tensor[] out = new Tensor[c.heads()];
            for (int head = 0; head < c.heads(); head++) {
                int shared = head / (c.heads() / c.keyValueHeads());
                Tensor scores = q.select(1, head)
                        .matmul(k.select(1, shared).t())
                        .div(new Scalar(Math.sqrt(c.headDim())))
                        .add(mask(n, c.window(i))); // [n, n]
                out[head] = softmax(scores, -1).matmul(v.select(1, shared)); // [n, hd]
            }
            x = x.add(linear(w, layer + "self_attn.o_proj", cat(new TensorVector(out), -1), c.outputBias()));
            h = norm(w, layer + "post_attention_layernorm", x, c);
            Tensor gate = silu(linear(w, layer + "mlp.gate_proj", h, c.mlpBias()));
            x = x.add(linear(
                    w,
                    layer + "mlp.down_proj",
                    gate.mul(linear(w, layer + "mlp.up_proj", h, c.mlpBias())),
                    c.mlpBias()));
        }
        String head = c.tiedHead() ? "language_model.model.embed_tokens" : "language_model.lm_head";
        return norm(w, "language_model.model.norm", x, c)
                .matmul(w.tensor(head + ".weight").t());
    }

    private static Tensor inputs(LlavaModel model, Weights w, EncodedExample row) {
        int p = row.promptIds().length;
        Tensor table = w.tensor("language_model.model.embed_tokens.weight"); // [vocab, d]
        Tensor[] parts = new Tensor[p + row.responseIds().length - 1];
        Tensor features = null;
        if (row.image() != null) {
            VisionConfig v = model.config().vision();
            Tensor pixels = Tensor.create(row.pixels(), 1, v.channels(), v.imageSize(), v.imageSize())
                    .to(ScalarType.Double);
            features = model.tower()
                    .projected(w, model.tower().features(w, pixels))
                    .squeeze(0); // [imageTokens, d]
        }
        int seen = 0;
        for (int i = 0; i < parts.length; i++) {
            int id = i < p ? row.promptIds()[i] : row.responseIds()[i - p];
            parts[i] = i < p && id == model.config().imageTokenId()
                    ? features.narrow(0, seen++, 1)
                    : embedding(table, longs(new int[] {id})); // [1, d]
        }
        return cat(new TensorVector(parts), 0);
    }

    private static Tensor linear(Weights w, String module, Tensor x, boolean bias) {
        Tensor y = x.matmul(w.tensor(module + ".weight").t());
        if (bias) {
            y = y.add(w.tensor(module + ".bias"));
        }
        Weights.LowRank update = w.lowRank(module);
        return update == null
                ? y
                : y.add(x.matmul(update.a().t()).matmul(update.b().t()), new Scalar(update.scale()));
    }

    private static Tensor norm(Weights w, String module, Tensor x, TextConfig c) {
        Tensor mean = x.mul(x).mean(new long[] {-1}, true, new ScalarTypeOptional()); // [n, 1]
        return x.div(mean.add(new Scalar(c.rmsNormEps())).sqrt()).mul(w.tensor(module + ".weight"));
    }

    private static Tensor heads(Tensor x, int headDim) {
        return x.view(x.size(0), -1, headDim); // [n, heads, hd]
    }

    /** (a, b) -> (a cos - b sin, b cos + a sin) for the halves a and b of a head. */
    private static Tensor rotated(Tensor x, TextConfig c) {
        int half = c.headDim() / 2;
        long n = x.size(0);
        double[] cos = new double[(int) n * half];
        double[] sin = new double[(int) n * half];
        for (int position = 0; position < n; position++) {
            for (int i = 0; i < half; i++) {
                double angle = position * Math.pow(c.ropeTheta(), -2.0 * i / c.headDim());
                cos[position * half + i] = Math.cos(angle);
                sin[position * half + i] = Math.sin(angle);
            }
        }
        Tensor turnCos = Tensor.create(cos, n, 1, half);
        Tensor turnSin = Tensor.create(sin, n, 1, half);
        Tensor a = x.narrow(-1, 0, half);
        Tensor b = x.narrow(-1, half, half);
        return cat(
                new TensorVector(
                        a.mul(turnCos).sub(b.mul(turnSin)), b.mul(turnCos).add(a.mul(turnSin))),
                -1);
    }

    private static Tensor mask(long n, int window) {
        double[] out = new double[(int) (n * n)];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                out[(int) (i * n) + j] = j <= i && i - j < window ? 0 : Double.NEGATIVE_INFINITY;
            }
        }
        return Tensor.create(out, n, n);
    }

    private static Tensor longs(int[] ids) {
        long[] out = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            out[i] = ids[i];
        }
        return Tensor.create(out, out.length);
    }
}
