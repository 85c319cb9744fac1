package org.ballast.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.ballast.core.mllm.DpoObjective;
import org.ballast.core.mllm.EncodedPair;
import org.ballast.core.mllm.LlavaModel;
import org.ballast.core.mllm.LoraAdapter;
import org.ballast.core.mllm.NamedShape;
import org.ballast.core.mllm.ParameterLayout;
import org.ballast.core.preference.LearningRate;
import org.ballast.core.preference.LearningRate.Schedule;
import org.junit.jupiter.api.Test;

/** Five steps of {@code torch.optim.AdamW} on the golden DPO batch, by either replica. */
class GoldenAdamWTest {
    private static final Path SHARED = Path.of("../lib-core/src/test/resources/goldens/mllm-a");
    private static final Path OWN = Path.of("src/test/resources/goldens/mllm-a");

    /** Tensors of a safetensors file, read by its format: header length, header, data. */
    private record Tensors(JsonNode header, ByteBuffer data) {
        static Tensors read(Path file) throws IOException {
            ByteBuffer all = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
            byte[] json = new byte[Math.toIntExact(all.getLong())];
            all.get(json);
            return new Tensors(
                    new ObjectMapper().readTree(new String(json, StandardCharsets.UTF_8)),
                    all.slice().order(ByteOrder.LITTLE_ENDIAN));
        }

        private ByteBuffer bytes(String name) {
            JsonNode at = header.path(name).path("data_offsets");
            int from = at.path(0).asInt();
            return data.slice(from, at.path(1).asInt() - from).order(ByteOrder.LITTLE_ENDIAN);
        }

        float[] floats(String name) {
            float[] out = new float[bytes(name).remaining() / Float.BYTES];
            bytes(name).asFloatBuffer().get(out);
            return out;
        }

        int[] longs(String name) {
            int[] out = new int[bytes(name).remaining() / Long.BYTES];
            for (int i = 0; i < out.length; i++) {
                out[i] = Math.toIntExact(bytes(name).getLong(i * Long.BYTES));
            }
            return out;
        }
    }

    private static int[] ids(JsonNode array) {
        int[] out = new int[array.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = array.get(i).asInt();
        }
        return out;
    }

    private static List<EncodedPair> pairs() throws IOException {
        Tensors prompts = Tensors.read(SHARED.resolve("forward.safetensors"));
        Tensors pictures = Tensors.read(SHARED.resolve("preprocessing.safetensors"));
        JsonNode dpo = new ObjectMapper().readTree(SHARED.resolve("dpo.json").toFile());
        List<EncodedPair> out = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            JsonNode pair = dpo.path("pairs").get(i);
            out.add(new EncodedPair(
                    "pair" + i,
                    pictures.floats(pair.path("pixel_values").asText()),
                    prompts.longs(pair.path("prompt").asText() + ".input_ids"),
                    ids(pair.path("chosen_ids")),
                    ids(pair.path("rejected_ids")),
                    dpo.path("reference.chosen").get(i).asDouble(),
                    dpo.path("reference.rejected").get(i).asDouble()));
        }
        return out;
    }

    private interface Replica {
        InnerStep<EncodedPair> of(DpoObjective objective, OptimizerSettings optimizer);
    }

    @Test
    void dl4jFollowsTorch() throws IOException {
        assertFollows(Dl4jInnerStep::new);
    }

    @Test
    void theDeviceFollowsTorch() throws IOException {
        assertFollows(DeviceInnerStep::new);
    }

    private static void assertFollows(Replica replica) throws IOException {
        Tensors golden = Tensors.read(OWN.resolve("adamw.safetensors"));
        JsonNode losses =
                new ObjectMapper().readTree(OWN.resolve("adamw.json").toFile()).path("losses_before_each_step");
        LlavaModel model = LlavaModel.open(SHARED.resolve("model"));
        LoraAdapter adapter = LoraAdapter.read(SHARED.resolve("adapter"), model.config());
        OptimizerSettings optimizer = OptimizerSettings.adamW(LearningRate.of(Schedule.CONSTANT, 1e-3, 0, 1), 0.01, 0);
        ParameterLayout layout = adapter.layout();
        float[] start = adapter.theta();
        try (DpoObjective objective = new DpoObjective(model, adapter, 0.1, 0);
                InnerStep<EncodedPair> step = replica.of(objective, optimizer)) {
            step.load(start, new float[0], 0);
            for (int s = 1; s <= 5; s++) {
                assertThat(step.step(pairs()).loss())
                        .isCloseTo(losses.get(s - 1).asDouble(), within(1e-4));
                float[] theta = step.theta();
                for (NamedShape tensor : layout.tensors()) {
                    float[] expected = golden.floats("step" + s + "." + tensor.name());
                    assertThat((long) expected.length).isEqualTo(tensor.elements());
                    double error = 0;
                    double size = 0;
                    double update = 0;
                    int at = Math.toIntExact(layout.offset(tensor.name()));
                    for (int i = 0; i < expected.length; i++) {
                        error += Math.pow(theta[at + i] - expected[i], 2);
                        size += Math.pow(expected[i], 2);
                        update += Math.pow(expected[i] - start[at + i], 2);
                    }
                    assertThat(Math.sqrt(error / size)).as(tensor.name()).isLessThan(1e-3);
                    assertThat(Math.sqrt(error / update)).as(tensor.name()).isLessThan(1e-2);
                }
            }
        }
    }
}
