package org.ballast.jobs.train;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.apache.commons.io.FileUtils;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.ballast.core.data.Quarantined;
import org.ballast.core.data.RowAccount;
import org.ballast.core.mllm.EncodedExample;
import org.ballast.core.mllm.EncodedPair;
import org.ballast.core.mllm.LlavaModel;
import org.ballast.core.mllm.LoraAdapter;
import org.ballast.core.mllm.LoraConfig;
import org.ballast.core.mllm.ModuleSelection;
import org.ballast.core.mllm.Precision;
import org.ballast.core.preference.LearningRate;
import org.ballast.jobs.StageContext;
import org.ballast.jobs.StageFailure;
import org.ballast.jobs.StageOutcome;
import org.ballast.spark.examples.HeldOutLoss;
import org.ballast.spark.examples.PairSelection;
import org.ballast.spark.examples.RowForm;
import org.ballast.spark.examples.TrainingRows;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.model.ModelFiles;
import org.ballast.spark.model.ModelSpec;
import org.ballast.spark.rows.QuarantinedRows;
import org.ballast.spark.session.Progress;
import org.ballast.spark.train.AveragedTraining;
import org.ballast.spark.train.AveragingSchedule;
import org.ballast.spark.train.BatchTransform;
import org.ballast.spark.train.Examples;
import org.ballast.spark.train.LossCurve;
import org.ballast.spark.train.ObjectiveFactory;
import org.ballast.spark.train.OptimizerSettings;
import org.ballast.spark.train.OuterStep;
import org.ballast.spark.train.PixelShift;
import org.ballast.spark.train.RoundPlan;
import org.ballast.spark.train.TrainingResult;

/** One training: rows are encoded, the run goes round by round, what was learnt is written as others read it. */
final class Training {
    private static final String INITIAL = "initial";
    private static final String ROUNDS = "rounds";

    private final TrainConfig config;
    private final StageContext context;
    private final JavaSparkContext spark;
    private final Configuration hadoop;
    private final long seed;

    Training(TrainConfig config, StageContext context) {
        this.config = config;
        this.context = context;
        this.spark = JavaSparkContext.fromSparkContext(context.spark().sparkContext());
        this.hadoop = spark.hadoopConfiguration();
        this.seed = context.run().seed();
    }

    StageOutcome run() throws IOException {
        Precision precision = config.opened().resolved(context.spark());
        ModelSpec base = config.architecture().isPresent()
                ? new ModelSpec(fresh(config.architecture().get()), null)
                        .with(precision, config.opened().pictures())
                : config.opened().checkpoint(context, "model");
        LoraConfig lora = config.lora().map(Training::lora).orElse(null);
        requireFrozenTower(base, lora);
        return switch (config.objective()) {
            case SFT -> train(
                    base,
                    lora,
                    new Objectives.Supervised(base.checkpoint(), precision, lora, seed, config.memory()),
                    RowForm.EXAMPLE,
                    EncodedExample::id);
            case DPO -> train(
                    base,
                    lora,
                    new Objectives.Preference(
                            base.checkpoint(),
                            precision,
                            lora,
                            seed,
                            config.memory(),
                            config.dpo().beta(),
                            config.dpo().nllWeight()),
                    RowForm.PAIR,
                    EncodedPair::id);
        };
    }

    private void requireFrozenTower(ModelSpec base, LoraConfig lora) {
        if (lora == null || context.inputs(StageContext.VISION_FEATURES).isEmpty()) {
            return;
        }
        try (LlavaModel model = LlavaModel.open(base.checkpoint().local())) {
            if (lora.trainsTower(model.config())) {
                throw new StageFailure("stage " + context.stage().name()
                        + ": lora.targets names linears of the vision tower, which must see the pictures:"
                        + " inputs.vision-features cannot stand for them");
            }
        }
    }

    private <E extends Serializable> StageOutcome train(
            ModelSpec base, LoraConfig lora, ObjectiveFactory<E> objective, RowForm<E> form, ItemName<E> name)
            throws IOException {
        try (TrainingRows rows = rows(config.split(), config.dpo().pairs(), base)) {
            if (rows.count() == 0) {
                throw new StageFailure("stage " + context.stage().name() + ": no row of split " + config.split()
                        + " is left to train on");
            }
            TrainConfig.Averaging averaging = config.averaging();
            RoundPlan plan = RoundPlan.ofSteps(
                    seed,
                    rows.count(),
                    averaging.workers(),
                    averaging.batchSize(),
                    new AveragingSchedule(averaging.earlySteps(), averaging.earlyEvery(), averaging.every()),
                    averaging.steps());
            TrainingResult result;
            try (Examples<E> examples = rows.examples(
                            form, config.broadcastRows(), config.shufflePairs() ? Long.valueOf(seed) : null);
                    Progress progress = Progress.of(context.stage().name(), "examples", plan.totalExamples())) {
                AveragedTraining<E> training = new AveragedTraining<>(objective, optimizer(), plan, name::of)
                        .outerStep(outer())
                        .transform(transform(base))
                        .settingsKey(context.output().header().digest())
                        .stateDirectory(context.output().work(ROUNDS), 1)
                        .listener((point, ofPlan, rounds) -> tell(progress, point));
                HeldOutLoss<E> heldOut = heldOut(base, objective, form);
                if (!heldOut.isEmpty()) {
                    training.evaluator(heldOut, config.validationEvery());
                }
                result = training.run(spark, examples);
            }
            return finish(base, lora, rows, result);
        }
    }

    /** Names an example, on the executors too. */
    private interface ItemName<E> extends Serializable {
        String of(E example);
    }

    private static void tell(Progress progress, LossCurve.Point point) {
        progress.by(point.examples());
        progress.message(String.format(Locale.ROOT, "step %d, loss %.4f", point.step(), point.loss()));
    }

    private TrainingRows rows(String split, PairSelection pairs, ModelSpec base) {
        List<String> splits = List.of(split);
        List<StageFolder> data = context.inputs("data");
        return switch (config.objective()) {
            case SFT -> TrainingRows.supervised(
                    context.spark(), data, context.pictures(base), splits, config.kinds(), base);
            case DPO -> {
                List<StageFolder> completions = new ArrayList<>(data);
                completions.addAll(context.inputs("completions"));
                yield TrainingRows.pairs(
                        context.spark(),
                        data,
                        context.pictures(base),
                        completions,
                        context.input("reference"),
                        splits,
                        config.kinds(),
                        pairs,
                        base);
            }
        };
    }

    /** Each validation split as it is, and in supervised training with other rows' pictures beside: what the picture is worth. */
    private <E extends Serializable> HeldOutLoss<E> heldOut(
            ModelSpec base, ObjectiveFactory<E> objective, RowForm<E> form) {
        HeldOutLoss<E> heldOut =
                new HeldOutLoss<>(spark, objective, config.averaging().batchSize());
        for (String split : config.validationSplits()) {
            try (TrainingRows rows = rows(split, config.dpo().pairs().asTheyAre(), base)) {
                heldOut.set(split, rows.heldOut(form, config.validationRows(), null));
                if (config.objective() == TrainConfig.Objective.SFT) {
                    heldOut.set(split + ".other-picture", rows.heldOut(form, config.validationRows(), seed));
                }
            }
        }
        return heldOut;
    }

    private <E> BatchTransform<E> transform(ModelSpec base) throws IOException {
        if (config.augmentShift() == 0) {
            return new BatchTransform.None<>();
        }
        if (config.objective() != TrainConfig.Objective.SFT) {
            throw new StageFailure("stage " + context.stage().name()
                    + ": augment-shift is for sft, whose log-probs are not" + " held against a table made without it");
        }
        int side;
        try (LlavaModel model = LlavaModel.open(base.checkpoint().local())) {
            side = model.config().vision().imageSize();
        }
        @SuppressWarnings("unchecked") // sft's examples are EncodedExamples
        BatchTransform<E> shift = (BatchTransform<E>) new PixelShift(config.augmentShift(), side, side);
        return shift;
    }

    private OptimizerSettings optimizer() {
        TrainConfig.Optimizer optimizer = config.optimizer();
        int steps = config.averaging().steps();
        LearningRate schedule = LearningRate.of(
                LearningRate.Schedule.valueOf(optimizer.schedule().name()),
                optimizer.learningRate(),
                LearningRate.warmupSteps(steps, optimizer.warmupRatio()),
                steps);
        return new OptimizerSettings(
                OptimizerSettings.Algorithm.ADAM_W,
                schedule,
                optimizer.beta1(),
                optimizer.beta2(),
                optimizer.epsilon(),
                optimizer.weightDecay(),
                optimizer.clipNorm());
    }

    private OuterStep outer() {
        TrainConfig.Averaging averaging = config.averaging();
        return switch (averaging.outer()) {
            case AVERAGE -> new OuterStep.PlainAverage();
            case NESTEROV -> new OuterStep.Nesterov(averaging.outerLearningRate(), averaging.outerMomentum());
        };
    }

    private static LoraConfig lora(TrainConfig.Lora lora) {
        LoraConfig config = lora.targets().equals("all-linear")
                ? LoraConfig.allLinear(lora.rank(), lora.alpha())
                : LoraConfig.on(lora.rank(), lora.alpha(), ModuleSelection.matching(lora.targets()));
        LoraConfig dropped = config.withDropout(lora.dropout());
        return lora.projector() ? dropped.withProjector() : dropped;
    }

    /** The untrained model as a checkpoint, in the stage's working folder. */
    private ModelFiles fresh(ArchitectureConfig architecture) throws IOException {
        Path local = Files.createTempDirectory("ballast-initial");
        try {
            FreshModel.write(architecture, config, seed, local, hadoop);
            return ModelFiles.publish(local, context.output().work(INITIAL), hadoop);
        } finally {
            FileUtils.deleteDirectory(local.toFile());
        }
    }

    private StageOutcome finish(ModelSpec base, LoraConfig lora, TrainingRows rows, TrainingResult result)
            throws IOException {
        StageFolder output = context.output();
        output.write(
                LossCurve.FILE,
                new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(result.curve()));
        Map<String, String> models = new TreeMap<>();
        if (config.architecture().isEmpty()) {
            models.put("base", base.digest());
        }
        Path local = Files.createTempDirectory("ballast-trained");
        try (LlavaModel model = LlavaModel.open(base.checkpoint().local())) {
            if (lora == null) {
                model.save(local, result.theta());
                FreshModel.copyCompanions(base.checkpoint().local(), local);
                models.put(
                        "checkpoint",
                        ModelFiles.publish(local, output.file(ModelSpec.CHECKPOINT), hadoop)
                                .digest());
            } else {
                new LoraAdapter(lora, model.config(), result.theta())
                        .write(local, base.checkpoint().uri());
                models.put(
                        "adapter",
                        ModelFiles.publish(local, output.file(ModelSpec.ADAPTER), hadoop)
                                .digest());
            }
        } finally {
            FileUtils.deleteDirectory(local.toFile());
        }
        List<Quarantined> rejected = rows.rejected();
        if (!rejected.isEmpty()) {
            Tables.write(
                    context.spark()
                            .createDataFrame(
                                    rejected.stream()
                                            .map(QuarantinedRows::toRow)
                                            .toList(),
                                    QuarantinedRows.SCHEMA),
                    output,
                    Table.QUARANTINE,
                    Tables.TARGET_FILE_BYTES);
        }
        return new StageOutcome(
                new RowAccount(rows.count() + rejected.size(), rows.count(), rejected.size()), metrics(result), models);
    }

    private Map<String, Double> metrics(TrainingResult result) {
        Map<String, Double> metrics = new TreeMap<>();
        List<LossCurve.Point> points = result.curve().points();
        metrics.put("loss", points.get(points.size() - 1).loss());
        metrics.put("steps", (double) result.steps());
        metrics.put("examples", (double) result.examples());
        metrics.put("rounds", (double) result.rounds());
        metrics.put("resumed-rounds", (double) result.resumedRounds());
        metrics.put("examples-per-second", result.examples() / Math.max(result.seconds(), 1e-9));
        metrics.put("parameters", (double) result.theta().length);
        List<LossCurve.Evaluation> evaluations = result.curve().evaluations();
        if (!evaluations.isEmpty()) {
            evaluations
                    .get(evaluations.size() - 1)
                    .metrics()
                    .forEach((name, value) -> metrics.put("held-out." + name, value));
        }
        return metrics;
    }
}
