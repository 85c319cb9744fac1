package org.ballast.jobs.respond;

import java.util.List;
import java.util.Optional;
import org.ballast.core.config.RunConfig;
import org.ballast.core.config.Settings;
import org.ballast.core.config.StageConfig;
import org.ballast.core.image.ImageLimits;
import org.ballast.core.mllm.MemorySettings;
import org.ballast.core.mllm.generate.GenerationOptions;
import org.ballast.core.text.PromptTemplate;
import org.ballast.jobs.GenerationSettings;
import org.ballast.jobs.Job;
import org.ballast.jobs.ModelSettings;
import org.ballast.jobs.Task;
import org.ballast.jobs.UnitSettings;
import org.ballast.spark.respond.RespondOptions;
import org.ballast.spark.units.UnitOptions;

/** Answers the rows of a file with any checkpoint, or scores the responses that they bring along. */
public final class RespondJob implements Job {
    private static final String AUTO = "auto";
    private static final String LLAVA = "llava-1.5";
    private static final String NONE = "none";

    @Override
    public String name() {
        return "respond";
    }

    @Override
    public String summary() {
        return "Answers prompts with any checkpoint, or scores given responses; tokens and log-probs as Parquet.";
    }

    @Override
    public Task configure(StageConfig stage, RunConfig run) {
        return Settings.read(stage.config(), "stages." + stage.name(), settings -> {
            Optional<String> model = source(stage, settings, "model");
            if (model.isEmpty() && stage.inputs("model").isEmpty()) {
                settings.fault("model", "is missing: the folder of a Hugging Face checkpoint is needed");
            }
            return new RespondTask(
                    model.orElse(null),
                    source(stage, settings, "adapter").orElse(null),
                    settings.optionalString("output").orElse(null),
                    ModelSettings.read(settings),
                    template(settings).orElse(null),
                    options(settings, run.seed()));
        });
    }

    /** A folder, or a stage under {@code inputs}; not both. */
    private static Optional<String> source(StageConfig stage, Settings settings, String key) {
        Optional<String> folder = settings.optionalString(key);
        if (folder.isPresent() && !stage.inputs(key).isEmpty()) {
            settings.fault(key, "names a folder, and inputs." + key + " a stage: one of them is meant");
        }
        if (!stage.inputs(key).isEmpty()) {
            settings.section("inputs").stage(key);
        }
        return folder;
    }

    private static Optional<PromptTemplate> template(Settings settings) {
        String template = settings.string("template");
        switch (template) {
            case LLAVA:
                return Optional.of(PromptTemplate.llava15());
            case NONE:
                return Optional.of(PromptTemplate.none());
            case AUTO:
                return Optional.empty();
            default:
                settings.fault("template", "is '" + template + "', not one of " + AUTO + ", " + LLAVA + ", " + NONE);
                return Optional.empty();
        }
    }

    private static RespondOptions options(Settings settings, long runSeed) {
        long seed = settings.isNull("seed") ? runSeed : settings.wholeNumber("seed", Long.MIN_VALUE, Long.MAX_VALUE);
        GenerationOptions generation = GenerationSettings.sampling(settings, seed)
                .withRepetitionPenalty(settings.number("repetition-penalty", 1e-3, 1000))
                .withStopStrings(settings.strings("stop"))
                .withLogProbs();
        Settings contrast = settings.section("contrast");
        if (contrast.flag("enabled")) {
            generation = generation.withContrast(GenerationSettings.contrast(contrast));
        }
        UnitOptions units = UnitSettings.read(settings);
        return new RespondOptions(
                input(settings),
                settings.optionalString("image-root").orElse(null),
                new ImageLimits(
                        settings.wholeNumber("max-image-bytes", 1, Integer.MAX_VALUE),
                        settings.wholeNumber("max-image-pixels", 1, Long.MAX_VALUE),
                        Integer.MAX_VALUE),
                generation,
                GenerationSettings.noiseStep(contrast),
                settings.integer("max-length", 0, 10_000_000),
                UnitSettings.batchSize(settings),
                MemorySettings.DEFAULT.withBatchTokens(settings.integer("batch-tokens", 1, 10_000_000)),
                // one task a unit, unless told otherwise: executors that are done early take the next
                units.partitions() > 0 ? units : units.withPartitions(units.waveUnits()));
    }

    private static List<String> input(Settings settings) {
        if (settings.isNull("input")) {
            settings.fault("input", "is missing: JSON lines or Parquet with the rows is needed");
            return List.of("");
        }
        return settings.stringOrStrings("input");
    }
}
