package org.ballast.jobs;

import java.io.IOException;
import java.util.Map;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.config.Settings;
import org.ballast.core.image.AlphaMode;
import org.ballast.core.image.RgbConversion;
import org.ballast.core.mllm.Precision;
import org.ballast.spark.device.Devices;
import org.ballast.spark.model.ModelSpec;
import org.bytedeco.pytorch.Device;

/**
 * The keys that say how a model is opened; the same in all jobs.
 *
 * @param precision {@code auto}, {@code float32} or {@code bf16}
 */
public record ModelSettings(String precision, RgbConversion pictures) {

    /** {@code precision}, and {@code image.alpha} and {@code image.orientation}. */
    public static ModelSettings read(Settings settings) {
        String precision = settings.string("precision");
        if (!precision.equals("auto")) {
            try (Device cpu = new Device("cpu")) {
                Precision.resolve(precision, cpu);
            } catch (IllegalArgumentException e) {
                settings.fault("precision", "is '" + precision + "', not one of auto, float32, bf16");
            }
        }
        Settings image = settings.section("image");
        return new ModelSettings(
                precision,
                new RgbConversion(
                        image.choice("alpha", AlphaMode.class),
                        image.choice("orientation", RgbConversion.Orientation.class)));
    }

    /** What {@code auto} means for the tasks of this session: one answer for all of them, whatever machine they run on. */
    public Precision resolved(SparkSession spark) {
        try (Device device = new Device(Devices.planned(spark))) {
            return Precision.resolve(precision, device);
        }
    }

    /** What is decided when the plan is made, see {@link Task#decided}. */
    public Map<String, String> decided(SparkSession spark) {
        return Map.of("precision", resolved(spark).name());
    }

    /** The checkpoint of the stage under an input, opened so. */
    public ModelSpec checkpoint(StageContext context, String input) throws IOException {
        return ModelSpec.checkpoint(
                        context.input(input), context.spark().sparkContext().hadoopConfiguration())
                .with(resolved(context.spark()), pictures);
    }

    /** A task whose digest holds what is decided here. */
    public Task task(Task work) {
        return new Task() {
            @Override
            public Map<String, String> decided(SparkSession spark) {
                return ModelSettings.this.decided(spark);
            }

            @Override
            public StageOutcome run(StageContext context) throws Exception {
                return work.run(context);
            }
        };
    }
}
