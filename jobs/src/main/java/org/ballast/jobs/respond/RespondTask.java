package org.ballast.jobs.respond;

import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.config.RunConfig;
import org.ballast.core.config.StageConfig;
import org.ballast.core.text.PromptTemplate;
import org.ballast.jobs.ModelSettings;
import org.ballast.jobs.StageContext;
import org.ballast.jobs.StageOutcome;
import org.ballast.jobs.Task;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.StageInputException;
import org.ballast.spark.io.Table;
import org.ballast.spark.model.ModelFiles;
import org.ballast.spark.model.ModelSpec;
import org.ballast.spark.model.OpenModel;
import org.ballast.spark.respond.InputFiles;
import org.ballast.spark.respond.RespondOptions;
import org.ballast.spark.respond.Responding;

/** One run of {@code respond}. */
final class RespondTask implements Task {
    private final String model;
    private final String adapter;
    private final String output;
    private final ModelSettings opened;
    private final PromptTemplate template;
    private final RespondOptions options;
    private final Map<String, ModelFiles> digested = new TreeMap<>();

    /**
     * @param model folder of a checkpoint; null: that of the stage under {@code inputs.model}
     * @param adapter folder of an adapter; null: that of the stage under {@code inputs.adapter}, or none
     * @param output null: the stage's folder under the root
     * @param template null: the checkpoint's own
     */
    RespondTask(
            String model,
            String adapter,
            String output,
            ModelSettings opened,
            PromptTemplate template,
            RespondOptions options) {
        this.model = model;
        this.adapter = adapter;
        this.output = output;
        this.opened = opened;
        this.template = template;
        this.options = options;
    }

    @Override
    public StageFolder output(StageConfig stage, RunConfig run, Configuration hadoop) {
        return output == null
                ? Task.super.output(stage, run, hadoop)
                : StageFolder.ofTable(hadoop, output, stage.name(), Table.RESPONSES.name());
    }

    @Override
    public Map<String, String> externalInputs(Configuration hadoop) throws IOException {
        Map<String, String> digests = new TreeMap<>();
        digests.put("input", InputFiles.of(options.input(), hadoop).digest());
        if (model != null) {
            digests.put(ModelSpec.CHECKPOINT, files(model, "model", hadoop).digest());
        }
        if (adapter != null) {
            digests.put(ModelSpec.ADAPTER, files(adapter, "adapter", hadoop).digest());
        }
        return digests;
    }

    @Override
    public Map<String, String> decided(SparkSession spark) {
        return opened.decided(spark);
    }

    @Override
    public StageOutcome run(StageContext context) throws IOException {
        SparkSession spark = context.spark();
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        ModelFiles checkpoint = model == null
                ? ModelSpec.files(context.input("model"), ModelSpec.CHECKPOINT, hadoop)
                : files(model, "model", hadoop);
        ModelFiles lora = adapter != null ? files(adapter, "adapter", hadoop) : null;
        if (adapter == null && !context.inputs("adapter").isEmpty()) {
            lora = ModelSpec.files(context.input("adapter"), ModelSpec.ADAPTER, hadoop);
        }
        ModelSpec spec = new ModelSpec(checkpoint, lora, opened.resolved(spark), opened.pictures(), template);
        if (spark.sparkContext().isLocal()) {
            // this JVM is the executor too: what is wrong with the model is said before any work begins
            OpenModel.lease(spec).close();
        }
        return StageOutcome.of(
                Responding.run(spark, context.output(), InputFiles.of(options.input(), hadoop), spec, options),
                Map.of("model", spec.digest()));
    }

    /** A model's files, digested once. */
    private ModelFiles files(String folder, String key, Configuration hadoop) throws IOException {
        ModelFiles known = digested.get(folder);
        if (known == null) {
            Path path = new Path(folder);
            FileSystem system = path.getFileSystem(hadoop);
            if (!system.exists(path) || !system.getFileStatus(path).isDirectory()) {
                throw new StageInputException(key + ": there is no folder " + system.makeQualified(path));
            }
            known = ModelFiles.of(path, hadoop);
            digested.put(folder, known);
        }
        return known;
    }
}
