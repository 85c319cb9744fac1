package org.ballast.jobs.negatives;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.config.RunConfig;
import org.ballast.core.config.Settings;
import org.ballast.core.config.StageConfig;
import org.ballast.core.mllm.generate.GenerationOptions;
import org.ballast.core.negative.QualityRule;
import org.ballast.core.negative.QualityRules;
import org.ballast.core.negative.SwapCategory;
import org.ballast.core.negative.SwapLexicon;
import org.ballast.jobs.GenerationSettings;
import org.ballast.jobs.Job;
import org.ballast.jobs.ModelSettings;
import org.ballast.jobs.StageContext;
import org.ballast.jobs.StageOutcome;
import org.ballast.jobs.Task;
import org.ballast.jobs.UnitSettings;
import org.ballast.spark.model.ModelSpec;
import org.ballast.spark.negative.AccountOptions;
import org.ballast.spark.negative.NegativeAccounts;
import org.ballast.spark.negative.NegativeGeneration;
import org.ballast.spark.negative.NegativeOptions;
import org.ballast.spark.units.UnitRunner;

/** Writes negatives for the prompts of a data stage, with a model that another stage trained or imported. */
public final class NegativesJob implements Job {
    @Override
    public String name() {
        return "negatives";
    }

    @Override
    public String summary() {
        return "Writes rejected responses: answers to weakened pictures, right answers to other pictures, right answers with a word exchanged.";
    }

    @Override
    public Task configure(StageConfig stage, RunConfig run) {
        String path = "stages." + stage.name();
        NegativeOptions options = Settings.read(stage.config(), path, settings -> read(settings, run.seed()));
        AccountOptions accounts = Settings.read(stage.config(), path, settings -> accounts(settings, run.seed()));
        ModelSettings opened = Settings.read(stage.config(), path, ModelSettings::read);
        Task task = opened.task(context -> run(context, opened, options, accounts));
        return new Task() {
            @Override
            public Map<String, String> externalInputs(Configuration hadoop) {
                return options.swap()
                        .map(swap -> Map.of("lexicon", swap.lexicon().digest()))
                        .orElse(Map.of());
            }

            @Override
            public Map<String, String> decided(SparkSession spark) {
                return task.decided(spark);
            }

            @Override
            public StageOutcome run(StageContext context) throws Exception {
                return task.run(context);
            }
        };
    }

    private static NegativeOptions read(Settings settings, long seed) {
        Settings inputs = settings.section("inputs");
        inputs.stages("data");
        Optional<NegativeOptions.Weaken> weaken = weaken(settings.section("weaken"), seed);
        if (weaken.isPresent() || !inputs.isNull("model")) {
            inputs.stage("model");
        }
        Settings retrieve = settings.section("retrieve");
        return new NegativeOptions(
                settings.strings("splits"),
                settings.strings("kinds"),
                weaken,
                retrieve.flag("enabled") ? Optional.of(retrieve.string("split")) : Optional.empty(),
                swap(settings.section("swap")),
                quality(settings.section("quality")),
                UnitSettings.batchSize(settings),
                UnitSettings.read(settings));
    }

    private static Optional<NegativeOptions.Weaken> weaken(Settings settings, long seed) {
        GenerationOptions generation =
                GenerationSettings.sampling(settings, seed).withContrast(GenerationSettings.contrast(settings));
        int step = GenerationSettings.noiseStep(settings);
        return settings.flag("enabled") ? Optional.of(new NegativeOptions.Weaken(step, generation)) : Optional.empty();
    }

    private static Optional<NegativeOptions.Swap> swap(Settings settings) {
        List<SwapCategory> categories = settings.choices("categories", SwapCategory.class, SwapCategory::key);
        int changes = settings.integer("changes", 1, 100);
        if (!settings.flag("enabled")) {
            return Optional.empty();
        }
        if (categories.isEmpty()) {
            settings.fault("categories", "names none: no word would be exchanged");
            return Optional.empty();
        }
        return Optional.of(new NegativeOptions.Swap(lexicon(settings), Set.copyOf(categories), changes));
    }

    private static SwapLexicon lexicon(Settings settings) {
        Optional<String> file = settings.optionalString("lexicon");
        try {
            return file.isPresent() ? SwapLexicon.read(Path.of(file.get())) : SwapLexicon.builtIn();
        } catch (IOException | IllegalArgumentException e) {
            settings.fault("lexicon", "cannot be used: " + e.getMessage());
            return SwapLexicon.builtIn();
        }
    }

    private static QualityRules quality(Settings settings) {
        List<String> refusals = new ArrayList<>();
        for (String refusal : settings.strings("refusals")) {
            try {
                Pattern.compile(refusal);
                refusals.add(refusal);
            } catch (PatternSyntaxException e) {
                settings.fault("refusals", "'" + refusal + "' is no regular expression: " + e.getDescription());
            }
        }
        Settings length = settings.section("length-ratio");
        return new QualityRules(
                Set.copyOf(settings.choices("rules", QualityRule.class, QualityRule::code)),
                refusals,
                length.number("least", 1e-6, 1),
                length.number("most", 1, 1e6),
                settings.number("alike", 1e-6, 1),
                settings.integer("attempts", 1, 1_000));
    }

    private static AccountOptions accounts(Settings settings, long seed) {
        Settings accounts = settings.section("accounts");
        return new AccountOptions(
                accounts.integer("bag-of-words-pairs", 0, 1_000_000), accounts.integer("examples", 0, 1_000), seed);
    }

    private static StageOutcome run(
            StageContext context, ModelSettings opened, NegativeOptions options, AccountOptions accounts)
            throws Exception {
        ModelSpec model = options.weaken().isPresent() ? opened.checkpoint(context, "model") : null;
        UnitRunner.Outcome outcome = NegativeGeneration.run(
                context.spark(),
                context.output(),
                context.inputs("data"),
                model,
                options,
                context.run().seed());
        StageOutcome done = StageOutcome.of(outcome, model == null ? Map.of() : Map.of("model", model.digest()));
        Map<String, Double> metrics = new TreeMap<>(done.metrics());
        metrics.putAll(NegativeAccounts.write(context.spark(), context.output(), context.inputs("data"), accounts));
        return new StageOutcome(done.rows(), metrics, done.models());
    }
}
