package org.ballast.jobs.train;

import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.config.RunConfig;
import org.ballast.core.config.Settings;
import org.ballast.core.config.StageConfig;
import org.ballast.jobs.ExternalFiles;
import org.ballast.jobs.Job;
import org.ballast.jobs.StageContext;
import org.ballast.jobs.StageOutcome;
import org.ballast.jobs.Task;

/** Trains the MLLM: all parameters or an adapter, supervised or on preferences. */
public final class TrainJob implements Job {
    @Override
    public String name() {
        return "train";
    }

    @Override
    public String summary() {
        return "Trains the MLLM, supervised (sft) or on preferences (dpo), averaged over workers.";
    }

    @Override
    public Task configure(StageConfig stage, RunConfig run) {
        TrainConfig config = Settings.read(
                stage.config(), "stages." + stage.name(), settings -> TrainConfig.read(settings, run.seed()));
        return new Task() {
            @Override
            public Map<String, String> externalInputs(Configuration hadoop) throws IOException {
                Map<String, String> files = new TreeMap<>();
                if (config.architecture().isPresent()) {
                    String tokenizer = config.architecture().get().tokenizer();
                    files.put("tokenizer", ExternalFiles.digest(stage, "architecture.tokenizer", tokenizer, hadoop));
                }
                return files;
            }

            @Override
            public Map<String, String> decided(SparkSession spark) {
                return config.opened().decided(spark);
            }

            @Override
            public StageOutcome run(StageContext context) throws Exception {
                return new Training(config, context).run();
            }
        };
    }
}
