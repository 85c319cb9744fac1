package org.ballast.core.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.Test;

class DiffusionNoiseTest {

    @Test
    void scheduleAndNoisedValuesEqualTheGoldens() {
        JsonNode golden = PixelGoldens.json("math/diffusion.json");
        var noise = new DiffusionNoise(
                golden.get("steps").asInt(),
                golden.get("beta_min").asDouble(),
                golden.get("beta_max").asDouble(),
                golden.get("sigmoid_range").get(0).asDouble(),
                golden.get("sigmoid_range").get(1).asDouble());
        for (int t = 0; t < noise.steps(); t++) {
            double abar = golden.get("abar").get(t).asDouble();
            assertThat(noise.abar(t)).isCloseTo(abar, within(1e-10 + 1e-9 * abar));
            assertThat(DiffusionNoise.bpo().abar(t)).isEqualTo(noise.abar(t));
        }
        PixelGoldens tensors = PixelGoldens.open("math/diffusion.safetensors");
        float[] x0 = floats(tensors.doubles("x0"));
        float[] eps = floats(tensors.doubles("eps"));
        for (JsonNode t : golden.get("t")) {
            assertThat(noise.noised(x0, t.asInt(), eps))
                    .containsExactly(floats(tensors.doubles("x_t/" + t.asInt())), within(1e-5f));
        }
    }

    @Test
    void noisedPixelsEqualTheGoldensOfTheModel() {
        PixelGoldens pixels = PixelGoldens.open("mllm-a/preprocessing.safetensors");
        PixelGoldens tensors = PixelGoldens.open("mllm-a/contrastive.safetensors");
        double[] abar = tensors.doubles("abar");
        var noise = DiffusionNoise.bpo();
        for (int t = 0; t < 1000; t++) {
            assertThat(noise.abar(t)).isCloseTo(abar[t], within(1e-10));
        }
        for (JsonNode run : PixelGoldens.json("mllm-a/contrastive.json").get("runs")) {
            String prompt = run.get("prompt").asText();
            float[] x0 = pixels.floats(run.get("pixel_values").asText());
            int t = run.get("t").asInt();
            assertThat(noise.noised(x0, t, tensors.floats(prompt + ".eps")))
                    .containsExactly(tensors.floats(prompt + ".x" + t), within(1e-6f));
        }
    }

    @Test
    void oneStepByHand() {
        // two steps over sigmoid(-inf) = 0 and sigmoid(+inf) = 1: beta = 0.1, 0.5, so abar_1 = 0.9 * 0.5
        var noise = new DiffusionNoise(2, 0.1, 0.5, -1000, 1000);
        assertThat(noise.abar(0)).isCloseTo(0.9, within(1e-15));
        assertThat(noise.abar(1)).isCloseTo(0.45, within(1e-15));
        assertThat(noise.noised(new float[] {2}, 1, new float[] {-1})[0])
                .isCloseTo((float) (2 * Math.sqrt(0.45) - Math.sqrt(0.55)), within(1e-7f));
    }

    @Test
    void noiseBelongsToTheItemAndIsStandardNormal() {
        float[] one = DiffusionNoise.noise(20_000, 5, "image-1", 0);
        assertThat(DiffusionNoise.noise(20_000, 5, "image-1", 0)).isEqualTo(one);
        assertThat(DiffusionNoise.noise(20_000, 5, "image-2", 0)).isNotEqualTo(one);
        assertThat(DiffusionNoise.noise(20_000, 5, "image-1", 1)).isNotEqualTo(one);
        assertThat(DiffusionNoise.noise(20_000, 6, "image-1", 0)).isNotEqualTo(one);
        double sum = 0;
        double squares = 0;
        for (float value : one) {
            sum += value;
            squares += (double) value * value;
        }
        assertThat(sum / one.length).isCloseTo(0, within(0.03)); // 4 standard errors
        assertThat(squares / one.length).isCloseTo(1, within(0.04));
        var noise = DiffusionNoise.bpo();
        assertThat(noise.noised(new float[20_000], 700, 5, "image-1", 0))
                .isEqualTo(noise.noised(new float[20_000], 700, one));
    }

    @Test
    void refusesStepsAndSchedulesThatDoNotExist() {
        var noise = DiffusionNoise.bpo();
        assertThatThrownBy(() -> noise.abar(1000)).hasMessageContaining("1000");
        assertThatThrownBy(() -> noise.abar(-1)).hasMessageContaining("-1");
        assertThatThrownBy(() -> noise.noised(new float[3], 1, new float[2])).hasMessageContaining("2 values for 3");
        assertThatThrownBy(() -> new DiffusionNoise(1, 1e-5, 5e-3, -6, 6)).hasMessageContaining("1 steps");
        assertThatThrownBy(() -> new DiffusionNoise(10, 0.5, 0.1, -6, 6)).hasMessageContaining("0.5 to 0.1");
    }

    private static float[] floats(double[] values) {
        float[] out = new float[values.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) values[i];
        }
        return out;
    }
}
