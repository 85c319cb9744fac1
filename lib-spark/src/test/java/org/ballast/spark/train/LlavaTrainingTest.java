package org.ballast.spark.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.ballast.core.data.ItemRandom;
import org.ballast.core.mllm.EncodedExample;
import org.ballast.core.mllm.LlavaConfig;
import org.ballast.core.mllm.LlavaModel;
import org.ballast.core.mllm.Objective;
import org.ballast.core.mllm.SftObjective;
import org.ballast.core.mllm.TextConfig;
import org.ballast.core.mllm.VisionConfig;
import org.ballast.core.preference.LearningRate;
import org.ballast.core.preference.LearningRate.Schedule;
import org.ballast.spark.SparkExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The real model through the bridge: a very small LLaVA learns to name the colour of a picture. */
@ExtendWith(SparkExtension.class)
class LlavaTrainingTest {
    private static final int SIDE = 16;
    private static final int IMAGE_TOKEN = 10;
    private static final LlavaConfig CONFIG = new LlavaConfig(
            new VisionConfig(SIDE, 8, 3, 16, 32, 1, 2, 16, "quick_gelu", 1e-5),
            new TextConfig(12, 16, 32, 1, 2, 2, 8, 64, 1e-6, 10000, true, 0, 1, 1),
            -1,
            false,
            IMAGE_TOKEN,
            true);

    private record Tiny(LlavaConfig config, long seed) implements ObjectiveFactory<EncodedExample> {
        @Override
        public String key() {
            return toString();
        }

        @Override
        public Objective<EncodedExample> open() {
            return SftObjective.full(LlavaModel.initialise(config, seed));
        }
    }

    /** Pictures of one bright channel; the answer is the token 3 + channel. */
    private static List<EncodedExample> colours(int count) {
        List<EncodedExample> examples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            var random = ItemRandom.of(1, "colours", "picture-" + i, 0);
            int channel = random.nextInt(3);
            float[] pixels = new float[3 * SIDE * SIDE];
            for (int at = 0; at < pixels.length; at++) {
                pixels[at] = (float) (0.3 * random.nextGaussian() + (at / (SIDE * SIDE) == channel ? 1 : -1));
            }
            int[] prompt = {0, IMAGE_TOKEN, IMAGE_TOKEN, IMAGE_TOKEN, IMAGE_TOKEN, 2};
            examples.add(new EncodedExample("picture-" + i, pixels, prompt, new int[] {3 + channel, 1}));
        }
        return examples;
    }

    @Test
    void learnsFromPicturesOverTwoWorkers(JavaSparkContext spark) throws Exception {
        List<EncodedExample> data = colours(64);
        var plan = RoundPlan.ofSteps(2, data.size(), 2, 8, new AveragingSchedule(10, 2, 10), 80);
        var optimizer = OptimizerSettings.adamW(LearningRate.of(Schedule.COSINE, 0.01, 5, 80), 0.01, 1);
        try (var examples = new BroadcastExamples<>(spark, data)) {
            TrainingResult result = new AveragedTraining<>(new Tiny(CONFIG, 3), optimizer, plan, EncodedExample::id)
                    .transform(new PixelShift(2, SIDE, SIDE))
                    .run(spark, examples);
            List<LossCurve.Point> points = result.curve().points();
            assertThat(points.get(0).loss()).isGreaterThan(1.5);
            // half of the loss of a guess among three colours, (ln 3) / 2 = 0.55 a token
            assertThat(points.get(points.size() - 1).loss()).isLessThan(0.27);
        }
    }
}
