package org.ballast.jobs.adapter;

import java.util.ArrayList;
import java.util.List;
import org.ballast.core.config.RunConfig;
import org.ballast.core.config.Settings;
import org.ballast.core.config.StageConfig;
import org.ballast.core.drift.FeatureScaling;
import org.ballast.core.drift.HeadSettings;
import org.ballast.core.preference.LearningRate;
import org.ballast.jobs.Job;
import org.ballast.jobs.Task;
import org.ballast.spark.adapter.AdapterSettings;

/** Trains the tSP head beside its baselines on the same features, splits, epochs and seeds. */
public final class TrainAdapterJob implements Job {
    @Override
    public String name() {
        return "train-adapter";
    }

    @Override
    public String summary() {
        return "Trains the tSP head beside cosine and linear heads on pooled features, and scores the open set.";
    }

    @Override
    public Task configure(StageConfig stage, RunConfig run) {
        AdapterTraining.Options options =
                Settings.read(stage.config(), "stages." + stage.name(), TrainAdapterJob::read);
        return context -> new AdapterTraining(options, context).run();
    }

    private static AdapterTraining.Options read(Settings settings) {
        Settings inputs = settings.section("inputs");
        inputs.stages("data");
        inputs.stages("features");
        List<HeadSettings> heads = new ArrayList<>();
        for (String name : settings.strings("heads")) {
            head(settings, name, heads);
        }
        List<Long> seeds =
                settings.integers("seeds").stream().map(Integer::longValue).toList();
        if (heads.isEmpty() || seeds.isEmpty()) {
            settings.fault("heads", "and seeds must not be empty");
        }
        AdapterSettings training = new AdapterSettings(
                settings.integer("workers", 1, 10_000),
                settings.integer("epochs", 1, 1_000_000),
                settings.integer("averaging-epochs", 1, 1_000_000),
                settings.integer("batch-size", 1, 1_000_000),
                settings.number("learning-rate", 1e-12, 10),
                LearningRate.Schedule.COSINE,
                settings.number("warmup-ratio", 0, 1),
                settings.number("weight-decay", 0, 10),
                settings.choice("normalise", FeatureScaling.Mode.class));
        return new AdapterTraining.Options(
                settings.string("train-split"),
                settings.strings("test-splits"),
                heads,
                seeds,
                training,
                settings.section("execution").integer("concurrent", 1, 1000));
    }

    private static void head(Settings settings, String name, List<HeadSettings> heads) {
        double kappa = settings.number("kappa", 1e-6, 1e6);
        switch (name) {
            case "tsp" -> heads.add(new HeadSettings(name, HeadSettings.Kind.TSP, kappa, 0, 1, 1, 0));
            case "tsp-scaled" -> heads.add(new HeadSettings(
                    name, HeadSettings.Kind.TSP, kappa, 0, 1, settings.number("tsp-scale", 1e-6, 1e6), 0));
            case "cosine" -> heads.add(new HeadSettings(
                    name, HeadSettings.Kind.COSINE, kappa, settings.number("cosine-scale", 1e-6, 1e6), 0, 1, 0));
            case "linear" -> heads.add(new HeadSettings(name, HeadSettings.Kind.LINEAR, kappa, 1, 1, 1, 0));
            default -> settings.fault("heads", "holds '" + name + "', not one of tsp, tsp-scaled, cosine, linear");
        }
    }
}
