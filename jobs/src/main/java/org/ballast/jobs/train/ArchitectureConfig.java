package org.ballast.jobs.train;

import java.util.List;
import org.ballast.core.config.Settings;
import org.ballast.core.mllm.LlavaConfig;
import org.ballast.core.mllm.TextConfig;
import org.ballast.core.mllm.VisionConfig;

/** A LLaVA that is trained from nothing: its shape, its tokenizer, its pixels' scale. */
record ArchitectureConfig(
        VisionConfig vision,
        int visionFeatureLayer,
        int hiddenSize,
        int layers,
        int heads,
        int keyValueHeads,
        int intermediateSize,
        int maxPositions,
        boolean tiedHead,
        String tokenizer,
        String beginToken,
        String endToken,
        String padToken,
        String imageToken,
        List<Double> imageMean,
        List<Double> imageStd) {

    private static final int WIDE = 1_000_000;
    private static final int CHANNELS = 3;

    static ArchitectureConfig read(Settings settings) {
        if (settings.isNull("tokenizer")) {
            settings.fault("tokenizer", "is missing: a fresh model needs the path of a tokenizer.json");
        }
        List<Double> mean = channels(settings, "image-mean");
        List<Double> std = channels(settings, "image-std");
        return new ArchitectureConfig(
                new VisionConfig(
                        settings.integer("image-size", 1, 10_000),
                        settings.integer("patch-size", 1, 10_000),
                        CHANNELS,
                        settings.integer("vision-hidden-size", 1, WIDE),
                        settings.integer("vision-intermediate-size", 1, WIDE),
                        settings.integer("vision-layers", 1, 1000),
                        settings.integer("vision-heads", 1, 1000),
                        settings.integer("vision-hidden-size", 1, WIDE),
                        "quick_gelu",
                        1e-5),
                settings.integer("vision-feature-layer", -1000, 1000),
                settings.integer("hidden-size", 1, WIDE),
                settings.integer("layers", 1, 1000),
                settings.integer("heads", 1, 1000),
                settings.integer("key-value-heads", 1, 1000),
                settings.integer("intermediate-size", 1, WIDE),
                settings.integer("max-position-embeddings", 1, 10_000_000),
                settings.flag("tie-word-embeddings"),
                settings.optionalString("tokenizer").orElse(""),
                settings.string("begin-token"),
                settings.string("end-token"),
                settings.string("pad-token"),
                settings.string("image-token"),
                mean,
                std);
    }

    private static List<Double> channels(Settings settings, String key) {
        List<Double> values = settings.numbers(key);
        if (values.size() != CHANNELS) {
            settings.fault(key, "has " + values.size() + " numbers, not one for each of " + CHANNELS + " channels");
        }
        return values;
    }

    /** The model's shape for a tokenizer with these ids. */
    LlavaConfig llava(int vocabulary, int begin, int end, int pad, int image) {
        TextConfig text = new TextConfig(
                vocabulary,
                hiddenSize,
                intermediateSize,
                layers,
                heads,
                keyValueHeads,
                hiddenSize / heads,
                maxPositions,
                1e-5,
                10_000,
                tiedHead,
                begin,
                end,
                pad);
        return new LlavaConfig(vision, text, visionFeatureLayer, false, image, true);
    }
}
