package org.ballast.spark.train;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.ballast.core.mllm.Objective;

/**
 * A training run: replicas on the workers make the steps of a {@link RoundPlan}, and are averaged after each round. The
 * result is a function of the settings and the examples, whatever the number of executors, and survives a kill: with
 * a state directory, a run of the same settings goes on after the last round written.
 *
 * <pre>{@code
 * TrainingResult result = new AveragedTraining<>(objective, optimizer, plan, EncodedExample::id)
 *         .transform(new PixelShift(4, 64, 64))
 *         .stateDirectory(path, 1)
 *         .listener(progress)
 *         .run(spark, examples);
 * }</pre>
 */
public final class AveragedTraining<E> {
    private final ObjectiveFactory<E> objective;
    private final OptimizerSettings optimizer;
    private final RoundPlan plan;
    private final ExampleId<E> ids;
    private OuterStep outer = new OuterStep.PlainAverage();
    private BatchTransform<E> transform = new BatchTransform.None<>();
    private RoundListener listener = (point, ofPlan, rounds) -> {};
    private Evaluator evaluator;
    private int evaluateEvery;
    private Path stateDirectory;
    private int writeEvery;
    private String settingsKey = "";
    private float[] initialTheta;

    public AveragedTraining(
            ObjectiveFactory<E> objective, OptimizerSettings optimizer, RoundPlan plan, ExampleId<E> ids) {
        this.objective = objective;
        this.optimizer = optimizer;
        this.plan = plan;
        this.ids = ids;
    }

    /** What becomes of an average; the average itself by default. */
    public AveragedTraining<E> outerStep(OuterStep step) {
        outer = step;
        return this;
    }

    /** Augmentation in the workers; none by default. */
    public AveragedTraining<E> transform(BatchTransform<E> with) {
        transform = with;
        return this;
    }

    public AveragedTraining<E> listener(RoundListener told) {
        listener = told;
        return this;
    }

    /** Measures after every so many rounds and after the last one. */
    public AveragedTraining<E> evaluator(Evaluator measure, int everyRounds) {
        if (everyRounds < 1) {
            throw new IllegalArgumentException("evaluate every 1 or more rounds, not " + everyRounds);
        }
        evaluator = measure;
        evaluateEvery = everyRounds;
        return this;
    }

    /** Where states go after every so many rounds and the last one; without it a killed run starts over. */
    public AveragedTraining<E> stateDirectory(Path directory, int everyRounds) {
        if (everyRounds < 1) {
            throw new IllegalArgumentException("write a state every 1 or more rounds, not " + everyRounds);
        }
        stateDirectory = directory;
        writeEvery = everyRounds;
        return this;
    }

    /**
     * What else decides the course of the run (digest of the examples, say): together with objective, optimizer,
     * plan, transform and outer step it tells whether a state found is this run's.
     */
    public AveragedTraining<E> settingsKey(String key) {
        settingsKey = key;
        return this;
    }

    /** Starts from these parameters in place of the objective's own; name them in {@link #settingsKey}. */
    public AveragedTraining<E> initialTheta(float[] theta) {
        initialTheta = theta.clone();
        return this;
    }

    /**
     * Runs, or goes on, to the end of the plan.
     *
     * @throws IllegalArgumentException if the plan is for another number of examples
     * @throws org.apache.spark.SparkException (undeclared) if a worker failed, with the worker's message
     */
    public TrainingResult run(JavaSparkContext spark, Examples<E> examples) throws IOException {
        if (examples.count() != plan.examples()) {
            throw new IllegalArgumentException(
                    "the plan is for " + plan.examples() + " examples, there are " + examples.count());
        }
        RoundStore store = stateDirectory == null ? null : new RoundStore(stateDirectory, spark.hadoopConfiguration());
        String runKey = runKey();
        RoundState found = store == null ? null : store.newest(runKey).orElse(null);
        RoundState state = found == null ? RoundState.start(runKey, start(), outer.momentumSlots()) : found;
        int resumed = state.rounds();
        var work = new ShardWork<>(objective, optimizer, ids, transform, plan.seed());
        int rounds = plan.rounds().size();
        for (Round round : plan.rounds().subList(resumed, rounds)) {
            state = next(spark, examples, state, round, work);
            boolean last = state.rounds() == rounds;
            if (evaluator != null && (last || state.rounds() % evaluateEvery == 0)) {
                var evaluation = new LossCurve.Evaluation(state.iteration(), evaluator.evaluate(state.theta()));
                state = state.withCurve(state.curve().plus(evaluation));
            }
            if (store != null && (last || state.rounds() % writeEvery == 0)) {
                store.write(state);
            }
            listener.onRound(state.curve().points().get(round.index()), plan, rounds);
        }
        double seconds = state.curve().points().stream()
                .mapToDouble(LossCurve.Point::seconds)
                .sum();
        return new TrainingResult(
                state.theta(), state.curve(), state.iteration(), state.examples(), rounds, resumed, seconds);
    }

    private RoundState next(
            JavaSparkContext spark, Examples<E> examples, RoundState state, Round round, ShardWork<E> work) {
        long begun = System.nanoTime();
        JavaRDD<Shard<E>> shards = examples.deliver(spark, plan.assign(round));
        AveragingTrainingMaster.Averaged averaged = AveragingTrainingMaster.round(spark, shards, state.replica(), work);
        float[] momentum = state.momentum().clone();
        float[] theta = outer.next(state.theta(), averaged.state().theta(), momentum);
        long iteration = averaged.state().iteration();
        var measured = averaged.measured();
        var point = new LossCurve.Point(
                round.index(),
                iteration,
                optimizer.rate().at(iteration - 1),
                measured.loss(),
                measured.metrics(),
                measured.examples(),
                (System.nanoTime() - begun) / 1e9);
        return new RoundState(
                state.runKey(),
                state.rounds() + 1,
                iteration,
                state.examples() + measured.examples(),
                theta,
                averaged.state().updaterState(),
                momentum,
                state.curve().plus(point));
    }

    private float[] start() {
        if (initialTheta != null) {
            return initialTheta.clone();
        }
        try (var lease = Replicas.CACHE.lease(
                Replicas.key(objective, optimizer), () -> new Replicas<>(objective.open(), optimizer))) {
            Objective<?> opened = lease.value().objective();
            float[] theta = new float[Math.toIntExact(opened.parameterCount())];
            opened.initialTheta(theta);
            return theta;
        }
    }

    private String runKey() {
        String settings = String.join(
                "\n",
                Replicas.key(objective, optimizer),
                plan.toString(),
                outer.toString(),
                transform instanceof Record
                        ? transform.toString()
                        : transform.getClass().getName(),
                settingsKey);
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(settings.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
