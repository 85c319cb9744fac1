package org.ballast.core.mllm;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.ballast.core.mllm.generate.Contrast;
import org.ballast.core.mllm.generate.Generation;
import org.ballast.core.mllm.generate.GenerationOptions;
import org.ballast.core.mllm.generate.GenerationRequest;
import org.ballast.core.mllm.generate.Generator;
import org.ballast.core.mllm.generate.Vocabulary;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Useful tokens a second of {@link Generator}, on the inputs that the peer ({@code hf_generate.py --dump}) wrote, compared with the tokens that it generated. One JSON line on
 * standard output. Run by hand: {@code OMP_NUM_THREADS=1 java -cp <test class path> org.ballast.core.mllm.GenerateBenchmark --model DIR --inputs FILE
 * [--batch 4] [--new-tokens 100] [--mode plain|early-stop|contrastive] [--precision float32] [--repeats 5] [--warmup 1] [--threads 1]}.
 *
 * <p>Early stop: four times as many rows as the batch holds, row i ends at {@code 10 + (37 i + 11) mod (N - 9)} tokens; the file's prompts come round again.
 */
public final class GenerateBenchmark {
    /** One thread does the work: its processor time is the same on a busy machine. */
    private static final ThreadMXBean THREAD = ManagementFactory.getThreadMXBean();

    private GenerateBenchmark() {}

    private record Settings(
            Path model, Path inputs, int batch, int newTokens, String mode, String precision, int repeats, int warmup) {
        static Settings of(Map<String, String> options) {
            return new Settings(
                    Path.of(options.get("model")),
                    Path.of(options.get("inputs")),
                    Integer.parseInt(options.getOrDefault("batch", "4")),
                    Integer.parseInt(options.getOrDefault("new-tokens", "100")),
                    options.getOrDefault("mode", "plain"),
                    options.getOrDefault("precision", "float32"),
                    Integer.parseInt(options.getOrDefault("repeats", "5")),
                    Integer.parseInt(options.getOrDefault("warmup", "1")));
        }

        int rows() {
            return mode.equals("early-stop") ? 4 * batch : batch;
        }

        int length(int row) {
            return mode.equals("early-stop") ? 10 + (37 * row + 11) % (newTokens - 9) : newTokens;
        }

        GenerationOptions options() {
            GenerationOptions greedy = GenerationOptions.greedy(newTokens).withMinTokens(newTokens + 1);
            return switch (mode) {
                case "plain", "early-stop" -> greedy;
                case "contrastive" -> greedy.withContrast(new Contrast(Contrast.Direction.CLEAN_MINUS_NOISED, 1, 0.2));
                default -> throw new IllegalArgumentException("mode " + mode);
            };
        }
    }

    public static void main(String[] args) throws IOException {
        Map<String, String> options = new LinkedHashMap<>();
        for (int i = 0; i + 1 < args.length; i += 2) {
            options.put(args[i].substring(2), args[i + 1]);
        }
        Settings settings = Settings.of(options);
        torch.set_num_threads(Integer.parseInt(options.getOrDefault("threads", "1")));
        int[][] peer;
        List<GenerationRequest> requests = new ArrayList<>();
        try (SafeTensors inputs = SafeTensors.open(settings.inputs)) {
            peer = rows(inputs.tensor("generated"));
            int[][] prompts = rows(inputs.tensor("input_ids"));
            for (int row = 0; row < settings.rows(); row++) {
                int source = row % prompts.length;
                requests.add(new GenerationRequest(
                        "row" + row,
                        prompts[source],
                        pixels(inputs.tensor("pixel_values"), source),
                        pixels(inputs.tensor("noised_pixel_values"), source),
                        settings.length(row)));
            }
        }
        try (Device cpu = new Device("cpu");
                LlavaModel model = LlavaModel.open(settings.model, Precision.resolve(settings.precision, cpu), cpu);
                Generator generator = new Generator(
                        model,
                        null,
                        Vocabulary.ofEndTokens(model.config().text().eosTokenId()),
                        settings.batch)) {
            System.out.println(new ObjectMapper().writeValueAsString(measure(generator, requests, settings, peer)));
        }
    }

    private static Map<String, Object> measure(
            Generator generator, List<GenerationRequest> requests, Settings settings, int[][] peer) {
        List<Double> total = new ArrayList<>();
        List<Double> prefill = new ArrayList<>();
        List<Double> cpu = new ArrayList<>();
        List<Generation> answers = List.of();
        int useful = IntStream.range(0, settings.rows()).map(settings::length).sum();
        for (int repeat = -settings.warmup; repeat < settings.repeats; repeat++) {
            long cpuStart = THREAD.getCurrentThreadCpuTime();
            long start = System.nanoTime();
            answers = generator.generate(requests, settings.options());
            long end = System.nanoTime();
            long cpuEnd = THREAD.getCurrentThreadCpuTime();
            // an answer of one token is its prefill, with the same prompts read together at the start
            List<GenerationRequest> first = requests.subList(0, settings.batch).stream()
                    .map(r -> r.withMaxTokens(1))
                    .toList();
            long prefillStart = System.nanoTime();
            generator.generate(first, settings.options());
            long prefillEnd = System.nanoTime();
            if (repeat >= 0) {
                total.add((end - start) / 1e9);
                cpu.add((cpuEnd - cpuStart) / 1e9);
                prefill.add((prefillEnd - prefillStart) / 1e9 * settings.rows() / settings.batch);
            }
        }
        double seconds = median(total);
        double reading = median(prefill);
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("benchmark", "generate");
        out.put("mode", settings.mode);
        out.put("precision", settings.precision);
        out.put("batch", settings.batch);
        out.put("rows", settings.rows());
        out.put("prompt_tokens", requests.get(0).promptIds().length);
        out.put("new_tokens", settings.newTokens);
        out.put("useful_tokens", useful);
        out.put("useful_tokens_per_s", useful / seconds);
        out.put("total_s", seconds);
        out.put("prefill_s", reading);
        out.put("decode_s", seconds - reading);
        out.put("cpu_s", median(cpu));
        out.put(
                "repeats",
                total.stream()
                        .map(t -> Map.of("useful_tokens_per_s", useful / t, "total_s", t))
                        .toList());
        out.put("same_tokens_as_peer", sameTokens(answers, peer, settings.mode.equals("early-stop")));
        return out;
    }

    /** Rows of the peer's batch whose tokens agree before the peer's forced end, as {@code n of m}; with the first difference of those that do not. */
    private static String sameTokens(List<Generation> answers, int[][] peer, boolean early) {
        int same = 0;
        StringBuilder differences = new StringBuilder();
        for (int row = 0; row < peer.length; row++) {
            int[] tokens = answers.get(row).tokens();
            int known = Math.min(tokens.length, peer[row].length);
            int at = Arrays.mismatch(tokens, 0, known, peer[row], 0, known);
            // under early stop the peer is made to end there
            if (at < 0 || early && at == tokens.length - 1) {
                same++;
            } else {
                differences
                        .append(", row ")
                        .append(row)
                        .append(" differs from token ")
                        .append(at);
            }
        }
        return same + " of " + peer.length + differences;
    }

    private static double median(List<Double> values) {
        double[] sorted = values.stream().mapToDouble(v -> v).sorted().toArray();
        int n = sorted.length;
        return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
    }

    static int[][] rows(Tensor ids) {
        try (PointerScope scope = new PointerScope()) {
            float[] all = Golden.floats(ids); // exact below 2^24
            int width = (int) ids.size(1);
            int[][] out = new int[(int) ids.size(0)][width];
            for (int r = 0; r < out.length; r++) {
                for (int i = 0; i < width; i++) {
                    out[r][i] = (int) all[r * width + i];
                }
            }
            return out;
        }
    }

    static float[] pixels(Tensor images, int row) {
        try (PointerScope scope = new PointerScope()) {
            return Golden.floats(images.select(0, row));
        }
    }
}
