package org.ballast.jobs.export;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.fs.Path;
import org.ballast.core.config.RunConfig;
import org.ballast.core.config.Settings;
import org.ballast.core.config.StageConfig;
import org.ballast.core.data.PairRule;
import org.ballast.core.data.RowAccount;
import org.ballast.jobs.Job;
import org.ballast.jobs.PairSettings;
import org.ballast.jobs.StageContext;
import org.ballast.jobs.StageFailure;
import org.ballast.jobs.StageOutcome;
import org.ballast.jobs.Task;
import org.ballast.spark.export.TrlExport;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.model.ModelFiles;
import org.ballast.spark.model.ModelSpec;

/** Writes what others read: preference rows for TRL, an adapter for PEFT. */
public final class ExportJob implements Job {
    private enum Format {
        TRL,
        PEFT
    }

    private record Options(Format format, PairRule pairs, List<String> splits, long targetFileBytes) {}

    @Override
    public String name() {
        return "export";
    }

    @Override
    public String summary() {
        return "Writes what others read: preference rows for TRL (trl), an adapter's folder for PEFT (peft).";
    }

    @Override
    public Task configure(StageConfig stage, RunConfig run) {
        Options options = Settings.read(stage.config(), "stages." + stage.name(), ExportJob::read);
        return context -> switch (options.format()) {
            case TRL -> trl(context, options);
            case PEFT -> peft(context);
        };
    }

    private static Options read(Settings settings) {
        Format format = settings.choice("format", Format.class);
        switch (format) {
            case TRL -> settings.section("inputs").stages("data");
            case PEFT -> settings.section("inputs").stage("adapter");
        }
        return new Options(
                format,
                PairSettings.read(settings),
                settings.strings("splits"),
                settings.wholeNumber("target-file-bytes", 1, Long.MAX_VALUE));
    }

    private static StageOutcome trl(StageContext context, Options options) {
        List<StageFolder> completions = new ArrayList<>(context.inputs("data"));
        completions.addAll(context.inputs("completions"));
        RowAccount rows = TrlExport.run(
                context.spark(),
                context.output(),
                context.inputs("data"),
                completions,
                options.pairs(),
                options.splits(),
                options.targetFileBytes());
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
