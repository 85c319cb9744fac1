package org.ballast.spark.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.ballast.core.text.LlavaTokenizer;
import org.ballast.core.text.PromptTemplate;

/**
 * How prompts become text for a checkpoint that was trained or imported here: {@value #NAME} beside its {@code config.json}.
 *
 * @param tokens null: the checkpoint's other files name them
 * @param maxLength longest sequence in tokens
 */
public record TemplateFile(PromptTemplate template, LlavaTokenizer.SpecialTokens tokens, int maxLength) {
    public static final String NAME = "prompt_template.json";

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Whether a checkpoint directory has such a file. */
    static boolean in(Path checkpoint) {
        return Files.exists(checkpoint.resolve(NAME));
    }

    /** The template of a checkpoint directory that has one. */
    static TemplateFile read(Path checkpoint) throws IOException {
        Path file = checkpoint.resolve(NAME);
        JsonNode json = JSON.readTree(Files.readAllBytes(file));
        return new TemplateFile(
                new PromptTemplate(text(json, "prompt", file), text(json, "response_prefix", file)),
                json.has("image_token")
                        ? new LlavaTokenizer.SpecialTokens(
                                text(json, "image_token", file),
                                text(json, "end_token", file),
                                text(json, "pad_token", file))
                        : null,
                json.path("max_length").asInt(2048));
    }

    private static String text(JsonNode json, String key, Path file) {
        if (!json.path(key).isTextual()) {
            throw new IllegalArgumentException(file + ": " + key + " is " + json.path(key) + ", not a string");
        }
        return json.path(key).asText();
    }

    /** Writes the file into a checkpoint directory. */
    public void write(Path checkpoint) throws IOException {
        ObjectNode json = JSON.createObjectNode();
        json.put("prompt", template.prompt());
        json.put("response_prefix", template.responsePrefix());
        if (tokens != null) {
            json.put("image_token", tokens.image());
            json.put("end_token", tokens.end());
            json.put("pad_token", tokens.pad());
        }
        json.put("max_length", maxLength);
        Files.writeString(checkpoint.resolve(NAME), json.toPrettyString() + "\n");
    }
}
