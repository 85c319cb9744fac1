package org.ballast.jobs;

import com.typesafe.config.Config;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.config.RunConfig;
import org.ballast.core.config.Settings;
import org.ballast.core.config.StageConfig;
import org.ballast.core.data.Sha256;
import org.ballast.spark.io.Manifest;
import org.ballast.spark.io.RunHeader;
import org.ballast.spark.io.StageConflictException;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.StageInputException;
import org.ballast.spark.io.StageLease;
import org.ballast.spark.model.UnusableModelException;
import org.ballast.spark.units.TooManyFailuresException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs one stage after another: what is up to date is left alone, what is finished gets its manifest. */
final class StageRunner {
    private static final Logger LOG = LoggerFactory.getLogger(StageRunner.class);

    private final SparkSession spark;
    private final RunConfig run;
    private final boolean force;

    StageRunner(SparkSession spark, RunConfig run, boolean force) {
        this.spark = spark;
        this.run = run;
        this.force = force;
    }

    /** Runs a stage where it is not up to date; returns what the user is told of it. */
    Map<String, Object> run(StageConfig stage, Task task) throws Exception {
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        StageFolder folder = task.output(stage, run, hadoop);
        StageContext context = new StageContext(spark, run, stage, folder);
        try {
            RunHeader header = RunHeader.now(stage.name(), stage.job(), configurationDigest(stage, task), Map.of());
            // before the inputs are digested, which may take minutes
            StageLease.requireFree(folder, header.runId());
            header = header.withInputs(inputs(stage, task, hadoop));
            if (!force && folder.isUpToDate(header)) {
                LOG.info("{}: up to date", stage.name());
                return told("up-to-date", folder.manifest(), 0);
            }
            // all of Spark: a run between two jobs would begin the next
            Runnable stop = () -> spark.sparkContext().stop();
            try (StageLease lease = StageLease.acquire(folder, header.runId(), leaseLength(stage), stop)) {
                return leased(stage, task, context, header, lease);
            }
        } catch (StageConflictException | StageInputException | TooManyFailuresException e) {
            String message = e.getMessage();
            String named = "stage " + stage.name() + ": ";
            throw new StageFailure(message.startsWith(named) ? message : named + message, e);
        } catch (Exception e) {
            // an executor's fault comes wrapped by Spark
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                if (cause instanceof UnusableModelException) {
                    throw new StageFailure("stage " + stage.name() + ": " + cause.getMessage(), e);
                }
            }
            throw e;
        }
    }

    /** Runs a stage whose folder belongs to this run alone. */
    private Map<String, Object> leased(
            StageConfig stage, Task task, StageContext context, RunHeader header, StageLease lease) throws Exception {
        StageFolder folder = context.output();
        StageFolder.State state = folder.open(header, force, task.updates());
        if (state == StageFolder.State.UP_TO_DATE) {
            LOG.info("{}: up to date", stage.name());
            return told("up-to-date", folder.manifest(), 0);
        }
        LOG.info("{}: {} {}", stage.name(), verb(state), stage.job());
        long start = System.nanoTime();
        StageOutcome outcome;
        spark.sparkContext().setJobDescription(stage.name());
        try {
            outcome = task.run(context);
        } catch (Exception e) {
            // work that was stopped for want of the lease fails in many ways
            throw lease.lost()
                    .<Exception>map(reason -> new StageFailure("stage " + stage.name() + ": " + reason, e))
                    .orElse(e);
        } finally {
            spark.sparkContext().setJobDescription(null);
        }
        long millis = (System.nanoTime() - start) / 1_000_000;
        Map<String, Long> durations = new LinkedHashMap<>(outcome.durationsMillis());
        durations.put("total", millis);
        Manifest manifest = new Manifest(
                folder.header(),
                SecretKeys.redacted(stage.config()),
                CodeVersion.current(),
                outcome.models(),
                Map.of("run", run.seed()),
                outcome.rows(),
                outcome.metrics(),
                durations);
        lease.requireHeld();
        folder.commit(manifest);
        LOG.info("{}: done in {} s", stage.name(), String.format("%.1f", millis / 1000.0));
        return told("done", manifest, millis);
    }

    /**
     * How long the stage's lease is good for without a sign of life.
     *
     * @throws org.ballast.core.config.ConfigurationException when it is out of range
     */
    static Duration leaseLength(StageConfig stage) {
        return Duration.ofSeconds(
                Settings.read(stage.config(), "stages." + stage.name(), settings -> settings.section("execution")
                        .integer("lease-seconds", 5, 86_400)));
    }

    private static String verb(StageFolder.State state) {
        return switch (state) {
            case CONTINUE -> "continues";
            case UPDATE -> "updates by";
            default -> "runs";
        };
    }

    private String configurationDigest(StageConfig stage, Task task) {
        Config config = stage.config().withoutPath("execution");
        for (String path : task.outsideSettings()) {
            config = config.withoutPath(path);
        }
        String settings = new StageConfig(stage.name(), stage.job(), config, stage.line()).json();
        return Sha256.of(settings, Long.toString(run.seed()));
    }

    private Map<String, String> inputs(StageConfig stage, Task task, Configuration hadoop) throws IOException {
        Map<String, String> digests = new TreeMap<>();
        for (String input : stage.inputs()) {
            StageFolder folder = StageFolder.of(hadoop, run.root(), input);
            if (!folder.finished()) {
                throw new StageFailure(
                        "stage " + stage.name() + " reads stage " + input + ", which is not finished: run " + input
                                + " first (bin/submit.sh pipeline runs all in order)");
            }
            digests.put("stage " + input, folder.manifest().digest());
        }
        task.externalInputs(hadoop).forEach((name, digest) -> digests.put("file " + name, digest));
        task.decided(spark).forEach((name, value) -> digests.put("decided " + name, value));
        return digests;
    }

    private static Map<String, Object> told(String state, Manifest manifest, long millis) {
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("state", state);
        told.put("seconds", millis / 1000.0);
        told.put("rows", manifest.rows());
        told.put("metrics", manifest.metrics());
        return told;
    }
}
