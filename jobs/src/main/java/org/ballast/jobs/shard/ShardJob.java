package org.ballast.jobs.shard;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.PatternSyntaxException;
import org.ballast.core.config.RunConfig;
import org.ballast.core.config.Settings;
import org.ballast.core.config.StageConfig;
import org.ballast.core.data.Domain;
import org.ballast.core.data.split.GroupBy;
import org.ballast.core.image.ImageInspector;
import org.ballast.core.image.ImageLimits;
import org.ballast.jobs.Job;
import org.ballast.jobs.ShapeSettings;
import org.ballast.jobs.Task;
import org.ballast.spark.duplicate.PerceptualDuplicates;
import org.ballast.spark.shape.ShapeOptions;
import org.ballast.spark.shard.AnnotationLayout;
import org.ballast.spark.shard.PictureStorage;
import org.ballast.spark.shard.ShardInput;
import org.ballast.spark.shard.ShardOptions;

/** Annotations and pictures into tables. */
public final class ShardJob implements Job {
    @Override
    public String name() {
        return "shard";
    }

    @Override
    public String summary() {
        return "Reads annotations and pictures into Parquet tables, with every bad row accounted for.";
    }

    @Override
    public Task configure(StageConfig stage, RunConfig run) {
        ShardOptions options =
                Settings.read(stage.config(), "stages." + stage.name(), settings -> read(settings, stage.name()));
        return new ShardTask(stage, options);
    }

    private static ShardOptions read(Settings settings, String stage) {
        AnnotationLayout format = settings.choice("format", AnnotationLayout.class);
        List<ShardInput> inputs = new ArrayList<>();
        List<Settings> sources = settings.sections("sources");
        if (sources.isEmpty()) {
            settings.fault("sources", "names no annotation file");
        }
        for (Settings source : sources) {
            input(format, settings, source, stage).ifPresent(inputs::add);
        }
        int nearDuplicates = settings.integer("near-duplicates", -1, PerceptualDuplicates.MOST_DISTANCE);
        return new ShardOptions(
                inputs,
                settings.optionalString("classes").orElse(null),
                settings.choice("pictures", PictureStorage.class),
                inspector(settings, nearDuplicates),
                nearDuplicates,
                shape(settings, nearDuplicates),
                settings.integer("wave-rows", 1, 100_000_000),
                settings.integer("wave-pictures", 1, 100_000_000),
                settings.number("max-failure-rate", 0, 1),
                settings.wholeNumber("target-file-bytes", 1, Long.MAX_VALUE),
                settings.section("execution").integer("partitions", 0, 1_000_000));
    }

    private static ImageInspector inspector(Settings settings, int nearDuplicates) {
        ImageLimits limits = new ImageLimits(
                settings.integer("max-image-bytes", 1, Integer.MAX_VALUE),
                settings.wholeNumber("max-image-pixels", 1, Long.MAX_VALUE),
                settings.integer("max-image-side", 1, Integer.MAX_VALUE),
                settings.number("max-image-aspect", 1, 1_000_000));
        ImageInspector.Check check = settings.choice("check", ImageInspector.Check.class);
        int edge = settings.integer("resize-longest-edge", 0, 65_535);
        boolean hashed = nearDuplicates >= 0;
        if (check == ImageInspector.Check.NONE && (edge > 0 || hashed)) {
            settings.fault("check", "is none, but resize-longest-edge and near-duplicates need header or full");
            check = ImageInspector.Check.HEADER;
        }
        return new ImageInspector(limits, check, edge, hashed);
    }

    private static ShapeOptions shape(Settings settings, int nearDuplicates) {
        ShapeOptions shape = ShapeSettings.read(settings);
        if (nearDuplicates < 0 && shape.splits().groupBy().contains(GroupBy.NEAR_DUPLICATE)) {
            settings.fault("near-duplicates", "is -1, but splits.group-by keeps pictures together that look alike");
            return ShapeOptions.none();
        }
        return shape;
    }

    private static Optional<ShardInput> input(
            AnnotationLayout format, Settings settings, Settings source, String stage) {
        source.onlyKeys("split", "annotations", "domain", "kind", "format", "images", "id-prefix", "table");
        String domain = source.isNull("domain") ? Domain.IN_DISTRIBUTION.stored() : source.string("domain");
        try {
            ShardInput input = new ShardInput(
                    source.isNull("format") ? format : source.choice("format", AnnotationLayout.class),
                    source.string("annotations"),
                    (source.keys().contains("images") ? source : settings)
                            .optionalString("images")
                            .orElse(null),
                    source.optionalString("split").orElse(null),
                    Domain.of(domain),
                    stage,
                    source.optionalString("id-prefix").orElse(null),
                    source.optionalString("kind").orElse(null),
                    settings.optionalString("kind-pattern").orElse(null),
                    settings.optionalString("window").orElse(null),
                    source.isNull("table") ? null : source.choice("table", AnnotationLayout.Gives.class),
                    settings.string("question"),
                    settings.choice("caption-lines", CaptionLines.class) == CaptionLines.FIRST);
            return Optional.of(input);
        } catch (PatternSyntaxException e) {
            settings.fault("kind-pattern", "is no regular expression: " + e.getDescription());
        } catch (IllegalArgumentException e) {
            source.fault("annotations", "cannot be read so: " + e.getMessage());
        }
        return Optional.empty();
    }

    /** How much of a caption file is the caption. */
    private enum CaptionLines {
        ALL,
        FIRST
    }
}
