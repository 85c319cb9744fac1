package org.ballast.core.mllm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.ballast.core.preference.SigmoidLoss;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

class DropoutWeightsTest {
    private static float[] mask(double p, String module, String rows, long step) {
        return new DropoutWeights(null, p, 5, rows, step).mask(module, 100_000);
    }

    @Test
    void leavesOutTheShareAndKeepsTheMean() {
        for (double p : new double[] {0.05, 0.1, 0.5}) {
            float[] mask = mask(p, "m", "r", 3);
            int left = 0;
            double sum = 0;
            for (float value : mask) {
                assertThat(value == 0 || Math.abs(value - 1 / (1 - p)) < 1e-4).isTrue();
                left += value == 0 ? 1 : 0;
                sum += value;
            }
            assertThat((double) left / mask.length).isCloseTo(p, within(5 * Math.sqrt(p * (1 - p) / mask.length)));
            assertThat(sum / mask.length).isCloseTo(1, within(0.02));
        }
    }

    @Test
    void drawsHangOnModuleRowsAndStep() {
        float[] mask = mask(0.5, "m", "r", 3);
        assertThat(mask(0.5, "m", "r", 3)).isEqualTo(mask);
        assertThat(mask(0.5, "n", "r", 3)).isNotEqualTo(mask);
        assertThat(mask(0.5, "m", "s", 3)).isNotEqualTo(mask);
        assertThat(mask(0.5, "m", "r", 4)).isNotEqualTo(mask);
    }

    private static DpoObjective dpo(LlavaModel model, double dropout, boolean checkpoints) {
        LoraAdapter golden = LoraAdapter.read(Golden.path("adapter"), model.config());
        LoraAdapter adapter =
                new LoraAdapter(LoraConfig.allLinear(4, 8).withDropout(dropout), model.config(), golden.theta());
        MemorySettings memory = new MemorySettings(2048, checkpoints, 1 << 20);
        return new DpoObjective(model, adapter, new SigmoidLoss(0.1), memory, 9);
    }

    /** With the draws of a step fixed, the loss is a function whose gradient must be right; another step has another. */
    @Test
    void trainingUnderDropoutHasTheGradientOfItsOwnLoss() {
        try (PointerScope scope = new PointerScope();
                LlavaModel single = LlavaModel.open(Golden.path("model"));
                DpoObjective kept = dpo(single.to(ScalarType.Double), 0.25, false);
                DpoObjective again = dpo(single.to(ScalarType.Double), 0.25, true);
                DpoObjective without = dpo(single.to(ScalarType.Double), 0, false)) {
            float[] values = new float[(int) kept.parameterCount()];
            kept.initialTheta(values);
            Tensor theta = Tensor.create(values, values.length).to(ScalarType.Double);
            Tensor gradient = theta.clone();
            Tensor scratch = theta.clone();
            List<EncodedPair> pairs = ObjectiveTest.pairs();
            double loss = kept.evaluateAt(7, theta, gradient, pairs).loss();
            assertThat(kept.evaluateAt(7, theta, scratch, pairs).loss()).isEqualTo(loss);
            assertThat(kept.evaluateAt(8, theta, scratch, pairs).loss()).isNotEqualTo(loss);
            // a layer that is computed again sees the same draws
            assertThat(again.evaluateAt(7, theta, scratch, pairs).loss()).isCloseTo(loss, within(1e-12));
            assertThat(Golden.relativeDifference(scratch, gradient)).isLessThan(1e-10);
            // no draws where nothing is trained
            double plain = without.evaluate(theta, null, pairs).loss();
            assertThat(kept.evaluateAt(7, theta, null, pairs).loss()).isEqualTo(plain);
            assertThat(loss).isNotEqualTo(plain);
            double step = 1e-6;
            for (int i = 0; i < values.length; i += values.length / 40) {
                double analytic = Golden.doubles(gradient)[i];
                double up = at(kept, theta, scratch, i, step, pairs);
                double down = at(kept, theta, scratch, i, -step, pairs);
                assertThat((up - down) / (2 * step)).isCloseTo(analytic, within(1e-6 * (1 + Math.abs(analytic))));
            }
        }
    }

    private static double at(
            DpoObjective dpo, Tensor theta, Tensor scratch, int place, double by, List<EncodedPair> pairs) {
        try (PointerScope scope = new PointerScope()) {
            double[] values = Golden.doubles(theta);
            values[place] += by;
            return dpo.evaluateAt(7, Tensor.create(values, values.length), scratch, pairs)
                    .loss();
        }
    }
}
