package org.ballast.core.mllm;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import org.ballast.core.preference.SigmoidLoss;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Pairs a second of a DPO step (forward, backward, clipping, AdamW) on the batch that the peer ({@code torch_dpo.py --dump}) wrote, with the reference at hand, and the
 * seconds that making the reference takes; the first step is compared with the peer's log-probabilities and gradients. One JSON line on standard output. Run by hand:
 * {@code OMP_NUM_THREADS=1 java -cp <test class path> org.ballast.core.mllm.DpoStepBenchmark --model DIR --inputs FILE [--response-tokens 100] [--negatives 1]
 * [--precision float32] [--repeats 5] [--warmup 1] [--threads 1] [--batch-tokens N] [--layer-checkpoints false]}.
 *
 * <p>With n negatives each prompt gives n pairs; the further ones are the rejected responses of the batch's other prompts.
 */
public final class DpoStepBenchmark {
    private static final int RANK = 32;
    private static final double ALPHA = 256;

    private final Map<String, String> options;
    private final LlavaModel model;

    private DpoStepBenchmark(Map<String, String> options) {
        this.options = options;
        Device cpu = new Device(DeviceType.CPU);
        Precision precision = Precision.resolve(option("precision", "float32"), cpu);
        this.model = LlavaModel.open(Path.of(options.get("model")), precision, cpu);
    }

    public static void main(String[] args) throws IOException {
        Map<String, String> options = new LinkedHashMap<>();
        for (int i = 0; i + 1 < args.length; i += 2) {
            options.put(args[i].substring(2), args[i + 1]);
        }
        torch.set_num_threads(Integer.parseInt(options.getOrDefault("threads", "1")));
        System.out.println(new ObjectMapper().writeValueAsString(new DpoStepBenchmark(options).measured()));
    }

    private String option(String name, String otherwise) {
        return options.getOrDefault(name, otherwise);
    }

    private int number(String name, int otherwise) {
        return Integer.parseInt(option(name, "" + otherwise));
    }

    /** A prompt with the responses to it, the chosen one first. */
    private record Prompt(String id, ImageInput image, int[] ids, List<int[]> responses) {}

    private Map<String, Object> measured() throws IOException {
        MemorySettings memory = new MemorySettings(
                number("batch-tokens", MemorySettings.DEFAULT.batchTokens()),
                Boolean.parseBoolean(option("layer-checkpoints", "false")),
                MemorySettings.DEFAULT.logitBytes());
        LoraConfig lora = LoraConfig.allLinear(RANK, ALPHA);
        try (PointerScope scope = new PointerScope();
                SafeTensors inputs = SafeTensors.open(Path.of(options.get("inputs")))) {
            List<Prompt> prompts = prompts(inputs);
            LoraAdapter adapter = new LoraAdapter(lora, model.config(), peers(inputs, "adapter.", lora));
            double[] referenceSeconds = new double[number("repeats", 5)];
            List<EncodedPair> pairs = List.of();
            for (int i = 0; i < referenceSeconds.length; i++) {
                long start = System.nanoTime();
                pairs = pairs(prompts, memory);
                referenceSeconds[i] = (System.nanoTime() - start) / 1e9;
            }
            Arrays.sort(referenceSeconds);
            try (var dpo = new DpoObjective(model, adapter, new SigmoidLoss(0.1), memory, 0)) {
                Map<String, Object> out = steps(dpo, adapter, pairs, inputs);
                out.put("reference_s_per_pair", referenceSeconds[referenceSeconds.length / 2] / pairs.size());
                out.put("memory", memory.toString());
                out.put("peak_rss_mib", peakMebibytes());
                return out;
            }
        }
    }

    private Map<String, Object> steps(
            DpoObjective dpo, LoraAdapter adapter, List<EncodedPair> pairs, SafeTensors inputs) {
        Tensor theta = Tensor.create(adapter.theta(), adapter.theta().length); // [parameters]
        Tensor gradient = theta.clone(); // [parameters]
        AdamW update = new AdamW(theta);
        List<Map<String, Double>> repeats = new ArrayList<>();
        Map<String, Object> out = new LinkedHashMap<>();
        int warmup = Math.max(1, number("warmup", 1));
        for (int i = -warmup; i < number("repeats", 5); i++) {
            long start = System.nanoTime();
            ObjectiveValue value = dpo.evaluate(theta, gradient, pairs);
            if (i == -warmup) {
                out.put("check", check(value, gradient, pairs, adapter, inputs)); // outside what is measured
            }
            update.step(theta, gradient);
            double seconds = (System.nanoTime() - start) / 1e9;
            if (i >= 0) {
                repeats.add(Map.of("pairs_per_s", pairs.size() / seconds, "step_s", seconds));
            }
        }
        out.put("benchmark", "dpo");
        out.put("precision", option("precision", "float32"));
        out.put("pairs", pairs.size());
        out.put("pairs_per_s", median(repeats.stream().mapToDouble(r -> r.get("pairs_per_s"))));
        out.put("repeats", repeats);
        return out;
    }

    private List<Prompt> prompts(SafeTensors inputs) {
        int[][] sequences = GenerateBenchmark.rows(inputs.tensor("input_ids")); // [2 * prompts][tokens]
        int response = number("response-tokens", 100);
        int count = sequences.length / 2;
        int promptTokens = sequences[0].length - response;
        List<int[]> responses = Arrays.stream(sequences)
                .map(s -> Arrays.copyOfRange(s, promptTokens, s.length))
                .toList();
        List<Prompt> out = new ArrayList<>();
        for (int p = 0; p < count; p++) {
            List<int[]> own = new ArrayList<>(List.of(responses.get(p)));
            for (int n = 0; n < number("negatives", 1); n++) {
                own.add(responses.get(count + (p + n) % count));
            }
            float[] pixels = GenerateBenchmark.pixels(inputs.tensor("pixel_values"), p);
            out.add(new Prompt(
                    "prompt" + p, ImageInput.ofPixels(pixels), Arrays.copyOf(sequences[p], promptTokens), own));
        }
        return out;
    }

    /** Makes the reference and the pairs. */
    private List<EncodedPair> pairs(List<Prompt> prompts, MemorySettings memory) {
        List<EncodedExample> rows = new ArrayList<>();
        for (Prompt prompt : prompts) {
            for (int r = 0; r < prompt.responses.size(); r++) {
                rows.add(new EncodedExample(prompt.id + "/" + r, prompt.image, prompt.ids, prompt.responses.get(r)));
            }
        }
        double[] reference;
        try (Scorer scorer = new Scorer(model, null, memory)) {
            reference = scorer.responseLogProbs(rows).stream()
                    .mapToDouble(tokens -> Arrays.stream(tokens).sum())
                    .toArray();
        }
        List<EncodedPair> out = new ArrayList<>();
        int at = 0;
        for (Prompt prompt : prompts) {
            for (int r = 1; r < prompt.responses.size(); r++) {
                out.add(new EncodedPair(
                        prompt.id + "/" + r,
                        prompt.image,
                        prompt.ids,
                        prompt.responses.get(0),
                        prompt.responses.get(r),
                        reference[at],
                        reference[at + r]));
            }
            at += prompt.responses.size();
        }
        return out;
    }

    /** The first step beside the peer's, which had one negative a prompt: largest differences, the gradient's relative to its norm. */
    private Map<String, Double> check(
            ObjectiveValue value, Tensor gradient, List<EncodedPair> pairs, LoraAdapter adapter, SafeTensors inputs) {
        Map<String, Double> out = new LinkedHashMap<>();
        out.put("loss", value.loss());
        if (number("negatives", 1) == 1) {
            Tensor peer = inputs.tensor("log_probs").to(ScalarType.Float); // [2 * pairs]
            double chosen = value.metrics().get("chosenLogProb");
            double rejected = value.metrics().get("rejectedLogProb");
            int n = pairs.size();
            out.put(
                    "mean_log_prob",
                    Math.max(
                            Math.abs(chosen - peer.narrow(0, 0, n).mean().item_float()),
                            Math.abs(rejected - peer.narrow(0, n, n).mean().item_float())));
            float[] expected = peers(inputs, "gradient.", adapter.config());
            Tensor other = Tensor.create(expected, expected.length); // [parameters]
            out.put(
                    "gradient",
                    (double) gradient.sub(other).norm().item_float()
                            / other.norm().item_float());
        }
        return out;
    }

    /** The peer's adapter, or its gradient, in the order of the layout. */
    private float[] peers(SafeTensors inputs, String prefix, LoraConfig lora) {
        ParameterLayout layout = lora.layout(model.config());
        float[] out = new float[Math.toIntExact(layout.size())];
        for (NamedShape tensor : layout.tensors()) {
            String name = prefix + tensor.name().replaceFirst("\\.weight$", ".default.weight");
            float[] values = Golden.floats(inputs.tensor(name));
            System.arraycopy(values, 0, out, (int) layout.offset(tensor.name()), values.length);
        }
        return out;
    }

    /** The peers' optimizer: AdamW (learning rate 2e-6, betas 0.9 and 0.999) behind clipping by the norm of 1. */
    private static final class AdamW {
        private final Tensor first;
        private final Tensor second;
        private int steps;

        AdamW(Tensor theta) {
            this.first = torch.zeros_like(theta);
            this.second = torch.zeros_like(theta);
        }

        void step(Tensor theta, Tensor gradient) {
            try (PointerScope scope = new PointerScope();
                    NoGradGuard noGrad = new NoGradGuard()) {
                steps++;
                double norm = gradient.norm().item_float();
                gradient.mul_(new Scalar(Math.min(1, 1 / (norm + 1e-6))));
                first.mul_(new Scalar(0.9)).add_(gradient, new Scalar(0.1));
                second.mul_(new Scalar(0.999)).addcmul_(gradient, gradient, new Scalar(0.001));
                Tensor size = second.div(new Scalar(1 - Math.pow(0.999, steps)))
                        .sqrt_()
                        .add_(new Scalar(1e-8)); // [parameters]
                theta.addcdiv_(first, size, new Scalar(-2e-6 / (1 - Math.pow(0.9, steps))));
            }
        }
    }

    private static double median(DoubleStream values) {
        double[] sorted = values.sorted().toArray();
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }

    private static long peakMebibytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmHWM:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
                .findFirst()
                .orElseThrow();
    }
}
