package org.ballast.core.mllm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.ballast.core.preference.SigmoidLoss;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.junit.jupiter.api.Test;

/** bf16 against float32 on the golden model: measured 0.19 nats a token, 14 % of a LoRA matrix's DPO gradient and 9 % of the full SFT gradient. */
class Bf16Test {
    private static LlavaModel model(Precision precision) {
        return LlavaModel.open(Golden.path("model"), precision, new Device(DeviceType.CPU));
    }

    @Test
    void logProbsStayWithinRounding() {
        try (PointerScope scope = new PointerScope();
                LlavaModel wide = model(Precision.FLOAT32);
                LlavaModel narrow = model(Precision.BF16)) {
            for (boolean on : new boolean[] {false, true}) {
                LoraAdapter adapter = on ? LoraAdapter.read(Golden.path("adapter"), wide.config()) : null;
                try (Scorer a = new Scorer(wide, adapter, MemorySettings.DEFAULT);
                        Scorer b = new Scorer(narrow, adapter, MemorySettings.DEFAULT)) {
                    double largest = 0;
                    for (EncodedExample row : ObjectiveTest.chosen()) {
                        double[] exact = a.responseLogProbs(List.of(row)).get(0);
                        double[] rounded = b.responseLogProbs(List.of(row)).get(0);
                        for (int t = 0; t < exact.length; t++) {
                            largest = Math.max(largest, Math.abs(exact[t] - rounded[t]));
                        }
                    }
                    assertThat(largest).isBetween(1e-6, 0.3);
                }
            }
        }
    }

    @Test
    void gradientsStayWithinRounding() {
        try (PointerScope scope = new PointerScope();
                LlavaModel wide = model(Precision.FLOAT32);
                DpoObjective dpo = dpo(model(Precision.BF16));
                SftObjective sft = SftObjective.full(model(Precision.BF16));
                SafeTensors golden = Golden.tensors("dpo.safetensors");
                SftObjective exact = SftObjective.full(model(Precision.FLOAT32))) {
            float[] values = new float[(int) dpo.parameterCount()];
            dpo.initialTheta(values);
            Tensor theta = Tensor.create(values, values.length);
            Tensor gradient = theta.clone();
            assertThat(dpo.evaluate(theta, gradient, ObjectiveTest.pairs()).loss())
                    .isCloseTo(0.808075, within(0.05));
            double largest = 0;
            for (NamedShape t : dpo.layout().tensors()) {
                largest = Math.max(
                        largest,
                        Golden.relativeDifference(dpo.layout().view(gradient, t), golden.tensor(t.name() + ".grad")));
            }
            assertThat(largest).isLessThan(0.25);

            values = new float[(int) sft.parameterCount()];
            exact.initialTheta(values);
            theta = Tensor.create(values, values.length);
            Tensor fine = theta.clone();
            Tensor coarse = theta.clone();
            double loss = exact.evaluate(theta, fine, ObjectiveTest.chosen()).loss();
            assertThat(sft.evaluate(theta, coarse, ObjectiveTest.chosen()).loss())
                    .isCloseTo(loss, within(0.05));
            assertThat(Golden.relativeDifference(coarse, fine)).isLessThan(0.15);
        }
    }

    private static DpoObjective dpo(LlavaModel model) {
        return new DpoObjective(
                model,
                LoraAdapter.read(Golden.path("adapter"), model.config()),
                new SigmoidLoss(0.1),
                MemorySettings.DEFAULT,
                0);
    }
}
