package org.ballast.core.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * How responses end, by the small files of a Hugging Face checkpoint directory.
 *
 * @param stops ids that end a generation, one or several, or none where {@code written} is there
 * @param written the token that is put behind a response: {@code eos_token} of {@code tokenizer_config.json} or {@code special_tokens_map.json}; null:
 *     the first of {@code stops}
 */
public record EndTokens(List<Integer> stops, String written) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> TOKENIZER = List.of("tokenizer_config.json", "special_tokens_map.json");

    public EndTokens {
        stops = List.copyOf(stops);
        if (stops.isEmpty() && written == null) {
            throw new IllegalArgumentException(
                    "no eos_token_id in config.json or generation_config.json and no eos_token in "
                            + String.join(" or ", TOKENIZER) + ": nothing would end a response");
        }
    }

    /**
     * Reads them.
     *
     * @param stops {@code eos_token_id} of {@code generation_config.json}, else of {@code config.json}
     * @throws IllegalArgumentException where nothing would end a response, and naming a file that is no JSON
     */
    public static EndTokens read(Path checkpoint, List<Integer> stops) throws IOException {
        String written = null;
        for (String name : TOKENIZER) {
            JsonNode token = tree(checkpoint.resolve(name)).path("eos_token");
            JsonNode content = token.isObject() ? token.path("content") : token;
            if (written == null && content.isTextual()) {
                written = content.asText();
            }
        }
        return new EndTokens(stops, written);
    }

    private static JsonNode tree(Path file) throws IOException {
        if (!Files.exists(file)) {
            return JSON.createObjectNode();
        }
        byte[] bytes = Files.readAllBytes(file);
        try {
            return JSON.readTree(bytes);
        } catch (IOException e) { // bytes that are no text are one too
            throw new IllegalArgumentException(file + ": no JSON: " + e.getMessage(), e);
        }
    }
}
