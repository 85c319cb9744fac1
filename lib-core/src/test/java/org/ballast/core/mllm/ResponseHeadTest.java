package org.ballast.core.mllm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.bytedeco.pytorch.global.torch.log_softmax;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

class ResponseHeadTest {
    private static final int D = 6;
    private static final int VOCABULARY = 9;
    private static final TextConfig TEXT =
            new TextConfig(VOCABULARY, D, 8, 1, 1, 1, D, 16, 1e-6, 10000, false, 1, 2, 0);

    /** A head alone. */
    private record Head(Tensor weight, Tensor place) implements Weights {
        @Override
        public Tensor tensor(String name) {
            assertThat(name).isEqualTo(LlavaTensors.HEAD);
            return weight;
        }

        @Override
        public Tensor gradient(String name) {
            return place;
        }

        @Override
        public ScalarType type() {
            return weight.scalar_type().intern();
        }

        @Override
        public Device device() {
            return new Device(DeviceType.CPU);
        }
    }

    private static Tensor random(Random random, double scale, long... shape) {
        double[] values = new double[(int) Shapes.elements(shape)];
        Arrays.setAll(values, i -> scale * random.nextGaussian());
        return Tensor.create(values, shape);
    }

    /** Two words, n = (1, 0), W = rows (ln 3, 0) and (0, 0): p = (3/4, 1/4), and d log p(0) / d n = (1/4) (W_0 - W_1). */
    @Test
    void aCaseByHand() {
        TextConfig two = new TextConfig(2, 2, 8, 1, 1, 1, 2, 16, 1e-6, 10000, false, 1, 1, 0);
        try (PointerScope scope = new PointerScope()) {
            Tensor head = Tensor.create(new double[] {Math.log(3), 0, 0, 0}, 2, 2);
            ResponseHead.Scores scores = new ResponseHead(two, 1 << 20)
                    .scores(
                            new Head(head, null),
                            Tensor.create(new double[] {1, 0, 1, 0}, 2, 2),
                            Tensor.create(new long[] {0, 1}, 2),
                            true);
            assertThat(Golden.doubles(scores.logProbs()))
                    .containsExactly(new double[] {Math.log(0.75), Math.log(0.25)}, within(1e-12));
            assertThat(Golden.doubles(scores.slope()))
                    .containsExactly(new double[] {0.25 * Math.log(3), 0, -0.75 * Math.log(3), 0}, within(1e-12));
        }
    }

    @Test
    void piecesOfAnySizeGiveWhatAutogradGivesWhole() {
        Random random = new Random(3);
        Map<Long, Integer> pieces = new LinkedHashMap<>();
        for (long bytes : new long[] {1, 4 * VOCABULARY * 3, 1 << 20}) {
            try (PointerScope scope = new PointerScope();
                    AutoGradMode on = new AutoGradMode(true)) {
                int n = 7;
                Tensor head = random(random, 1, VOCABULARY, D);
                Tensor hidden = random(random, 1, n, D);
                Tensor ids = Tensor.create(new long[] {0, 8, 3, 3, 5, 1, 2}, n);
                Tensor slopes = random(random, 1, n, 1);
                head.set_requires_grad(true);
                hidden.set_requires_grad(true);
                Tensor whole = log_softmax(hidden.matmul(head.t()), -1).gather(1, ids.unsqueeze(1)); // [n, 1]
                whole.mul(slopes).sum().backward();

                ResponseHead pieced = new ResponseHead(TEXT, bytes);
                ResponseHead.Scores frozen = pieced.scores(new Head(head, null), hidden, ids, true);
                assertThat(Golden.doubles(frozen.logProbs())).containsExactly(Golden.doubles(whole), within(1e-12));
                assertThat(Golden.largestDifference(frozen.slope().mul(slopes), hidden.grad()))
                        .isLessThan(1e-12);

                Tensor place = random(random, 1, VOCABULARY, D);
                Tensor before = place.clone();
                ResponseHead.Scores trained = pieced.scoresAndHeadGradient(new Head(head, place), hidden, ids, slopes);
                assertThat(Golden.doubles(trained.logProbs())).containsExactly(Golden.doubles(whole), within(1e-12));
                assertThat(Golden.largestDifference(trained.slope(), hidden.grad()))
                        .isLessThan(1e-12);
                assertThat(Golden.largestDifference(place.sub(before), head.grad()))
                        .isLessThan(1e-12);
                pieces.merge(bytes, 1, Integer::sum);
            }
        }
        assertThat(pieces).hasSize(3);
    }

    /** Logits of ten thousand: no overflow, and the losing word's log-probability is exact. */
    @Test
    void hugeLogitsStayFinite() {
        try (PointerScope scope = new PointerScope()) {
            Tensor head = random(new Random(4), 1, VOCABULARY, D).to(ScalarType.Float);
            Tensor hidden = random(new Random(5), 1e4, 2, D).to(ScalarType.Float);
            Tensor ids = Tensor.create(new long[] {2, 7}, 2);
            ResponseHead.Scores scores =
                    new ResponseHead(TEXT, 1 << 20).scores(new Head(head, null), hidden, ids, true);
            Tensor exact = log_softmax(
                            hidden.to(ScalarType.Double)
                                    .matmul(head.to(ScalarType.Double).t()),
                            -1)
                    .gather(1, ids.unsqueeze(1))
                    .squeeze(1);
            double largest = exact.abs().max().item_double();
            assertThat(largest).isGreaterThan(1000);
            assertThat(Golden.largestDifference(scores.logProbs(), exact)).isLessThan(1e-6 * largest);
            assertThat(scores.slope().mul(new Scalar(0.0)).sum().item_double()).isZero();
        }
    }
}
