package org.ballast.spark.negative;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.ballast.core.image.DiffusionNoise;
import org.ballast.core.image.ImageRejected;
import org.ballast.core.mllm.generate.Contrast;
import org.ballast.core.mllm.generate.Generation;
import org.ballast.core.mllm.generate.GenerationOptions;
import org.ballast.core.mllm.generate.GenerationRequest;
import org.ballast.core.mllm.generate.Generator;
import org.ballast.core.text.TextRejected;
import org.ballast.spark.model.ModelFiles;
import org.ballast.spark.model.ModelSpec;
import org.ballast.spark.model.OpenModel;

/**
 * Answers to weakened pictures by nothing but a loop over the engine in one thread: what the job {@code negatives} is held against. Rows are JSON lines with {@code id},
 * {@code prompt} and {@code image}, the path of a picture. Answers are written to a file; the last line of standard output is JSON: {@code answers_per_s} behind the first
 * block of rows, and {@code seconds} of all without opening the model. Run by {@code tests/benchmarks/negatives.py}:
 * {@code java -cp <test class path> ... WeakenLoop <checkpoint> <rows> <answers> <step> <max tokens> <temperature> <seed> <rows a block> <rows decoded together> <answers a row>}.
 */
final class WeakenLoop {
    private static final ObjectMapper JSON = new ObjectMapper();

    private WeakenLoop() {}

    public static void main(String[] args) throws Exception {
        ModelSpec spec =
                new ModelSpec(ModelFiles.of(new org.apache.hadoop.fs.Path(args[0]), new Configuration()), null);
        int step = Integer.parseInt(args[3]);
        long seed = Long.parseLong(args[6]);
        GenerationOptions options = GenerationOptions.sampling(
                        Integer.parseInt(args[4]), Double.parseDouble(args[5]), 0, 1, seed)
                .withContrast(new Contrast(Contrast.Direction.NOISED, 1, 0.2));
        int block = Integer.parseInt(args[7]);
        int samples = Integer.parseInt(args[9]);
        List<JsonNode> rows = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of(args[1]))) {
            rows.add(JSON.readTree(line));
        }
        try (var lease = OpenModel.lease(spec);
                Generator generator = lease.value().generator(Integer.parseInt(args[8]));
                BufferedWriter answers = Files.newBufferedWriter(Path.of(args[2]))) {
            long start = System.nanoTime();
            long warm = start;
            for (int first = 0; first < rows.size(); first += block) {
                List<JsonNode> some = rows.subList(first, Math.min(rows.size(), first + block));
                for (int sample = 0; sample < samples; sample++) {
                    List<GenerationRequest> requests = new ArrayList<>();
                    for (JsonNode row : some) {
                        requests.add(request(lease.value(), row, step, seed, sample));
                    }
                    List<Generation> generated = generator.generate(requests, options.withAttempt(sample));
                    for (int i = 0; i < requests.size(); i++) {
                        answers.write(JSON.writeValueAsString(Map.of(
                                "id",
                                requests.get(i).id(),
                                "response",
                                generated.get(i).text().strip())));
                        answers.newLine();
                    }
                }
                if (first == 0) {
                    warm = System.nanoTime();
                }
            }
            long end = System.nanoTime();
            System.out.println(JSON.writeValueAsString(Map.of(
                    "answers_per_s",
                    samples * (rows.size() - block) / ((end - warm) / 1e9),
                    "seconds",
                    (end - start) / 1e9)));
        }
    }

    private static GenerationRequest request(OpenModel model, JsonNode row, int step, long seed, int sample)
            throws IOException, ImageRejected, TextRejected {
        String id = row.get("id").asText();
        float[] pixels =
                model.pixels(Files.readAllBytes(Path.of(row.get("image").asText())));
        int[] prompt = model.promptIds(List.of(), row.get("prompt").asText(), true);
        return new GenerationRequest(id, prompt, pixels, DiffusionNoise.bpo().noised(pixels, step, seed, id, sample));
    }
}
