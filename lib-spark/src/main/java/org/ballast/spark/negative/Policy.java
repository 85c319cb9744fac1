package org.ballast.spark.negative;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.ballast.core.data.CompletionType;
import org.ballast.core.data.Sha256;
import org.ballast.core.mllm.generate.Contrast;
import org.ballast.core.mllm.generate.GenerationOptions;
import org.ballast.core.negative.MatchRule;
import org.ballast.core.negative.SwapCategory;

/**
 * How negatives are made, as it stands in their rows: the settings as JSON and their digest.
 *
 * @param name of the section of the configuration
 * @param model digest of the model or lexicon that makes them
 * @param parameters JSON
 */
record Policy(String name, CompletionType type, NegativeOptions.Share share, String model, String parameters)
        implements Serializable {
    static final String WEAKEN = "weaken";
    static final String INJECT = "inject";
    static final String RETRIEVE = "retrieve";
    static final String SWAP = "swap";

    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** In the order in which they are run. */
    static List<Policy> of(NegativeOptions options, ResponseModels models) {
        List<Policy> policies = new ArrayList<>();
        options.weaken().ifPresent(weaken -> policies.add(weaken(weaken, models)));
        options.inject().ifPresent(inject -> policies.add(inject(inject, models)));
        options.retrieve().ifPresent(retrieve -> policies.add(retrieve(retrieve)));
        options.swap().ifPresent(swap -> policies.add(swap(swap)));
        return policies;
    }

    private static Policy weaken(NegativeOptions.Weaken weaken, ResponseModels models) {
        GenerationOptions generation = weaken.generation();
        Contrast contrast = generation.contrast();
        Map<String, Object> settings = settings(WEAKEN);
        boolean range = weaken.firstStep() != weaken.lastStep();
        settings.put("step", range ? List.of(weaken.firstStep(), weaken.lastStep()) : weaken.firstStep());
        settings.put("direction", contrast.direction().code());
        if (contrast.direction() != Contrast.Direction.NOISED) {
            settings.put("alpha", contrast.alpha());
            settings.put("cut", contrast.beta());
        }
        sampling(settings, generation);
        settings.putAll(new TreeMap<>(models.parameters(weaken.backend())));
        return new Policy(
                WEAKEN, CompletionType.WEAKENED, weaken.share(), models.digest(weaken.backend()), json(settings));
    }

    private static Policy inject(NegativeOptions.Inject inject, ResponseModels models) {
        Map<String, Object> settings = settings(INJECT);
        settings.put(
                "prompts",
                Sha256.of(
                        String.join("\n", inject.prompts().describeKinds()),
                        inject.prompts().describe(),
                        inject.prompts().describeChinese(),
                        inject.prompts().question(),
                        inject.prompts().questionChinese()));
        sampling(settings, inject.generation());
        settings.putAll(new TreeMap<>(models.parameters(inject.backend())));
        return new Policy(
                INJECT, CompletionType.INJECTED, inject.share(), models.digest(inject.backend()), json(settings));
    }

    private static Policy retrieve(NegativeOptions.Retrieve retrieve) {
        Map<String, Object> settings = settings(RETRIEVE);
        MatchRule rule = retrieve.search().rule();
        settings.put("split", retrieve.search().from());
        settings.put("other_class", rule.otherClass());
        settings.put("similarity", List.of(rule.least(), rule.most()));
        settings.put("exact_below", retrieve.search().exactBelow());
        settings.put("cells", retrieve.search().cells());
        settings.put("probes", retrieve.search().probes());
        return new Policy(RETRIEVE, CompletionType.RETRIEVED, retrieve.share(), "all-MiniLM-L6-v2", json(settings));
    }

    private static Policy swap(NegativeOptions.Swap swap) {
        Map<String, Object> settings = settings(SWAP);
        settings.put(
                "categories",
                swap.categories().stream().map(SwapCategory::key).sorted().toList());
        settings.put("changes", swap.changes());
        return new Policy(
                SWAP, CompletionType.SWAPPED, swap.share(), swap.lexicon().digest(), json(settings));
    }

    String digest() {
        return Sha256.of(model, parameters);
    }

    /** Parameters of one negative: those of the policy, and what was drawn for it. */
    String parameters(Map<String, Object> drawn) {
        if (drawn.isEmpty()) {
            return parameters;
        }
        try {
            Map<String, Object> all = new LinkedHashMap<>(MAPPER.readValue(parameters, Map.class));
            all.putAll(drawn);
            return json(all);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("no JSON: " + parameters, e);
        }
    }

    private static Map<String, Object> settings(String policy) {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("policy", policy);
        return settings;
    }

    private static void sampling(Map<String, Object> settings, GenerationOptions generation) {
        settings.put("temperature", generation.temperature());
        settings.put("top_k", generation.topK());
        settings.put("top_p", generation.topP());
        settings.put("max_tokens", generation.maxTokens());
    }

    private static String json(Map<String, Object> settings) {
        try {
            return MAPPER.writeValueAsString(settings);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("settings of a policy are strings and numbers", e);
        }
    }
}
