package org.ballast.spark.negative;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.Map;
import org.ballast.core.data.Sha256;
import org.ballast.core.mllm.generate.Contrast;
import org.ballast.core.mllm.generate.GenerationOptions;
import org.ballast.core.negative.SwapCategory;

/**
 * How a negative was made, as it stands in its row: the settings as JSON and their digest.
 *
 * @param model digest of the model or lexicon that made it
 */
record Policy(String model, String parameters) implements Serializable {
    static Policy weaken(NegativeOptions.Weaken weaken, String model) {
        GenerationOptions generation = weaken.generation();
        Contrast contrast = generation.contrast();
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("policy", "weaken");
        settings.put("step", weaken.step());
        settings.put("direction", contrast.direction().code());
        if (contrast.direction() != Contrast.Direction.NOISED) {
            settings.put("alpha", contrast.alpha());
            settings.put("cut", contrast.beta());
        }
        settings.put("temperature", generation.temperature());
        settings.put("top_k", generation.topK());
        settings.put("top_p", generation.topP());
        settings.put("max_tokens", generation.maxTokens());
        return new Policy(model, json(settings));
    }

    static Policy retrieve() {
        return new Policy("all-MiniLM-L6-v2", json(Map.of("policy", "retrieve")));
    }

    static Policy swap(NegativeOptions.Swap swap) {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("policy", "swap");
        settings.put(
                "categories",
                swap.categories().stream().map(SwapCategory::key).sorted().toList());
        settings.put("changes", swap.changes());
        return new Policy(swap.lexicon().digest(), json(settings));
    }

    String digest() {
        return Sha256.of(model, parameters);
    }

    private static String json(Map<String, Object> settings) {
        try {
            return new ObjectMapper().writeValueAsString(settings);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("settings of a policy are strings and numbers", e);
        }
    }
}
