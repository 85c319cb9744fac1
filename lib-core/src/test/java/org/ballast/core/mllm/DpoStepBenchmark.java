package org.ballast.core.mllm;

import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.ballast.core.preference.SigmoidLoss;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;

/**
 * Pairs a second of a DPO step (forward, backward, a plain step of the parameters) with a LoRA of rank 32 on all linears, the reference at hand. Prints one JSON line.
 * Run by hand: {@code OMP_NUM_THREADS=1 java -cp <test class path> org.ballast.core.mllm.DpoStepBenchmark <checkpoint> [batch 4] [negatives 1] [steps 5]
 * [float32 | bf16] [batch tokens] [layer checkpoints] [prompt 64] [response 100]}. With n negatives each prompt gives n pairs, and {@code batch} counts prompts.
 */
public final class DpoStepBenchmark {
    private DpoStepBenchmark() {}

    private static int[] ids(Random random, int n, int vocabulary) {
        return random.ints(n, 10, vocabulary).toArray();
    }

    private static List<EncodedPair> pairs(
            LlavaConfig config, int prompts, int negatives, int promptTokens, int responseTokens, Random random) {
        List<EncodedPair> out = new ArrayList<>();
        for (int p = 0; p < prompts; p++) {
            float[] pixels = new float[config.pixels()];
            for (int i = 0; i < pixels.length; i++) {
                pixels[i] = (float) random.nextGaussian();
            }
            int vocabulary = config.text().vocabSize();
            int[] prompt = ids(random, config.imageTokens() + promptTokens, vocabulary);
            Arrays.fill(prompt, 5, 5 + config.imageTokens(), config.imageTokenId());
            int[] chosen = ids(random, responseTokens, vocabulary);
            for (int n = 0; n < negatives; n++) {
                out.add(new EncodedPair(
                        p + "/" + n, pixels, prompt, chosen, ids(random, responseTokens, vocabulary), -900, -900));
            }
        }
        return out;
    }

    private static String argument(String[] args, int i, String otherwise) {
        return args.length > i ? args[i] : otherwise;
    }

    public static void main(String[] args) throws Exception {
        int prompts = Integer.parseInt(argument(args, 1, "4"));
        int negatives = Integer.parseInt(argument(args, 2, "1"));
        int steps = Integer.parseInt(argument(args, 3, "5"));
        String precision = argument(args, 4, "float32");
        MemorySettings standard = MemorySettings.DEFAULT;
        MemorySettings memory = new MemorySettings(
                Integer.parseInt(argument(args, 5, "" + standard.batchTokens())),
                Boolean.parseBoolean(argument(args, 6, "" + standard.layerCheckpoints())),
                standard.logitBytes());
        torch.set_num_threads(1);
        Device cpu = new Device(DeviceType.CPU);
        LlavaModel model = LlavaModel.open(Path.of(args[0]), Precision.resolve(precision, cpu), cpu);
        LlavaConfig config = model.config();
        List<EncodedPair> batch = pairs(
                config,
                prompts,
                negatives,
                Integer.parseInt(argument(args, 7, "64")),
                Integer.parseInt(argument(args, 8, "100")),
                new Random(1));
        LoraAdapter adapter = LoraAdapter.initialise(LoraConfig.allLinear(32, 256), model, 1);
        try (PointerScope scope = new PointerScope();
                DpoObjective dpo = new DpoObjective(model, adapter, new SigmoidLoss(0.1), memory, 0)) {
            Tensor theta = Tensor.create(adapter.theta(), adapter.theta().length); // [parameters]
            Tensor gradient = theta.clone(); // [parameters]
            double[] seconds = new double[steps];
            double[] busy = new double[steps];
            double loss = 0;
            for (int i = -1; i < steps; i++) {
                long start = System.nanoTime();
                long processor = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
                loss = dpo.evaluate(theta, gradient, batch).loss();
                theta.sub_(gradient, new Scalar(2e-6));
                if (i >= 0) {
                    seconds[i] = (System.nanoTime() - start) / 1e9;
                    busy[i] = (ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - processor) / 1e9;
                }
            }
            Arrays.sort(seconds);
            Arrays.sort(busy);
            System.out.printf(
                    "{\"pairs_per_s\": %.4f, \"step_s\": %.4f, \"processor_s\": %.4f, \"fastest_s\": %.4f, \"pairs\": %d, \"peak_rss_mib\": %d,"
                            + " \"loss\": %.6f, \"precision\": \"%s\", \"memory\": \"%s\"}%n",
                    batch.size() / seconds[steps / 2],
                    seconds[steps / 2],
                    busy[steps / 2],
                    seconds[0],
                    batch.size(),
                    peakMebibytes(),
                    loss,
                    precision,
                    memory);
        }
    }

    private static long peakMebibytes() throws Exception {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmHWM:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
                .findFirst()
                .orElseThrow();
    }
}
