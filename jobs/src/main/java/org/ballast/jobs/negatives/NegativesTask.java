package org.ballast.jobs.negatives;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.config.StageConfig;
import org.ballast.core.data.Sha256;
import org.ballast.jobs.ModelSettings;
import org.ballast.jobs.StageContext;
import org.ballast.jobs.StageOutcome;
import org.ballast.jobs.Task;
import org.ballast.spark.model.ModelSpec;
import org.ballast.spark.negative.AccountOptions;
import org.ballast.spark.negative.NegativeAccounts;
import org.ballast.spark.negative.NegativeGeneration;
import org.ballast.spark.negative.NegativeOptions;
import org.ballast.spark.session.Phases;

/** A stage of {@code negatives}: prompts that were added since the last run, and policies that are new, add to its output. */
final class NegativesTask implements Task {
    /** What says which negatives are wanted, and how they are made. */
    private static final List<String> DIGESTED = List.of(
            "splits",
            "kinds",
            "sample",
            "weaken",
            "inject",
            "retrieve",
            "swap",
            "chat.model",
            "chat.structured",
            "chat.weakened-edge",
            "chat.extra",
            "accounts",
            "price");

    /** Of other values of these what is there already stays; servers and failures that are borne change no negative. */
    private static final Set<String> WANTED = Stream.concat(
                    DIGESTED.stream().map(key -> key.split("\\.")[0]), Stream.of("max-failure-rate"))
            .collect(Collectors.toUnmodifiableSet());

    private final StageConfig stage;
    private final ModelSettings opened;
    private final NegativeOptions options;
    private final AccountOptions accounts;

    NegativesTask(StageConfig stage, ModelSettings opened, NegativeOptions options, AccountOptions accounts) {
        this.stage = stage;
        this.opened = opened;
        this.options = options;
        this.accounts = accounts;
    }

    @Override
    public Map<String, String> externalInputs(Configuration hadoop) {
        Map<String, String> digests = new TreeMap<>();
        Config wanted = ConfigFactory.empty();
        for (String key : DIGESTED) {
            wanted = wanted.withFallback(stage.config().withOnlyPath(key));
        }
        digests.put("policies", Sha256.of(new StageConfig(stage.name(), stage.job(), wanted, stage.line()).json()));
        options.swap().ifPresent(swap -> digests.put("lexicon", swap.lexicon().digest()));
        return digests;
    }

    @Override
    public Set<String> outsideSettings() {
        return WANTED;
    }

    @Override
    public boolean updates() {
        return true;
    }

    @Override
    public Map<String, String> decided(SparkSession spark) {
        return opened.decided(spark);
    }

    @Override
    public StageOutcome run(StageContext context) throws Exception {
        boolean given = !context.stage().inputs("model").isEmpty();
        ModelSpec model = options.needsCheckpoint() || (options.sample() > 0 && given)
                ? opened.checkpoint(context, "model")
                : null;
        Phases phases = new Phases(context.spark(), context.output().stage());
        NegativeGeneration.Result result = new NegativeGeneration(
                        context.spark(),
                        context.output(),
                        context.inputs("data"),
                        model,
                        options,
                        context.run().seed())
                .run(phases);
        phases.begin("accounts");
        Map<String, Double> metrics = new TreeMap<>(result.figures());
        result.reasons().forEach((reason, count) -> metrics.put("quarantined." + reason, (double) count));
        metrics.putAll(
                NegativeAccounts.write(result.completions(), context.inputs("data"), context.output(), accounts));
        phases.end();
        return new StageOutcome(
                result.rows(),
                metrics,
                model == null ? Map.of() : Map.of("model", model.digest()),
                phases.durationsMillis());
    }
}
