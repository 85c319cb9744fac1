package org.ballast.jobs.negatives;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.ballast.core.config.Settings;
import org.ballast.core.mllm.generate.Contrast;
import org.ballast.core.mllm.generate.GenerationOptions;
import org.ballast.core.negative.InjectionPrompts;
import org.ballast.core.negative.MatchRule;
import org.ballast.core.negative.QualityRule;
import org.ballast.core.negative.QualityRules;
import org.ballast.core.negative.SwapCategory;
import org.ballast.core.negative.SwapLexicon;
import org.ballast.jobs.GenerationSettings;
import org.ballast.jobs.ModelSettings;
import org.ballast.jobs.UnitSettings;
import org.ballast.spark.negative.AccountOptions;
import org.ballast.spark.negative.NegativeOptions;
import org.ballast.spark.negative.NegativeOptions.Backend;
import org.ballast.spark.negative.NegativeOptions.Share;
import org.ballast.spark.negative.RetrieveOptions;

/** The keys of {@code negatives}. */
final class NegativeSettings {
    private NegativeSettings() {}

    static NegativeOptions read(Settings settings, long seed) {
        Settings inputs = settings.section("inputs");
        inputs.stages("data");
        Optional<NegativeOptions.Weaken> weaken = weaken(settings.section("weaken"), seed);
        Optional<NegativeOptions.Inject> inject = inject(settings.section("inject"), seed);
        boolean servers = weaken.filter(policy -> policy.backend() == Backend.CHAT)
                        .isPresent()
                || inject.filter(policy -> policy.backend() == Backend.CHAT).isPresent();
        Optional<NegativeOptions.Servers> chat = ChatSettings.read(
                settings.section("chat"), servers, ModelSettings.read(settings).pictures());
        QualityRules quality = quality(settings.section("quality"));
        NegativeOptions options = new NegativeOptions(
                settings.strings("splits"),
                settings.strings("kinds"),
                settings.integer("sample", 0, Integer.MAX_VALUE),
                weaken,
                inject,
                retrieve(settings.section("retrieve"), quality.attempts(), seed),
                swap(settings.section("swap")),
                chat,
                price(settings.section("price")),
                quality,
                checks(settings.section("quality")),
                UnitSettings.batchSize(settings),
                UnitSettings.readWithWaves(settings));
        if (options.needsCheckpoint() || !inputs.isNull("model")) {
            inputs.stage("model");
        }
        return options;
    }

    static AccountOptions accounts(Settings settings, long seed) {
        Settings accounts = settings.section("accounts");
        return new AccountOptions(
                accounts.integer("bag-of-words-pairs", 0, 1_000_000), accounts.integer("examples", 0, 1_000), seed);
    }

    private static NegativeOptions.Price price(Settings settings) {
        return new NegativeOptions.Price(
                settings.number("prompt-tokens", 0, 1e9), settings.number("completion-tokens", 0, 1e9));
    }

    private static Share share(Settings settings) {
        return new Share(settings.number("share", 1e-6, 1), settings.integer("samples", 1, 1_000));
    }

    private static Optional<NegativeOptions.Weaken> weaken(Settings settings, long seed) {
        Contrast contrast = GenerationSettings.contrast(settings);
        GenerationOptions generation =
                GenerationSettings.sampling(settings, seed).withContrast(contrast);
        int[] steps = settings.range("step", 0, GenerationSettings.LAST_STEP);
        Backend backend = settings.choice("backend", Backend.class);
        if (backend == Backend.CHAT && contrast.direction() != Contrast.Direction.NOISED) {
            settings.fault(
                    "direction",
                    "is " + contrast.direction().code()
                            + ", but contrastive decoding needs the logits of both pictures, which no model server gives: with backend = chat only noised works");
        }
        NegativeOptions.Weaken weaken =
                new NegativeOptions.Weaken(share(settings), steps[0], steps[1], generation, backend);
        return settings.flag("enabled") ? Optional.of(weaken) : Optional.empty();
    }

    private static Optional<NegativeOptions.Inject> inject(Settings settings, long seed) {
        Settings prompts = settings.section("prompts");
        GenerationOptions generation = GenerationSettings.sampling(settings, seed);
        NegativeOptions.Inject inject = new NegativeOptions.Inject(
                share(settings),
                new InjectionPrompts(
                        settings.strings("describe-kinds"),
                        template(prompts, "describe"),
                        template(prompts, "describe-chinese"),
                        template(prompts, "question"),
                        template(prompts, "question-chinese")),
                generation,
                settings.choice("backend", Backend.class));
        return settings.flag("enabled") ? Optional.of(inject) : Optional.empty();
    }

    private static String template(Settings prompts, String key) {
        String text = prompts.string(key);
        if (!text.contains(InjectionPrompts.RESPONSE)) {
            prompts.fault(key, "does not hold " + InjectionPrompts.RESPONSE + ", where the right response goes");
            return InjectionPrompts.RESPONSE;
        }
        return text;
    }

    private static Optional<NegativeOptions.Retrieve> retrieve(Settings settings, int attempts, long seed) {
        Share share = share(settings);
        Settings similarity = settings.section("similarity");
        double least = similarity.number("least", -1, 1);
        double most = similarity.number("most", -1, 1);
        if (least >= most) {
            similarity.fault("least", "is " + least + ", not less than most, which is " + most);
            least = -1;
            most = 1;
        }
        NegativeOptions.Retrieve retrieve = new NegativeOptions.Retrieve(
                share,
                new RetrieveOptions(
                        settings.string("split"),
                        new MatchRule(settings.flag("other-class"), least, most),
                        attempts * share.samples(),
                        settings.wholeNumber("exact-below", 0, Long.MAX_VALUE),
                        settings.integer("cells", 0, RetrieveOptions.MOST_CELLS),
                        settings.integer("probes", 1, RetrieveOptions.MOST_CELLS),
                        seed));
        return settings.flag("enabled") ? Optional.of(retrieve) : Optional.empty();
    }

    private static Optional<NegativeOptions.Swap> swap(Settings settings) {
        List<SwapCategory> categories = settings.choices("categories", SwapCategory.class, SwapCategory::key);
        int changes = settings.integer("changes", 1, 100);
        Share share = share(settings);
        if (!settings.flag("enabled")) {
            return Optional.empty();
        }
        if (categories.isEmpty()) {
            settings.fault("categories", "names none: no word would be exchanged");
            return Optional.empty();
        }
        return Optional.of(new NegativeOptions.Swap(share, lexicon(settings), Set.copyOf(categories), changes));
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

    private static NegativeOptions.Checks checks(Settings settings) {
        Settings similarity = settings.section("similarity");
        double least = similarity.number("least", -1, 1);
        double most = similarity.number("most", -1, 1);
        if (least > most) {
            similarity.fault("least", "is " + least + ", more than most, which is " + most);
            most = least;
        }
        return new NegativeOptions.Checks(
                similarity.flag("enabled") ? Optional.of(new NegativeOptions.Window(least, most)) : Optional.empty(),
                settings.isNull("margin") ? Optional.empty() : Optional.of(settings.number("margin", -1000, 1000)));
    }
}
