package org.ballast.jobs.export;

import java.io.IOException;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.fs.Path;
import org.ballast.core.config.RunConfig;
import org.ballast.core.config.Settings;
import org.ballast.core.config.StageConfig;
import org.ballast.core.data.RowAccount;
import org.ballast.jobs.Job;
import org.ballast.jobs.PairSettings;
import org.ballast.jobs.StageContext;
import org.ballast.jobs.StageFailure;
import org.ballast.jobs.StageOutcome;
import org.ballast.jobs.Task;
import org.ballast.spark.export.ExportFormat;
import org.ballast.spark.export.ExportOptions;
import org.ballast.spark.export.Exporter;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.model.ModelFiles;
import org.ballast.spark.model.ModelSpec;

/** Writes what others read: rows for TRL, LLaMA-Factory, BPO, WebDataset and Hugging Face, an adapter for PEFT. */
public final class ExportJob implements Job {
    private enum Format {
        TRL(ExportFormat.TRL),
        LLAMA_FACTORY(ExportFormat.LLAMA_FACTORY),
        BPO(ExportFormat.BPO),
        WEBDATASET(ExportFormat.WEBDATASET),
        HF(ExportFormat.HF),
        PEFT(null);

        /** Of rows; null for a model. */
        private final ExportFormat rows;

        Format(ExportFormat rows) {
            this.rows = rows;
        }
    }

    @Override
    public String name() {
        return "export";
    }

    @Override
    public String summary() {
        return "Writes what others read: rows for TRL, LLaMA-Factory, BPO, WebDataset or Hugging Face, an adapter's folder for PEFT.";
    }

    @Override
    public Task configure(StageConfig stage, RunConfig run) {
        return Settings.read(stage.config(), "stages." + stage.name(), settings -> read(settings, run.seed()));
    }

    private static Task read(Settings settings, long seed) {
        Format format = settings.choice("format", Format.class);
        Settings inputs = settings.section("inputs");
        if (format.rows == null) {
            inputs.stage("adapter");
            return ExportJob::peft;
        }
        inputs.stages("data");
        ExportOptions.Pictures pictures = settings.choice("pictures", ExportOptions.Pictures.class);
        if (format == Format.LLAMA_FACTORY && pictures != ExportOptions.Pictures.FILES) {
            settings.fault("pictures", "is webdataset, but LLaMA-Factory opens pictures by their paths: files");
        }
        ExportOptions options = new ExportOptions(
                format.rows,
                settings.choice("rows", ExportOptions.Rows.class),
                pictures,
                PairSettings.read(settings, seed),
                PairSettings.sampling(settings, seed),
                settings.strings("splits"),
                settings.wholeNumber("target-file-bytes", 1, Long.MAX_VALUE),
                settings.wholeNumber("wave-bytes", 1, Long.MAX_VALUE));
        return context -> rows(context, options);
    }

    private static StageOutcome rows(StageContext context, ExportOptions options) {
        RowAccount rows = Exporter.run(
                context.spark(), context.output(), options, context.inputs("data"), context.inputs("completions"));
        return new StageOutcome(rows, Map.of(), Map.of());
    }

    /** The adapter's files as they are. */
    private static StageOutcome peft(StageContext context) throws IOException {
        StageFolder source = context.input("adapter");
        if (!source.has(ModelSpec.ADAPTER)) {
            throw new StageFailure(
                    "stage " + context.stage().name() + ": stage " + source.stage() + " wrote no adapter");
        }
        Configuration hadoop = context.spark().sparkContext().hadoopConfiguration();
        Path target = context.output().file(ModelSpec.ADAPTER);
        context.output().fileSystem().delete(target, true);
        FileUtil.copy(
                source.fileSystem(),
                source.file(ModelSpec.ADAPTER),
                context.output().fileSystem(),
                target,
                false,
                true,
                hadoop);
        String digest = ModelFiles.of(target, hadoop).digest();
        return new StageOutcome(new RowAccount(0, 0, 0), Map.of(), Map.of("adapter", digest));
    }
}
