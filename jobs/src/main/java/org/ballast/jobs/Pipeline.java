package org.ballast.jobs;

import java.io.File;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.config.ConfigurationException;
import org.ballast.core.config.Fault;
import org.ballast.core.config.RunConfig;
import org.ballast.core.config.StageConfig;
import org.ballast.jobs.adapter.FeaturesJob;
import org.ballast.jobs.adapter.TrainAdapterJob;
import org.ballast.jobs.evaluate.EvaluateJob;
import org.ballast.jobs.export.ExportJob;
import org.ballast.jobs.model.ImportModelJob;
import org.ballast.jobs.negatives.NegativesJob;
import org.ballast.jobs.reference.ReferenceJob;
import org.ballast.jobs.reshape.ReshapeJob;
import org.ballast.jobs.respond.RespondJob;
import org.ballast.jobs.shard.ShardJob;
import org.ballast.jobs.train.TrainJob;
import org.ballast.spark.session.Sessions;

/**
 * The stages that one call runs, in order: all of a configuration file for {@code pipeline}, one for a job. All of them
 * are configured before the first one runs, so that a fault in the last is known at once.
 */
final class Pipeline {
    static final String NAME = "pipeline";

    private static final List<Job> JOBS = List.of(
            new ShardJob(),
            new ReshapeJob(),
            new ImportModelJob(),
            new TrainJob(),
            new NegativesJob(),
            new ReferenceJob(),
            new FeaturesJob(),
            new TrainAdapterJob(),
            new EvaluateJob(),
            new RespondJob(),
            new ExportJob());

    private final RunConfig run;
    private final Map<StageConfig, Task> tasks;
    private final boolean force;

    private Pipeline(RunConfig run, Map<StageConfig, Task> tasks, boolean force) {
        this.run = run;
        this.tasks = tasks;
        this.force = force;
    }

    static List<Job> jobs() {
        return JOBS;
    }

    static List<String> names() {
        List<String> names = new ArrayList<>(JOBS.stream().map(Job::name).toList());
        names.add(NAME);
        return names;
    }

    /**
     * Plans a call.
     *
     * @param name a job's name, or {@value #NAME}
     * @param only name of the one stage to run, or null
     * @param overrides keys by full path
     * @param options keys of the job by path below the stage
     * @throws ConfigurationException with the faults of every stage
     */
    static Pipeline of(
            String name,
            String only,
            File file,
            Map<String, String> overrides,
            Map<String, String> options,
            boolean force) {
        Map<String, String> all = new LinkedHashMap<>(overrides);
        String stage = only;
        if (!name.equals(NAME) && stage == null) {
            stage = soleStage(name, RunConfig.load(file, overrides), all);
        }
        for (Map.Entry<String, String> option : options.entrySet()) {
            all.put("stages." + stage + "." + option.getKey(), option.getValue());
        }
        RunConfig run = RunConfig.load(file, all);
        List<StageConfig> chosen = chosen(name, stage, run);
        Map<StageConfig, Task> tasks = new LinkedHashMap<>();
        List<Fault> faults = new ArrayList<>();
        for (StageConfig config : chosen) {
            try {
                StageRunner.leaseLength(config);
                tasks.put(config, job(config.job()).configure(config, run));
            } catch (ConfigurationException e) {
                faults.addAll(e.faults());
            }
        }
        if (!faults.isEmpty()) {
            throw new ConfigurationException(faults);
        }
        return new Pipeline(run, tasks, force);
    }

    /** The stage of a job where the file has one; a stage of the job's own name where it has none. */
    private static String soleStage(String job, RunConfig run, Map<String, String> overrides) {
        List<String> stages = run.stages().stream()
                .filter(stage -> stage.job().equals(job))
                .map(StageConfig::name)
                .toList();
        if (stages.size() > 1) {
            throw new ConfigurationException(
                    "--stage", "which one? These stages run " + job + ": " + String.join(", ", stages));
        }
        if (stages.isEmpty()) {
            overrides.put("stages." + job + ".job", job);
            return job;
        }
        return stages.get(0);
    }

    private static List<StageConfig> chosen(String name, String stage, RunConfig run) {
        if (stage == null) {
            if (run.stages().isEmpty()) {
                throw new ConfigurationException("--conf", "pipeline needs a configuration file with stages");
            }
            return run.stages();
        }
        List<StageConfig> chosen = run.stages().stream()
                .filter(config -> config.name().equals(stage))
                .toList();
        if (chosen.isEmpty()) {
            throw new ConfigurationException(
                    "--stage",
                    "there is no stage " + stage + "; stages are "
                            + run.stages().stream().map(StageConfig::name).toList());
        }
        String job = chosen.get(0).job();
        if (!name.equals(NAME) && !job.equals(name)) {
            throw new ConfigurationException("--stage", "stage " + stage + " runs the job " + job + ", not " + name);
        }
        return chosen;
    }

    private static Job job(String name) {
        return JOBS.stream()
                .filter(job -> job.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(
                        "reference.conf has settings for " + name + ", but there is no such job"));
    }

    /** Runs the stages that are out of date; returns the Result of the call. */
    Map<String, Object> run() throws Exception {
        Map<String, Object> stages = new LinkedHashMap<>();
        try (SparkSession spark = Sessions.open("ballast")) {
            StageRunner runner = new StageRunner(spark, run, force);
            for (Map.Entry<StageConfig, Task> entry : tasks.entrySet()) {
                stages.put(entry.getKey().name(), runner.run(entry.getKey(), entry.getValue()));
            }
        }
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("root", run.root());
        result.put("stages", stages);
        return result;
    }
}
