package org.ballast.jobs.negatives;

import org.ballast.core.config.RunConfig;
import org.ballast.core.config.Settings;
import org.ballast.core.config.StageConfig;
import org.ballast.jobs.Job;
import org.ballast.jobs.ModelSettings;
import org.ballast.jobs.Task;
import org.ballast.spark.negative.AccountOptions;
import org.ballast.spark.negative.NegativeOptions;

/** Writes negatives for the prompts of a data stage: with a checkpoint that another stage trained or imported, with model servers, or without a model. */
public final class NegativesJob implements Job {
    @Override
    public String name() {
        return "negatives";
    }

    @Override
    public String summary() {
        return "Writes rejected responses: answers to weakened pictures, right answers with an error written in or a word exchanged, right answers to other pictures.";
    }

    @Override
    public Task configure(StageConfig stage, RunConfig run) {
        String path = "stages." + stage.name();
        NegativeOptions options =
                Settings.read(stage.config(), path, settings -> NegativeSettings.read(settings, run.seed()));
        AccountOptions accounts =
                Settings.read(stage.config(), path, settings -> NegativeSettings.accounts(settings, run.seed()));
        return new NegativesTask(stage, Settings.read(stage.config(), path, ModelSettings::read), options, accounts);
    }
}
