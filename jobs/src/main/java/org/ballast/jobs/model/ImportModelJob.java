package org.ballast.jobs.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FileUtil;
import org.ballast.core.config.RunConfig;
import org.ballast.core.config.Settings;
import org.ballast.core.config.StageConfig;
import org.ballast.core.data.RowAccount;
import org.ballast.core.mllm.CheckpointException;
import org.ballast.core.mllm.LlavaModel;
import org.ballast.core.text.PromptTemplate;
import org.ballast.jobs.ExternalFiles;
import org.ballast.jobs.Job;
import org.ballast.jobs.StageContext;
import org.ballast.jobs.StageFailure;
import org.ballast.jobs.StageOutcome;
import org.ballast.jobs.Task;
import org.ballast.spark.model.ModelFiles;
import org.ballast.spark.model.ModelSpec;
import org.ballast.spark.model.OpenModel;
import org.ballast.spark.model.TemplateFile;
import org.ballast.spark.model.UnusableModelException;

/** Takes in a checkpoint as it lies on the hub, so that later stages can name it and know it by its digest. */
public final class ImportModelJob implements Job {
    private record Options(String checkpoint, PromptTemplate template, int maxLength) {}

    @Override
    public String name() {
        return "import-model";
    }

    @Override
    public String summary() {
        return "Takes in a Hugging Face LLaVA checkpoint: checks it, copies it, digests it.";
    }

    @Override
    public Task configure(StageConfig stage, RunConfig run) {
        Options options = Settings.read(stage.config(), "stages." + stage.name(), ImportModelJob::read);
        return new Task() {
            @Override
            public Map<String, String> externalInputs(Configuration hadoop) throws IOException {
                return Map.of("checkpoint", ExternalFiles.digest(stage, "checkpoint", options.checkpoint(), hadoop));
            }

            @Override
            public StageOutcome run(StageContext context) throws Exception {
                return take(context, options);
            }
        };
    }

    private static Options read(Settings settings) {
        if (settings.isNull("checkpoint")) {
            settings.fault("checkpoint", "is missing: the folder of a Hugging Face checkpoint is needed");
        }
        Settings template = settings.section("template");
        return new Options(
                settings.optionalString("checkpoint").orElse(""),
                new PromptTemplate(template.string("text"), template.string("response-prefix")),
                settings.integer("max-length", 8, 10_000_000));
    }

    private static StageOutcome take(StageContext context, Options options) throws IOException {
        Configuration hadoop = context.spark().sparkContext().hadoopConfiguration();
        org.apache.hadoop.fs.Path source = new org.apache.hadoop.fs.Path(options.checkpoint());
        FileSystem files = source.getFileSystem(hadoop);
        org.apache.hadoop.fs.Path target = context.output().file(ModelSpec.CHECKPOINT);
        FileSystem targetFiles = context.output().fileSystem();
        targetFiles.delete(target, true);
        FileUtil.copy(files, source, targetFiles, target, false, true, hadoop);
        Path template = Path.of(
                System.getProperty("java.io.tmpdir"),
                "ballast-template-" + ProcessHandle.current().pid());
        Files.createDirectories(template);
        new TemplateFile(options.template(), null, options.maxLength()).write(template);
        targetFiles.copyFromLocalFile(
                true,
                true,
                new org.apache.hadoop.fs.Path(
                        template.resolve(TemplateFile.NAME).toUri()),
                new org.apache.hadoop.fs.Path(target, TemplateFile.NAME));
        ModelSpec spec = new ModelSpec(ModelFiles.of(target, hadoop), null);
        try (var lease = OpenModel.lease(spec);
                LlavaModel model = LlavaModel.open(spec.checkpoint().local())) {
            long parameters = model.parameters().size();
            return new StageOutcome(
                    new RowAccount(0, 0, 0),
                    Map.of("parameters", (double) parameters, "max-length", (double)
                            lease.value().maxLength()),
                    Map.of("checkpoint", spec.digest()));
        } catch (CheckpointException | UnusableModelException e) {
            throw new StageFailure(
                    "stage " + context.stage().name() + ": " + options.checkpoint()
                            + " is no checkpoint that can be used: " + e.getMessage(),
                    e);
        }
    }
}
