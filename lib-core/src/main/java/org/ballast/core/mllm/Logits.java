package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.argmax;
import static org.bytedeco.pytorch.global.torch.logsumexp;

import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Logits of the next token of some rows, float32, where the model computed them: {@code [rows, vocab]}. Only what is asked for crosses to Java. Kept until
 * closed.
 */
public final class Logits implements AutoCloseable {
    private final Tensor logits;

    /** Takes {@code [rows, vocab]} of any floating type. */
    Logits(Tensor logits) {
        this.logits = logits.to(ScalarType.Float).contiguous(); // [rows, vocab]
        this.logits.retainReference();
    }

    public int rows() {
        return (int) logits.size(0);
    }

    /** A copy of a row, {@code [vocab]}. */
    public float[] row(int row) {
        try (PointerScope scope = new PointerScope()) {
            return floats(logits.select(0, row));
        }
    }

    /**
     * The token of the highest logit of each row, the lowest id among equals; -1 where the highest is no finite number (libtorch takes what is not a
     * number for the highest).
     *
     * @param excludes for each row, whether the excluded tokens are left out
     */
    public int[] best(boolean[] excludes, int[] excluded) {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            Tensor allowed = without(excludes, excluded); // [rows, vocab]
            Tensor index = argmax(allowed, new LongOptional(-1), true); // [rows, 1]
            float[] highest = floats(allowed.gather(1, index).view(-1));
            Tensor plain = index.cpu().contiguous(); // [rows, 1]
            LongPointer data = new LongPointer(plain.data_ptr());
            int[] tokens = new int[rows()];
            for (int r = 0; r < tokens.length; r++) {
                tokens[r] = Float.isFinite(highest[r]) ? (int) data.get(r) : -1;
            }
            return tokens;
        }
    }

    private Tensor without(boolean[] excludes, int[] excluded) {
        long[] rows = new long[excludes.length];
        int n = 0;
        for (int r = 0; r < excludes.length; r++) {
            if (excludes[r]) {
                rows[n++] = r;
            }
        }
        if (n == 0 || excluded.length == 0) {
            return logits;
        }
        Tensor allowed = logits.clone(); // [rows, vocab]
        Scalar never = new Scalar(Double.NEGATIVE_INFINITY);
        for (int i = 0; i < n; i++) {
            for (int token : excluded) {
                allowed.select(0, rows[i]).narrow(0, token, 1).fill_(never);
            }
        }
        return allowed;
    }

    /** {@code logit[token] - log sum exp logits} of the i-th named row and token, in natural log. */
    public double[] logProbs(int[] rows, int[] tokens) {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            Tensor chosen = logits.index_select(0, index(rows)); // [n, vocab]
            Tensor logit = chosen.gather(1, index(tokens).view(-1, 1)).view(-1); // [n]
            float[] logProbs = floats(logit.sub(logsumexp(chosen, 1)));
            double[] out = new double[logProbs.length];
            Arrays.setAll(out, i -> logProbs[i]);
            return out;
        }
    }

    private Tensor index(int[] values) {
        return Tensor.create(values, values.length).to(logits.device(), ScalarType.Long); // [n]
    }

    private static float[] floats(Tensor t) {
        Tensor plain = t.cpu().contiguous(); // [n]
        float[] out = new float[(int) plain.numel()];
        new FloatPointer(plain.data_ptr()).get(out);
        return out;
    }

    @Override
    public void close() {
        logits.releaseReference();
    }
}
