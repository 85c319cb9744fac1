package org.ballast.jobs.train;

import java.util.List;
import java.util.Optional;
import org.ballast.core.config.Settings;
import org.ballast.core.mllm.MemorySettings;
import org.ballast.jobs.ModelSettings;
import org.ballast.jobs.PairSettings;
import org.ballast.jobs.StageContext;
import org.ballast.spark.examples.PairSelection;

/**
 * Settings of {@code train}; the keys are explained in {@code reference.conf}.
 *
 * @param architecture of a fresh model; empty where a checkpoint is given
 * @param lora empty: all parameters are trained
 * @param opened how the model is opened; in float32 where all parameters are trained
 */
record TrainConfig(
        Objective objective,
        String split,
        List<String> validationSplits,
        int validationRows,
        int validationEvery,
        List<String> kinds,
        Optional<ArchitectureConfig> architecture,
        String templateText,
        String responsePrefix,
        int maxLength,
        Optional<Lora> lora,
        Dpo dpo,
        Optimizer optimizer,
        Averaging averaging,
        ModelSettings opened,
        MemorySettings memory,
        int augmentShift,
        boolean shufflePairs,
        int broadcastRows) {

    /** Largest number of rows, steps and the like that a setting may name. */
    private static final int MANY = 1_000_000_000;

    enum Objective {
        SFT,
        DPO
    }

    enum Schedule {
        CONSTANT,
        LINEAR,
        COSINE
    }

    enum Outer {
        AVERAGE,
        NESTEROV
    }

    record Lora(int rank, double alpha, double dropout, String targets, boolean projector) {}

    record Dpo(double beta, double nllWeight, PairSelection pairs) {}

    record Optimizer(
            double learningRate,
            double beta1,
            double beta2,
            double epsilon,
            double weightDecay,
            double clipNorm,
            Schedule schedule,
            double warmupRatio) {}

    record Averaging(
            int workers,
            int batchSize,
            int steps,
            int every,
            int earlySteps,
            int earlyEvery,
            Outer outer,
            double outerLearningRate,
            double outerMomentum) {}

    static TrainConfig read(Settings settings, long seed) {
        Settings inputs = settings.section("inputs");
        Settings lora = settings.section("lora");
        Objective objective = settings.choice("objective", Objective.class);
        Optional<Lora> adapter = lora.flag("enabled")
                ? Optional.of(new Lora(
                        lora.integer("rank", 1, 1024),
                        lora.number("alpha", 1e-6, 1e6),
                        lora.number("dropout", 0, 0.99),
                        lora.string("targets"),
                        lora.flag("projector")))
                : Optional.empty();
        inputs.stages("data");
        boolean fresh = inputs.isNull("model");
        if (!fresh) {
            inputs.stage("model");
        }
        if (fresh && (objective == Objective.DPO || adapter.isPresent())) {
            inputs.fault("model", "is missing: dpo and lora start from a trained model");
        }
        if (objective == Objective.DPO && adapter.isEmpty()) {
            lora.fault("enabled", "is false: dpo trains an adapter, for its reference is the model without it");
        }
        if (objective == Objective.DPO && inputs.isNull("reference")) {
            inputs.fault("reference", "is missing: dpo reads reference log-probs from a stage of the job reference");
        } else if (objective == Objective.DPO) {
            inputs.stage("reference");
        }
        visionFeatures(settings, inputs, adapter.isPresent());
        return new TrainConfig(
                objective,
                settings.string("split"),
                settings.strings("validation-splits"),
                settings.integer("validation-rows", 1, MANY),
                settings.integer("validation-every", 1, MANY),
                settings.strings("kinds"),
                fresh ? Optional.of(ArchitectureConfig.read(settings.section("architecture"))) : Optional.empty(),
                settings.section("template").string("text"),
                settings.section("template").string("response-prefix"),
                settings.integer("max-length", 8, MANY),
                adapter,
                dpo(settings.section("dpo"), seed),
                optimizer(settings.section("optimizer")),
                averaging(settings.section("averaging")),
                opened(settings, adapter.isPresent()),
                memory(settings.section("memory")),
                settings.integer("augment-shift", 0, 10_000),
                settings.flag("shuffle-pairs"),
                settings.section("execution").integer("broadcast-rows", 0, MANY));
    }

    /** Weights that are trained stay float32: an update of theirs is below what bf16 can hold. */
    private static ModelSettings opened(Settings settings, boolean frozen) {
        ModelSettings opened = ModelSettings.read(settings);
        if (!frozen && !opened.precision().equals("float32")) {
            settings.fault(
                    "precision",
                    "is '" + opened.precision() + "': all parameters are trained in float32 (or set lora.enabled)");
        }
        return opened;
    }

    private static void visionFeatures(Settings settings, Settings inputs, boolean adapter) {
        if (inputs.isNull(StageContext.VISION_FEATURES)) {
            return;
        }
        inputs.stage(StageContext.VISION_FEATURES);
        if (!adapter) {
            inputs.fault(
                    StageContext.VISION_FEATURES,
                    "is given, but without lora.enabled the vision tower is trained: it must see the pictures");
        }
        if (settings.integer("augment-shift", 0, 10_000) > 0) {
            settings.fault("augment-shift", "is above 0, but vision features have no pixels to shift");
        }
    }

    private static Dpo dpo(Settings settings, long seed) {
        return new Dpo(
                settings.number("beta", 1e-6, 1e3),
                settings.number("nll-weight", 0, 1e3),
                new PairSelection(
                        PairSettings.read(settings, seed),
                        settings.number("max-overlap", 0, 1),
                        PairSettings.sampling(settings, seed)));
    }

    private static MemorySettings memory(Settings settings) {
        return new MemorySettings(
                settings.integer("batch-tokens", 1, MANY),
                settings.flag("layer-checkpoints"),
                settings.integer("logit-bytes", 1, MANY));
    }

    private static Optimizer optimizer(Settings settings) {
        return new Optimizer(
                settings.number("learning-rate", 0, 10),
                settings.number("beta1", 0, 0.999999),
                settings.number("beta2", 0, 0.9999999),
                settings.number("epsilon", 1e-16, 1),
                settings.number("weight-decay", 0, 10),
                settings.number("clip-norm", 0, 1e9),
                settings.choice("schedule", Schedule.class),
                settings.number("warmup-ratio", 0, 1));
    }

    private static Averaging averaging(Settings settings) {
        return new Averaging(
                settings.integer("workers", 1, 10_000),
                settings.integer("batch-size", 1, 100_000),
                settings.integer("steps", 1, MANY),
                settings.integer("every", 1, MANY),
                settings.integer("early-steps", 0, MANY),
                settings.integer("early-every", 1, MANY),
                settings.choice("outer", Outer.class),
                settings.number("outer-learning-rate", 0, 10),
                settings.number("outer-momentum", 0, 0.9999));
    }
}
