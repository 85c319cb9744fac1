package org.ballast.core.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * How responses end, by the small files of a Hugging Face checkpoint directory.
 *
 * @param stops ids that end a generation: {@code eos_token_id} of {@code generation_config.json}, else of {@code config.json}; one or several, or none
 *     where {@code written} is there
 * @param written the token that is put behind a response: {@code eos_token} of {@code tokenizer_config.json} or {@code special_tokens_map.json}; null:
 *     the first of {@code stops}
 */
public record EndTokens(List<Integer> stops, String written) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String GENERATION = "generation_config.json";
    private static final List<String> TOKENIZER = List.of("tokenizer_config.json", "special_tokens_map.json");

    public EndTokens {
        stops = List.copyOf(stops);
        if (stops.isEmpty() && written == null) {
            throw new IllegalArgumentException("no eos_token_id in config.json or " + GENERATION
                    + " and no eos_token in " + String.join(" or ", TOKENIZER) + ": nothing would end a response");
        }
    }

    /**
     * Reads them.
     *
     * @param configured what {@code config.json} names
     * @throws IllegalArgumentException naming the file and the value that cannot be used
     */
    public static EndTokens read(Path checkpoint, List<Integer> configured) throws IOException {
        Path generation = checkpoint.resolve(GENERATION);
        JsonNode ids = tree(generation).path("eos_token_id");
        List<Integer> stops = new ArrayList<>();
        for (JsonNode id : ids.isArray() ? ids : JSON.createArrayNode().add(ids)) {
            if (id.isInt() && id.asInt() >= 0) {
                stops.add(id.asInt());
            } else if (!id.isMissingNode() && !id.isNull()) {
                throw new IllegalArgumentException(generation + ": eos_token_id is " + ids + ", not a token's id");
            }
        }
        String written = null;
        for (String name : TOKENIZER) {
            JsonNode token = tree(checkpoint.resolve(name)).path("eos_token");
            JsonNode content = token.isObject() ? token.path("content") : token;
            if (written == null && content.isTextual()) {
                written = content.asText();
            }
        }
        return new EndTokens(stops.isEmpty() ? configured : stops, written);
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
