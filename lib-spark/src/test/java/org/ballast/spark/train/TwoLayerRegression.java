package org.ballast.spark.train;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.ballast.core.data.ItemRandom;
import org.ballast.core.mllm.Objective;
import org.ballast.core.mllm.ObjectiveValue;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Mean squared error of tanh(x W1 + b1) w2 in libtorch, in the precision of theta; behind the net lies idle padding. */
final class TwoLayerRegression implements Objective<Point> {
    static final int INPUTS = 4;
    private final int hidden;
    private final long padding;

    TwoLayerRegression(int hidden, long padding) {
        this.hidden = hidden;
        this.padding = padding;
    }

    @Override
    public long parameterCount() {
        return (long) hidden * (INPUTS + 2) + padding;
    }

    @Override
    public void initialTheta(float[] into) {
        var random = ItemRandom.of(7, "init", "two-layer", 0);
        for (int i = 0; i < hidden * (INPUTS + 2); i++) {
            into[i] = (float) (0.5 * random.nextGaussian());
        }
    }

    @Override
    public ObjectiveValue evaluate(Tensor theta, Tensor gradientOrNull, List<Point> batch) {
        try (var scope = new PointerScope()) {
            ScalarType type = theta.scalar_type();
            double[] x =
                    batch.stream().flatMapToDouble(p -> Arrays.stream(p.x())).toArray();
            double[] y = batch.stream().mapToDouble(Point::y).toArray();
            Tensor inputs = Tensor.create(x).to(type).view(batch.size(), INPUTS); // [n, 4]
            Tensor targets = Tensor.create(y).to(type); // [n]
            Tensor leaf = theta.detach(); // [parameters]
            if (gradientOrNull != null) {
                gradientOrNull.zero_();
                leaf.set_requires_grad(true);
                leaf.mutable_grad().put(gradientOrNull);
            }
            long weights = (long) hidden * INPUTS;
            Tensor w1 = leaf.narrow(0, 0, weights).view(INPUTS, hidden); // [4, hidden]
            Tensor b1 = leaf.narrow(0, weights, hidden); // [hidden]
            Tensor w2 = leaf.narrow(0, weights + hidden, hidden); // [hidden]
            Tensor output = torch.matmul(torch.tanh(torch.matmul(inputs, w1).add(b1)), w2); // [n]
            Tensor loss = output.sub(targets).square().mean(); // []
            if (gradientOrNull != null) {
                loss.backward();
            }
            double value = loss.item_double();
            return new ObjectiveValue(value, Map.of("rmse", Math.sqrt(value)));
        }
    }

    @Override
    public void close() {}
}
