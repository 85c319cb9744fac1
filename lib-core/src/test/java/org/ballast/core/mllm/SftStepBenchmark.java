package org.ballast.core.mllm;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Milliseconds of one SFT step (forward and backward of 16 rows of about 100 tokens, all parameters) of a model of the demo's size. Run by hand:
 * {@code OMP_NUM_THREADS=1 java -cp <test class path> org.ballast.core.mllm.SftStepBenchmark [steps]}.
 */
public final class SftStepBenchmark {
    private SftStepBenchmark() {}

    static LlavaConfig demoSize() {
        VisionConfig vision = new VisionConfig(64, 8, 3, 128, 384, 3, 4, 128, "quick_gelu", 1e-5);
        TextConfig text = new TextConfig(1500, 128, 384, 2, 4, 4, 32, 256, 1e-6, 10000, true, 1, 2, 0);
        return new LlavaConfig(vision, text, -2, false, 3, true);
    }

    static List<EncodedExample> rows(LlavaConfig config, int n, long seed) {
        Random random = new Random(seed);
        List<EncodedExample> out = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            float[] pixels = new float[config.pixels()];
            for (int k = 0; k < pixels.length; k++) {
                pixels[k] = (float) random.nextGaussian();
            }
            int[] prompt = new int[config.imageTokens() + 14];
            Arrays.setAll(prompt, k -> 4 + random.nextInt(1496));
            Arrays.fill(prompt, 2, 2 + config.imageTokens(), config.imageTokenId());
            int[] response = new int[12 + random.nextInt(20)];
            Arrays.setAll(response, k -> 4 + random.nextInt(1496));
            out.add(new EncodedExample("row" + i, pixels, prompt, response));
        }
        return out;
    }

    public static void main(String[] args) {
        int steps = args.length > 0 ? Integer.parseInt(args[0]) : 60;
        torch.set_num_threads(1);
        LlavaConfig config = demoSize();
        List<EncodedExample> batch = rows(config, 16, 1);
        try (PointerScope scope = new PointerScope();
                SftObjective sft = SftObjective.full(LlavaModel.initialise(config, 1))) {
            float[] values = new float[(int) sft.parameterCount()];
            sft.initialTheta(values);
            Tensor theta = Tensor.create(values, values.length);
            Tensor gradient = theta.clone();
            for (String what : List.of("value", "gradient")) {
                double[] millis = new double[steps];
                double[] busy = new double[steps];
                for (int i = 0; i < steps; i++) {
                    long start = System.nanoTime();
                    long cpu = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
                    sft.evaluate(theta, what.equals("value") ? null : gradient, batch);
                    busy[i] = (ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - cpu) / 1e6;
                    millis[i] = (System.nanoTime() - start) / 1e6;
                }
                Arrays.sort(millis);
                Arrays.sort(busy);
                System.out.printf(
                        "%s: median %.1f ms (processor %.1f), fastest %.1f ms (%.1f), of %d steps, %d parameters%n",
                        what, millis[steps / 2], busy[steps / 2], millis[0], busy[0], steps, sft.parameterCount());
            }
        }
    }
}
